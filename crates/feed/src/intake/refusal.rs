//! Why a publish is refused: every bad draft with its place, its field and what to do.

use crate::limits::{PUBLISH_BYTES_MAX, PUBLISH_DRAFTS_MAX, PUBLISH_HEARERS_MAX};
use std::fmt;

/// A publish that is refused whole. It has changed nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// The body is larger than [`PUBLISH_BYTES_MAX`].
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// More drafts than [`PUBLISH_DRAFTS_MAX`].
    TooManyDrafts,
    /// More ids in the audiences of all drafts together than [`PUBLISH_HEARERS_MAX`].
    TooManyHearers,
    /// The body as a whole is not what it should be.
    Unreadable {
        /// What is wrong, and what to do.
        reason: String,
    },
    /// Drafts are bad.
    Drafts {
        /// The first of them, at most [`crate::limits::REFUSED_DRAFTS_MAX`].
        bad: Vec<BadDraft>,
        /// Whether reading stopped before the end, so that later drafts were not looked at.
        stopped: bool,
    },
}

/// A draft that cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadDraft {
    /// Which draft, counted from 0; blank lines do not count.
    pub index: usize,
    /// Where in the draft, such as `user.source.path_collection.total_count`; empty for the draft itself.
    pub field: String,
    /// What is wrong there, and what to do.
    pub reason: String,
}

impl fmt::Display for BadDraft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field.as_str() {
            "" => write!(f, "draft {}: {}", self.index, self.reason),
            field => write!(f, "draft {}: `{field}` {}", self.index, self.reason),
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::TooLarge { bytes } => {
                write!(f, "the body has {bytes} bytes, more than {PUBLISH_BYTES_MAX}; publish in smaller batches")
            }
            Refused::TooManyDrafts => {
                write!(f, "the body has more than {PUBLISH_DRAFTS_MAX} drafts; publish in smaller batches")
            }
            Refused::TooManyHearers => write!(
                f,
                "the audiences of all drafts together name more than {PUBLISH_HEARERS_MAX} users; \
                 publish in smaller batches"
            ),
            Refused::Unreadable { reason } => f.write_str(reason),
            Refused::Drafts { bad, stopped } => {
                f.write_str("nothing was published, because of ")?;
                for (count, draft) in bad.iter().enumerate() {
                    write!(f, "{}{draft}", if count == 0 { "" } else { "; " })?;
                }
                f.write_str(if *stopped { "; drafts after these were not looked at" } else { "" })
            }
        }
    }
}

impl std::error::Error for Refused {}
