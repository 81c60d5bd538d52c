//! Terms: what an event of the enterprise feed can be found by, besides its type and its time.
//!
//! They are worked out at intake, where both renderings of a deed are at hand: the enterprise rendering alone often
//! names only the folder next above an item, and not the path to it.

use crate::id::{GroupId, ItemId, UserId};
use crate::limits::ID_BYTES_MAX;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// What a term says of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum TermKind {
    /// Who did it.
    Actor,
    /// The id of its source, whatever kind of thing that is.
    Source,
    /// A folder somewhere above the item.
    Below,
    /// A group that it concerns.
    Group,
    /// The address it came from.
    Address,
}

/// One thing an event can be found by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Term {
    kind: TermKind,
    value: SmolStr,
}

impl Term {
    /// The deed was done by this user.
    pub fn actor(id: &UserId) -> Self {
        Term { kind: TermKind::Actor, value: id.clone().into() }
    }

    /// The deed was done to the thing of this id.
    pub fn source(id: &ItemId) -> Self {
        Term { kind: TermKind::Source, value: id.clone().into() }
    }

    /// The deed was done to something below this folder.
    pub fn below(folder: &ItemId) -> Self {
        Term { kind: TermKind::Below, value: folder.clone().into() }
    }

    /// The deed concerns this group.
    pub fn group(id: &GroupId) -> Self {
        Term { kind: TermKind::Group, value: id.clone().into() }
    }

    /// The deed was done from this address. Case and blanks around it do not count; `None` for a text that is no
    /// address at all: empty, or longer than an id.
    pub fn address(text: &str) -> Option<Self> {
        let text = text.trim();
        let fits = !text.is_empty() && text.len() <= ID_BYTES_MAX;
        fits.then(|| Term { kind: TermKind::Address, value: text.to_ascii_lowercase().into() })
    }

    /// What it says.
    pub fn kind(&self) -> TermKind {
        self.kind
    }

    /// Of whom or what.
    pub fn value(&self) -> &str {
        &self.value
    }
}

/// Sorts terms and leaves each in once: the form in which an event has them.
pub fn settle(terms: &mut Vec<Term>) {
    terms.sort_unstable();
    terms.dedup();
}
