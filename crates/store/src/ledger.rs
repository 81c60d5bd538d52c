//! The ledger: the append-only part of a store, and what every keeper of it promises.
//!
//! Promises, each a function of `tests/store/contract`:
//!
//! 1. What [`Ledger::append`] answered is durable (the memory keeper says openly that it keeps nothing).
//! 2. Once a scan or [`Ledger::ends`] gave out a place, nothing becomes visible at or below it in that line
//!    (save late events in a closed window that was read before they came).
//! 3. An event id is stored once per enterprise and kind of feed; published again it is answered with its first
//!    result.
//! 4. Scanning on from the last place sees every entry once, in order, whatever the limits.
//! 5. A batch that is refused changes nothing.

use async_trait::async_trait;
use bytes::Bytes;
use feed::event::{Event, EventType, FeedKind, UserStreams};
use feed::filter::TypeFilter;
use feed::id::{EnterpriseId, EventId, ListId, UserId};
use feed::page::{Ends, Slice};
use feed::position::{Place, Position};
use feed::time::Second;
use std::fmt;

/// Events of one enterprise to be recorded together, in this order.
#[derive(Debug, Clone)]
pub struct Batch {
    /// Whose they are.
    pub enterprise: EnterpriseId,
    /// The events. They all become durable and visible, or none does.
    pub events: Vec<Event>,
    /// The clock. Positions never fall behind the last one given, whatever it says.
    pub now: Second,
}

/// What became of a batch.
#[derive(Debug, Clone, Default)]
pub struct Appended {
    /// One for each event of the batch.
    pub receipts: Vec<Receipt>,
    /// Which feeds grew, for the bell.
    pub moved: Moved,
}

/// What became of one event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Receipt {
    /// Of its rendering for user feeds, if it has one.
    pub user: Option<Outcome>,
    /// Of its rendering for the enterprise feed, if it has one.
    pub enterprise: Option<Outcome>,
}

/// What became of one rendering.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is stored.
    Recorded {
        /// Its id.
        event_id: EventId,
        /// Where it stands in arrival order, in the family of its feed.
        position: Position,
        /// Whether it had been stored before; then this is the first result.
        duplicate: bool,
        /// Whether the duplicate says something else than what is stored. The first stands.
        differs: bool,
    },
    /// The enterprise did not opt in to its type, so it is not stored.
    Withheld {
        /// Its id.
        event_id: EventId,
    },
}

/// The feeds that an append made grow.
#[derive(Debug, Clone, Default)]
pub struct Moved {
    /// Users with new entries, and users who belong to one list more.
    pub users: Vec<UserId>,
    /// Lists with new entries.
    pub lists: Vec<(EnterpriseId, ListId)>,
    /// Enterprises with new entries in their own feed.
    pub enterprises: Vec<EnterpriseId>,
}

/// Why a batch was not recorded. Nothing of it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AppendError {
    /// A second of `created_at` has no ordinal left; it takes 524,287 events.
    SecondFull {
        /// Which event of the batch, from 0.
        index: usize,
        /// The second.
        created_at: Second,
    },
    /// The keeper takes no more writes, or not now.
    Unavailable(Unavailable),
}

impl fmt::Display for AppendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AppendError::SecondFull { index, created_at } => {
                write!(f, "draft {index}: the second {created_at} of created_at already holds all the events it can")
            }
            AppendError::Unavailable(why) => why.fmt(f),
        }
    }
}

impl std::error::Error for AppendError {}

/// Why a keeper cannot serve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unavailable {
    /// The disk is full; it goes on when space returns.
    Full,
    /// A write or a sync failed; what is on the disk is no longer certain, so no more is written.
    Failed(String),
    /// Stored bytes are damaged: file and place.
    Damaged(String),
    /// What keeps the data does not answer, or not now; it may in a moment.
    Unreachable(String),
    /// It is shutting down.
    Closing,
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unavailable::Full => f.write_str("the disk is full; free space and try again"),
            Unavailable::Failed(what) => write!(f, "the store takes no more writes: {what}"),
            Unavailable::Damaged(place) => write!(f, "stored bytes are damaged: {place}"),
            Unavailable::Unreachable(why) => f.write_str(why),
            Unavailable::Closing => f.write_str("the server is shutting down"),
        }
    }
}

impl std::error::Error for Unavailable {}

pub use feed::directory::ListSpan;

