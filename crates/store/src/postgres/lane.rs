//! Lanes: one for each enterprise in which something waits to be published. Everything that waits in a lane goes into
//! one transaction, so that the head row's lock is taken once for all of it; lanes do not wait for each other.

use super::append::{self, Failure, Results};
use super::connect::change;
use super::fault::Fault;
use super::patience::Since;
use super::{Clock, Inner};
use crate::ledger::{AppendError, Appended, Batch, Unavailable};
use feed::id::EnterpriseId;
use feed::limits::COMMIT_QUEUE_MAX;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// A transaction takes no more batches once it has so many events or bytes.
const EVENTS_MAX: usize = 4_000;
const BYTES_MAX: usize = 16 << 20;
/// How often a transaction is tried again, and how long it is waited before each: a fail-over takes seconds.
const PAUSES_MS: [u64; 5] = [50, 200, 500, 1_000, 2_000];

type Answer = Result<Appended, AppendError>;

/// A batch that waits for its answer.
struct Waiting {
    batch: Batch,
    answer: oneshot::Sender<Answer>,
    _room: OwnedSemaphorePermit,
}

/// The lanes that are under way.
pub(super) struct Lanes {
    waiting: Mutex<FxHashMap<EnterpriseId, VecDeque<Waiting>>>,
    /// Enterprises whose head row is there.
    begun: Mutex<FxHashSet<EnterpriseId>>,
    room: Arc<Semaphore>,
}

impl Default for Lanes {
    fn default() -> Self {
        let room = Arc::new(Semaphore::new(COMMIT_QUEUE_MAX));
        Lanes { waiting: Mutex::default(), begun: Mutex::default(), room }
    }
}

/// Takes a lane away, also when what runs in it panics: those who wait are then told so, and the next begins anew.
struct Running<'a> {
    lanes: &'a Lanes,
    enterprise: &'a EnterpriseId,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.lanes.waiting().remove(self.enterprise);
    }
}

impl Lanes {
    fn waiting(&self) -> MutexGuard<'_, FxHashMap<EnterpriseId, VecDeque<Waiting>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes sure that an enterprise has a head row.
    pub(super) async fn begin(&self, inner: &Inner, enterprise: &EnterpriseId) -> Result<(), Fault> {
        let begun = || self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        if begun().contains(enterprise) {
            return Ok(());
        }
        let sql = "INSERT INTO heads (enterprise) VALUES ($1) ON CONFLICT DO NOTHING";
        change(&inner.pool, sql, &[&enterprise.as_str()]).await?;
        begun().insert(enterprise.clone());
        Ok(())
    }

    /// What goes into the next transaction; nothing if the lane has ended.
    fn take(&self, enterprise: &EnterpriseId, clock: Clock) -> Vec<Waiting> {
        let mut waiting = self.waiting();
        let Some(lane) = waiting.get_mut(enterprise) else { return Vec::new() };
        let (mut taken, mut events, mut bytes) = (Vec::new(), 0, 0);
        while let Some(next) = lane.front() {
            events += next.batch.events.len();
            bytes += bytes_of(&next.batch);
            // With clocks of their own, batches cannot share the clock of one transaction.
            let alone = clock == Clock::Caller;
            if !taken.is_empty() && (alone || EVENTS_MAX < events || BYTES_MAX < bytes) {
                break;
            }
            taken.extend(lane.pop_front());
        }
        if taken.is_empty() {
            waiting.remove(enterprise);
        }
        taken
    }
}

fn bytes_of(batch: &Batch) -> usize {
    let renderings = batch.events.iter().flat_map(|event| [&event.user, &event.enterprise]).flatten();
    renderings.map(|rendering| rendering.bytes.len()).sum()
}

/// Records a batch with whatever else waits for its enterprise.
pub(super) async fn append(inner: &Arc<Inner>, batch: Batch) -> Answer {
    let closing = || AppendError::Unavailable(Unavailable::Closing);
    let room = inner.lanes.room.clone().acquire_owned().await.map_err(|_| closing())?;
    let enterprise = batch.enterprise.clone();
    let (answer, answered) = oneshot::channel();
    let waiting = Waiting { batch, answer, _room: room };
    let is_first = {
        let mut lanes = inner.lanes.waiting();
        match lanes.get_mut(&enterprise) {
            Some(lane) => {
                lane.push_back(waiting);
                false
            }
            None => {
                lanes.insert(enterprise.clone(), VecDeque::from([waiting]));
                true
            }
        }
    };
    if is_first {
        // On a task of its own: whoever publishes may go away, and what it began must end.
        let inner = inner.clone();
        tokio::spawn(async move { run(&inner, &enterprise).await });
    }
    answered.await.unwrap_or_else(|_| Err(closing()))
}

async fn run(inner: &Inner, enterprise: &EnterpriseId) {
    let running = Running { lanes: &inner.lanes, enterprise };
    loop {
        let taken = inner.lanes.take(enterprise, inner.options.clock);
        if taken.is_empty() {
            // The lane is gone already, and the next one may have begun: it is not this one's to take away.
            std::mem::forget(running);
            return;
        }
        let (batches, answers): (Vec<Batch>, Vec<_>) =
            taken.into_iter().map(|waiting| (waiting.batch, (waiting.answer, waiting._room))).unzip();
        let results = persist(inner, enterprise, batches).await;
        for ((answer, _room), result) in answers.into_iter().zip(results) {
            // Whoever asked may be gone.
            drop(answer.send(result));
        }
    }
}

/// Appends, and tries again for a while what failed for a passing reason. If it may have been committed, that is safe
/// only if every event has an id that tells it was: then the answer is its first result.
async fn persist(inner: &Inner, enterprise: &EnterpriseId, batches: Vec<Batch>) -> Results {
    let count = batches.len();
    let has_id = |event: &feed::event::Event| event.user.is_some() || event.enterprise.is_some();
    let known_again = batches.iter().flat_map(|batch| &batch.events).all(has_id);
    let mut pauses = PAUSES_MS.into_iter();
    let (begun, longest) = (Since::now(), Duration::from_millis(PAUSES_MS.iter().sum()));
    loop {
        let Failure { fault, uncertain } = match append::append(inner, enterprise, batches.clone()).await {
            Ok(results) => return results,
            Err(failure) => failure,
        };
        let may_try_again = fault.is_passing() && (known_again || !uncertain);
        match pauses.next().filter(|_| may_try_again && !begun.is_past(longest)) {
            Some(pause) => {
                tracing::warn!(%fault, %enterprise, "publishing is tried again");
                wait(pause).await;
            }
            None => {
                let why = AppendError::Unavailable(fault.into());
                return (0..count).map(|_| Err(why.clone())).collect();
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the database is waited for; no clock of a test can hurry it")]
pub(super) async fn wait(milliseconds: u64) {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
}
