//! What suspends the sweep, and what the sweep would do: legal holds, and forecasts.
//!
//! Promises, each a function of `tests/store/contract/retention.rs`:
//!
//! 1. Once [`RetentionStore::add_hold`] has answered, no sweep removes anything that the hold keeps, also none that was
//!    under way.
//! 2. A hold ends by its clock or by being replaced with a released one; then the next sweep takes what is past its
//!    period.
//! 3. Holds are kept across restarts.

use crate::ledger::Unavailable;
use async_trait::async_trait;
use feed::hold::Hold;
use feed::id::EnterpriseId;
use feed::retention::Retention;
use feed::time::Second;

/// What is past its period among the renderings of one kind, and what will stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Expired {
    /// Renderings past their period, held ones not counted.
    pub renderings: u64,
    /// What they take on the disk, as far as the keeper knows; of files that go only in part it is a share.
    pub bytes: u64,
    /// Renderings past their period that only holds keep.
    pub held: u64,
    /// The oldest that is stored, by what it ages by.
    pub oldest: Option<Second>,
    /// The oldest that will be left.
    pub oldest_left: Option<Second>,
}

/// What sweeping would remove of an enterprise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Forecast {
    /// Of user feeds.
    pub user: Expired,
    /// Of the events themselves, as the enterprise feed and reports have them.
    pub events: Expired,
    /// Whether there is more than was looked at: then the counts are lower bounds.
    pub more: bool,
}

/// Legal holds, and what sweeping would do.
#[async_trait]
pub trait RetentionStore: Send + Sync {
    /// Keeps a hold if there is none with its id; answers whether it was kept.
    ///
    /// # Errors
    /// [`Unavailable`] when it cannot be kept; so with the others.
    async fn add_hold(&self, hold: Hold) -> Result<bool, Unavailable>;

    /// Puts `new` in the place of `old`, which has the same id and enterprise, if that is still as it was; answers
    /// whether it was.
    async fn replace_hold(&self, old: &Hold, new: Hold) -> Result<bool, Unavailable>;

    /// Forgets a hold, in effect or not; answers whether there was one.
    async fn forget_hold(&self, enterprise: &EnterpriseId, id: &str) -> Result<bool, Unavailable>;

    /// The holds of an enterprise, also those that ended, by the time they were placed and then by id.
    async fn holds(&self, enterprise: &EnterpriseId) -> Result<Vec<Hold>, Unavailable>;

    /// What sweeping at `now` would remove of an enterprise if its periods were these. What is still being written and
    /// not put away yet is not counted. At most [`feed::limits::FORECAST_STRETCHES_MAX`] stretches of time are looked at.
    async fn forecast(
        &self,
        enterprise: &EnterpriseId,
        retention: Retention,
        now: Second,
    ) -> Result<Forecast, Unavailable>;
}