/// A line of entries, in one of the four orders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// A user's feed in arrival order: the user's own postings merged with those of the lists, each entry once.
    User {
        /// The user's home enterprise, whose line of positions the feed lives in.
        home: EnterpriseId,
        /// The user.
        user: UserId,
        /// Which entries match.
        streams: UserStreams,
        /// The user's lists; each merged with the user's own postings within its span.
        lists: Vec<ListSpan>,
    },
    /// An enterprise's feed in arrival order (`admin_logs_streaming`).
    Streaming(EnterpriseId),
    /// An enterprise's feed in history order (`admin_logs`).
    History(EnterpriseId),
    /// An enterprise's feed by true `created_at`; the ordinal is the rank within the second (closed windows).
    Window(EnterpriseId),
}

impl Line {
    /// The enterprise in whose line of positions it lies.
    pub fn enterprise(&self) -> &EnterpriseId {
        match self {
            Line::User { home: enterprise, .. }
            | Line::Streaming(enterprise)
            | Line::History(enterprise)
            | Line::Window(enterprise) => enterprise,
        }
    }
}

/// What to read.
#[derive(Debug, Clone)]
pub struct Scan {
    /// From which line.
    pub line: Line,
    /// Entries after this place.
    pub after: Place,
    /// Entries before this place.
    pub below: Place,
    /// At most so many matching entries; not more than [`feed::limits::PAGE_ENTRIES_MAX`].
    pub limit: usize,
    /// Only entries recorded at or after this second (retention).
    pub oldest: Second,
    /// Only these types; enterprise lines only.
    pub types: TypeFilter,
    /// Only deeds done at or after this second; enterprise lines only.
    pub created_from: Second,
    /// Only deeds done before this second; enterprise lines only. `None` is no bound.
    pub created_before: Option<Second>,
}

/// A stored rendering, found by its id.
#[derive(Debug, Clone)]
pub struct Found {
    /// Where it stands in arrival order.
    pub place: Place,
    /// Its type.
    pub event_type: EventType,
    /// The final bytes.
    pub bytes: Bytes,
    /// The users it was posted to one by one; only for a rendering of user feeds.
    pub heard_by: Vec<UserId>,
    /// The lists it was posted to; only for a rendering of user feeds.
    pub lists: Vec<ListId>,
}

/// What a sweep did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    /// How many renderings are gone.
    pub renderings: u64,
    /// Whether more waits to be swept, beyond the portion allowed.
    pub more: bool,
}

/// The append-only part of a store.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// Records a batch: one event after the other, in order, directory effects, audience and position are settled;
    /// then all become durable, then visible.
    ///
    /// # Errors
    /// [`AppendError`]; nothing of the batch is stored then.
    async fn append(&self, batch: Batch) -> Result<Appended, AppendError>;

    /// Reads a slice of a line. It stops at the limit, at `below`, or after looking at
    /// [`feed::limits::SCAN_ENTRIES_MAX`] entries; `last` says how far it looked.
    ///
    /// # Errors
    /// [`Unavailable::Damaged`] when the bytes asked for do not check.
    async fn scan(&self, scan: Scan) -> Result<Slice, Unavailable>;

    /// The ends of a line: the last entry before `below`, and the last place given out at all. A user line answers
    /// with the user's last entry, whichever streams it is on.
    ///
    /// # Errors
    /// [`Unavailable::Damaged`].
    async fn ends(&self, line: &Line, below: Place) -> Result<Ends, Unavailable>;

    /// The frontier of an enterprise's history order, moved by time first: seconds below it are shown. It never
    /// moves back while the keeper is open.
    ///
    /// # Errors
    /// [`Unavailable`] when it cannot be read.
    async fn frontier(&self, enterprise: &EnterpriseId, now: Second) -> Result<Second, Unavailable>;

    /// The rendering with this id, if it is kept.
    ///
    /// # Errors
    /// [`Unavailable::Damaged`].
    async fn find(
        &self,
        enterprise: &EnterpriseId,
        kind: FeedKind,
        event_id: &EventId,
    ) -> Result<Option<Found>, Unavailable>;

    /// Removes a bounded portion of what is past its retention at `now`.
    ///
    /// # Errors
    /// [`Unavailable`]; what was not removed stays readable.
    async fn sweep(&self, now: Second) -> Result<Swept, Unavailable>;
}
