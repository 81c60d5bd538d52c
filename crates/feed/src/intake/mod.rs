//! Intake: the bytes of a publish become events, checked, filled in and rendered; or the publish is refused whole.
//!
//! A draft is read once, from its first byte to its last. What readers insist on is checked here and never again:
//! from here on an event is an immutable fact, and reading copies its bytes. Nested values are kept as they were
//! written, byte for byte (and so may hold line breaks, if a publisher indents its JSON).
//!
//! Intake decides nothing about who may publish or who hears of it; the time and the ids it needs come in as
//! arguments.

mod batch;
mod check;
mod deed;
mod derive;
mod draft;
mod effects;
mod fault;
mod given;
mod json;
mod outline;
mod refusal;
mod render;
mod terms;

pub use batch::{read, read_history};
pub use outline::{Outline, outline, stored_terms};
pub use refusal::{BadDraft, Refused};

use crate::catalogue::Catalogue;
use crate::event::FeedKind;
use crate::id::{EnterpriseId, EventId};

/// How the body of a publish is written; its media type decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One draft, or a list of them.
    Json,
    /// One draft on each line.
    Ndjson,
}

/// What drafts are read against.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'r> {
    /// The known event types.
    pub catalogue: &'r Catalogue,
    /// The enterprise that publishes. Ids that are made from others depend on it.
    pub enterprise: &'r EnterpriseId,
}

/// The id under which the other rendering of a deed stands in `feed`, if that was not given an id of its own.
pub fn counterpart_id(of: &EventId, feed: FeedKind, enterprise: &EnterpriseId) -> EventId {
    derive::id_from(of, feed, enterprise)
}
