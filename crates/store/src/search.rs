//! Finding events of an enterprise by what they are about, in the order of the true `created_at`.
//!
//! Promises, each a function of `tests/store/contract/search.rs`:
//!
//! 1. Whoever goes on from the last place sees every event that the filters take once, in order, whatever the limits, the
//!    restarts and the events published meanwhile. An event published meanwhile is seen if its place lies ahead.
//! 2. One page looks at a bounded number of entries and may answer short, with its place moved on; only `end` says that
//!    there is no more.
//! 3. A count is exact for every bucket that begins at `counted_from` or later.

use crate::ledger::Unavailable;
use async_trait::async_trait;
use bytes::Bytes;
use feed::id::EnterpriseId;
use feed::position::Place;
use feed::search::{Filters, Order};
use feed::time::Second;

/// What to look for.
#[derive(Debug, Clone)]
pub struct Searching {
    /// Whose events.
    pub enterprise: EnterpriseId,
    /// Which of them.
    pub filters: Filters,
    /// In which order.
    pub order: Order,
    /// Go on from here: the last place that was looked at, which is not looked at again. `None` begins at the end that
    /// the order begins with. A place is the second of `created_at` and the rank of arrival within it.
    pub after: Option<Place>,
    /// At most so many events.
    pub limit: usize,
    /// Only what was recorded at or after this second (retention).
    pub oldest: Second,
}

/// A page of events.
#[derive(Debug, Clone, Default)]
pub struct Matches {
    /// What was found, in order.
    pub entries: Vec<Match>,
    /// Where to go on: how far was looked. `None` if there was nothing to look at.
    pub last: Option<Place>,
    /// Whether everything in this direction has been looked at.
    pub end: bool,
}

/// An event that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// Its place by the true `created_at`.
    pub at: Place,
    /// Its place of arrival.
    pub recorded: Place,
    /// Its rendering in the enterprise feed.
    pub bytes: Bytes,
}

/// What to count.
#[derive(Debug, Clone)]
pub struct Counting {
    /// Whose events.
    pub enterprise: EnterpriseId,
    /// Which of them.
    pub filters: Filters,
    /// Only what was recorded at or after this second (retention).
    pub oldest: Second,
    /// Where the buckets begin, and where the last ends; growing, two at least.
    pub edges: Vec<Second>,
}

/// How many events there are in each bucket.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counts {
    /// One number for each bucket.
    pub buckets: Vec<u64>,
    /// From when on everything was counted; what was done before may have been left out. It is the first edge if
    /// everything was.
    pub counted_from: Second,
}

/// The part of a store that finds events by what they are about.
#[async_trait]
pub trait Search: Send + Sync {
    /// Finds a page of events. It stops at the limit, or after looking at as much as `feed::limits` allows.
    ///
    /// # Errors
    /// [`Unavailable::Damaged`] when the bytes asked for do not check.
    async fn search(&self, searching: Searching) -> Result<Matches, Unavailable>;

    /// Counts events by the time they were done, newest first, as far as `feed::limits` allows.
    ///
    /// # Errors
    /// [`Unavailable::Damaged`].
    async fn count(&self, counting: Counting) -> Result<Counts, Unavailable>;
}
