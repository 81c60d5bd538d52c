//! An event: a checked, immutable fact, with its renderings as the exact bytes that readers get.
//!
//! Users and enterprises speak of the same deed in different names and shapes (design, section 5), so a deed has
//! up to two renderings, each with an id of its own. They are made once, by [`crate::intake`]; reading copies them.

use crate::directory::Effect;
use crate::id::{EventId, ItemId, UserId};
use crate::limits::EVENT_TYPE_BYTES_MAX;
use crate::term::Term;
use crate::time::{Second, WIRE_TIME_BYTES};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::fmt;

/// The name of an event type, such as `ITEM_UPLOAD`. The set is open: any name of 1 to 64 visible ASCII characters
/// without a comma (which separates names in a filter).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "SmolStr", into = "SmolStr")]
pub struct EventType(SmolStr);

/// A name that no event type can have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadEventType;

impl fmt::Display for BadEventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an event type is 1 to {EVENT_TYPE_BYTES_MAX} visible ASCII characters without a comma")
    }
}

impl std::error::Error for BadEventType {}

impl EventType {
    /// Checks and takes a name.
    ///
    /// # Errors
    /// [`BadEventType`] unless it is 1 to 64 visible ASCII characters without a comma.
    pub fn new(text: &str) -> Result<Self, BadEventType> {
        Self::check(text)?;
        Ok(EventType(SmolStr::new(text)))
    }

    /// Checks a name without taking it.
    ///
    /// # Errors
    /// [`BadEventType`], as [`EventType::new`].
    pub fn check(text: &str) -> Result<(), BadEventType> {
        let fits = text.bytes().all(|b| b.is_ascii_graphic() && b != b',');
        if text.is_empty() || text.len() > EVENT_TYPE_BYTES_MAX || !fits { Err(BadEventType) } else { Ok(()) }
    }

    /// The name as it goes over the wire.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<SmolStr> for EventType {
    type Error = BadEventType;
    fn try_from(text: SmolStr) -> Result<Self, BadEventType> {
        Self::new(&text)
    }
}

impl From<EventType> for SmolStr {
    fn from(name: EventType) -> SmolStr {
        name.0
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The two kinds of feed, each with a vocabulary of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum FeedKind {
    /// Feeds of single users.
    User,
    /// The feed of an enterprise.
    Enterprise,
}

impl FeedKind {
    /// The word in drafts and answers.
    pub fn name(self) -> &'static str {
        match self {
            FeedKind::User => "user",
            FeedKind::Enterprise => "enterprise",
        }
    }
}

/// A set of the three user streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct UserStreams(u8);

impl UserStreams {
    /// None of them.
    pub const NONE: UserStreams = UserStreams(0);
    /// `all`.
    pub const ALL: UserStreams = UserStreams(1);
    /// `changes`.
    pub const CHANGES: UserStreams = UserStreams(2);
    /// `sync`.
    pub const SYNC: UserStreams = UserStreams(4);

    /// Both sets together.
    #[must_use]
    pub const fn and(self, other: UserStreams) -> Self {
        UserStreams(self.0 | other.0)
    }

    /// This set without those of the other.
    #[must_use]
    pub const fn without(self, other: UserStreams) -> Self {
        UserStreams(self.0 & !other.0)
    }

    /// Whether the two sets have a stream in common.
    pub const fn meets(self, other: UserStreams) -> bool {
        self.0 & other.0 != 0
    }

    /// The set as a byte, for keepers.
    pub const fn to_bits(self) -> u8 {
        self.0
    }

    /// The set of a byte made by [`UserStreams::to_bits`]; other bits are dropped.
    pub const fn from_bits(bits: u8) -> Self {
        UserStreams(bits & 7)
    }
}

impl From<crate::stream_type::UserStream> for UserStreams {
    fn from(stream: crate::stream_type::UserStream) -> Self {
        use crate::stream_type::UserStream;
        match stream {
            UserStream::All => UserStreams::ALL,
            UserStream::Changes => UserStreams::CHANGES,
            UserStream::Sync => UserStreams::SYNC,
        }
    }
}

/// What one kind of feed gets of a deed: the final bytes, and the few facts that indexes and filters need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendering {
    /// Unique per enterprise and kind of feed.
    pub event_id: EventId,
    /// The name in this feed's vocabulary.
    pub event_type: EventType,
    /// When the deed was done.
    pub created_at: Second,
    /// The JSON object as readers get it, except that the time at `recorded_at_offset` is set by
    /// [`Rendering::stamp`] at the commit point. At most [`crate::limits::EVENT_BYTES_MAX`].
    pub bytes: Vec<u8>,
    /// Where the 25 bytes of `recorded_at` lie in `bytes`; user feeds only.
    pub recorded_at_offset: Option<u32>,
    /// Where the 25 bytes of `created_at` lie if the draft gave none and the server filled it in.
    pub filled_created_at_offset: Option<u32>,
}

impl Rendering {
    /// Writes the time of recording into its place.
    pub fn stamp(&mut self, recorded: Second) {
        if let Some(range) = self.range(self.recorded_at_offset) {
            self.bytes[range].copy_from_slice(&recorded.to_wire());
        }
    }

