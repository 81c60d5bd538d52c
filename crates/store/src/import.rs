//! Bringing in history: events from elsewhere, with their own ids and times (design, section 7).
//!
//! Promises, each a function of `tests/store/contract/importing.rs`:
//!
//! 1. What [`ImportStore::import`] answered is durable; a batch is stored whole or not at all.
//! 2. An imported event stands in the window order only, at its true time: after whatever its second holds already.
//!    It is in no other line, moves no frontier and no end, and changes nothing in the directory.
//! 3. Its id is one of the enterprise feed: brought in again, or published, it is known; and what was published is
//!    known when it is brought in.
//! 4. It ages by its original time, and legal holds keep it.

use crate::ledger::AppendError;
use async_trait::async_trait;
use feed::event::Rendering;
use feed::id::EnterpriseId;
use feed::term::Term;
use feed::time::Second;

/// An event from elsewhere.
#[derive(Debug, Clone)]
pub struct Past {
    /// What the enterprise feed gets.
    pub rendering: Rendering,
    /// What it can be found by; sorted, each once.
    pub terms: Vec<Term>,
}

/// Events of one enterprise, brought in together.
#[derive(Debug, Clone)]
pub struct History {
    /// Whose they are.
    pub enterprise: EnterpriseId,
    /// The events, in the order in which they get their ranks within a second.
    pub events: Vec<Past>,
    /// The clock.
    pub now: Second,
}

/// What became of one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Brought {
    /// It is stored.
    New,
    /// An event with its id was stored before, and stands.
    Known {
        /// Whether the two do not say the same.
        differs: bool,
    },
}

/// Bringing in history.
#[async_trait]
pub trait ImportStore: Send + Sync {
    /// Stores what is not stored yet; one answer for each event.
    ///
    /// # Errors
    /// [`AppendError`]. Nothing of the batch is stored then; only if a disk failed at that very moment it may be, and is
    /// known when the batch is brought in again.
    async fn import(&self, history: History) -> Result<Vec<Brought>, AppendError>;
}

/// For each event, which one of its batch is the first with its id.
pub(crate) fn firsts(events: &[Past]) -> Vec<usize> {
    let mut seen = rustc_hash::FxHashMap::default();
    events.iter().enumerate().map(|(index, it)| *seen.entry(&it.rendering.event_id).or_insert(index)).collect()
}
