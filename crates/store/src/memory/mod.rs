//! The memory keeper: maps behind a lock, kept as plain as possible.
//!
//! It keeps nothing across a restart and says so. It is the model that other keepers are compared with in random
//! tests, so clarity comes before speed everywhere here.

mod access;
mod append;
mod import;
mod line;
mod reports;
mod retention;
mod scan;
mod search;
mod small_state;

use crate::ledger::{AppendError, Appended, Batch, Found, Ledger, Line, Scan, Swept, Unavailable};
use crate::{Stores, ledger};
use async_trait::async_trait;
use feed::directory::Directory;
use feed::event::FeedKind;
use feed::hold::Hold;
use feed::id::{EnterpriseId, EventId};
use feed::page::{Ends, Slice};
use feed::position::Place;
use feed::time::Second;
use line::EnterpriseLine;
use rustc_hash::FxHashMap;
use small_state::SmallState;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A keeper that keeps everything in memory and nothing longer than the process.
#[derive(Debug)]
pub struct MemoryStore {
    settling_delay_s: u32,
    state: Mutex<State>,
    small: Mutex<SmallState>,
}

/// All that must change together at the commit point.
#[derive(Debug, Default)]
struct State {
    lines: FxHashMap<EnterpriseId, EnterpriseLine>,
    directory: Directory,
    /// Legal holds, by id.
    holds: BTreeMap<String, Hold>,
}

impl State {
    /// The holds of an enterprise that are in effect at `now`.
    fn holds_of(&self, enterprise: &EnterpriseId, now: Second) -> Vec<Hold> {
        let in_effect = |hold: &&Hold| hold.enterprise == *enterprise && hold.is_in_effect(now);
        self.holds.values().filter(in_effect).cloned().collect()
    }
}

impl MemoryStore {
    /// An empty store whose history order settles for so many seconds.
    pub fn new(settling_delay_s: u32) -> Self {
        MemoryStore { settling_delay_s, state: Mutex::default(), small: Mutex::default() }
    }

    /// What a restart of a durable keeper does to the rules of order, for tests of random histories: everything
    /// stored stays, the frontier is worked out again, and the settling delay may be another.
    #[must_use]
    pub fn reopened(self, settling_delay_s: u32) -> Self {
        for line in self.state().lines.values_mut() {
            line.reopen();
        }
        MemoryStore { settling_delay_s, ..self }
    }

    /// What a restart of one process does to a keeper that others go on with: nothing, but that the settling delay may be
    /// another.
    #[must_use]
    pub fn going_on(self, settling_delay_s: u32) -> Self {
        MemoryStore { settling_delay_s, ..self }
    }

    /// The keeper behind all its traits.
    pub fn stores(self) -> Stores {
        let store = Arc::new(self);
        Stores {
            ledger: store.clone(),
            directory: store.clone(),
            tokens: store.clone(),
            access: store.clone(),
            search: store.clone(),
            retention: store.clone(),
            reports: store.clone(),
            import: store,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every change is made whole before the lock is released, so a panic elsewhere spoils nothing.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn small(&self) -> MutexGuard<'_, SmallState> {
        self.small.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Ledger for MemoryStore {
    async fn append(&self, batch: Batch) -> Result<Appended, AppendError> {
        append::append(&mut self.state(), batch, self.settling_delay_s)
    }

    async fn scan(&self, scan: Scan) -> Result<Slice, Unavailable> {
        let state = self.state();
        Ok(state.lines.get(scan.line.enterprise()).map(|line| scan::scan(line, &scan)).unwrap_or_default())
    }

    async fn ends(&self, line: &Line, below: Place) -> Result<Ends, Unavailable> {
        let state = self.state();
        Ok(state.lines.get(line.enterprise()).map(|kept| scan::ends(kept, line, below)).unwrap_or_default())
    }

    async fn frontier(&self, enterprise: &EnterpriseId, now: Second) -> Result<Second, Unavailable> {
        let mut state = self.state();
        let line = state.lines.entry(enterprise.clone()).or_default();
        line.frontier.pass_time(now, self.settling_delay_s);
        Ok(line.frontier.shown_below())
    }

    async fn find(
        &self,
        enterprise: &EnterpriseId,
        kind: FeedKind,
        event_id: &EventId,
    ) -> Result<Option<Found>, ledger::Unavailable> {
        let state = self.state();
        Ok(state.lines.get(enterprise).and_then(|line| line.find(kind, event_id)))
    }

    async fn sweep(&self, now: Second) -> Result<Swept, Unavailable> {
        let mut state = self.state();
        let mut renderings = 0;
        for id in state.lines.keys().cloned().collect::<Vec<_>>() {
            let holds = state.holds_of(&id, now);
            let retention = state.directory.enterprise(&id).map(|it| it.retention).unwrap_or_default();
            if let Some(line) = state.lines.get_mut(&id) {
                renderings += line.sweep(retention, now, &holds);
            }
        }
        Ok(Swept { renderings, more: false })
    }
}