    /// Whether stored bytes say the same as this rendering, leaving aside what only the server put in: the time of
    /// recording, and a `created_at` that the draft did not give.
    pub fn says_the_same(&self, stored: &[u8]) -> bool {
        if stored.len() != self.bytes.len() {
            return false;
        }
        let mut skipped =
            [self.range(self.recorded_at_offset), self.range(self.filled_created_at_offset)].map(|r| r.unwrap_or(0..0));
        skipped.sort_by_key(|range| range.start);
        let mut from = 0;
        for range in skipped {
            if stored[from..range.start.max(from)] != self.bytes[from..range.start.max(from)] {
                return false;
            }
            from = range.end.max(from);
        }
        stored[from..] == self.bytes[from..]
    }

    fn range(&self, offset: Option<u32>) -> Option<std::ops::Range<usize>> {
        let start = usize::try_from(offset?).ok()?;
        let end = start.checked_add(WIRE_TIME_BYTES)?;
        (end <= self.bytes.len()).then_some(start..end)
    }
}

/// The item a deed was done to, as far as the audience needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The file, folder or web link.
    pub id: ItemId,
    /// The folders above it, from the root down; empty when the draft does not say.
    pub folders: Vec<ItemId>,
}

/// A deed, checked and ready for the commit point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Who did it.
    pub actor: UserId,
    /// Who owns the item it was done to.
    pub owner: Option<UserId>,
    /// What it was done to.
    pub item: Option<Item>,
    /// The audience as the draft names it, in place of the derived one. Empty means nobody.
    pub audience: Option<Vec<UserId>>,
    /// By the catalogue's special rule only the owner hears of it (`ITEM_DOWNLOAD`, `ITEM_PREVIEW`).
    pub owner_only: bool,
    /// By the catalogue it reaches only enterprises that opted in to its type.
    pub opt_in: bool,
    /// What user feeds get.
    pub user: Option<Rendering>,
    /// Which user streams carry the type, by the catalogue. `sync` further needs a synced folder.
    pub carried_by: UserStreams,
    /// What the enterprise feed gets.
    pub enterprise: Option<Rendering>,
    /// What it can be found by in the enterprise feed; sorted, each once.
    pub terms: Vec<Term>,
    /// What the deed changes in the directory.
    pub effects: Vec<Effect>,
}

impl Event {
    /// An entry that only changes the directory and is seen in no feed: how a directory is set up before there is
    /// anybody whose deed it could be.
    pub fn unseen(effects: Vec<Effect>) -> Self {
        Event {
            actor: UserId::anonymous(),
            owner: None,
            item: None,
            audience: Some(Vec::new()),
            owner_only: false,
            opt_in: false,
            user: None,
            carried_by: UserStreams::NONE,
            enterprise: None,
            terms: Vec::new(),
            effects,
        }
    }

    /// Whether it changes users or what they may do, and not only whom they share with: that needs a right of its own.
    pub fn changes_users(&self) -> bool {
        self.effects.iter().any(|effect| match effect {
            Effect::UserSet { .. } | Effect::UserDeleted(_) | Effect::EnterpriseSet(_) => true,
            Effect::Met(_)
            | Effect::Synced { .. }
            | Effect::Unsynced { .. }
            | Effect::GroupSet { .. }
            | Effect::GroupDeleted(_)
            | Effect::Joined { .. }
            | Effect::Left { .. }
            | Effect::Collaborates { .. }
            | Effect::CollaborationEnded { .. }
            | Effect::Placed { .. }
            | Effect::Moved(_)
            | Effect::Trashed(_)
            | Effect::Restored(_) => false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendering(bytes: &str, recorded: Option<u32>, filled: Option<u32>) -> Rendering {
        Rendering {
            event_id: EventId::new("e").unwrap(),
            event_type: EventType::new("LOGIN").unwrap(),
            created_at: Second(1),
            bytes: bytes.into(),
            recorded_at_offset: recorded,
            filled_created_at_offset: filled,
        }
    }

    #[test]
    fn stamping_writes_the_time_of_recording() {
        let mut it = rendering(r#"{"r":"0000-00-00T00:00:00+00:00"}"#, Some(6), None);
        it.stamp(Second(0));
        assert_eq!(it.bytes, br#"{"r":"1970-01-01T00:00:00+00:00"}"#);
    }

    #[test]
    fn what_the_server_put_in_is_no_difference() {
        let first = r#"{"r":"1970-01-01T00:00:00+00:00","c":"1970-01-01T00:00:00+00:00","x":1}"#;
        let later = r#"{"r":"1970-01-01T00:00:09+00:00","c":"1970-01-01T00:00:08+00:00","x":1}"#;
        let other = r#"{"r":"1970-01-01T00:00:09+00:00","c":"1970-01-01T00:00:08+00:00","x":2}"#;
        assert!(rendering(later, Some(6), Some(38)).says_the_same(first.as_bytes()));
        assert!(!rendering(later, Some(6), None).says_the_same(first.as_bytes()));
        assert!(!rendering(other, Some(6), Some(38)).says_the_same(first.as_bytes()));
        assert!(!rendering("{}", None, None).says_the_same(first.as_bytes()));
    }

    #[test]
    fn a_type_has_no_comma() {
        assert!(EventType::new("FAILED_LOGIN").is_ok());
        for wrong in ["", "A,B", "A B", "É"] {
            assert!(EventType::new(wrong).is_err(), "{wrong}");
        }
    }
}
