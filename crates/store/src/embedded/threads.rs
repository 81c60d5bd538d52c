//! The hands of a store: one thread settles and encodes frames while another syncs the one before; a third keeps up.
//!
//! ```text
//!  publishers ──queue──▶ writer ──one frame──▶ committer ──▶ acknowledged
//!                        settles, encodes      writes, syncs, shows
//!                                                  └──▶ upkeep seals partitions that were closed
//! ```
//!
//! No timer decides how much goes into a frame. While one is on its way to the disk the next one fills, up to a bound; once
//! the committer is free it gets what there is, be it because nothing more waits or because it is enough to be worth a
//! sync. Publishers who wait for their answers would otherwise fall into step: all settled in one frame, then all waiting
//! for it, with the disk and the writer idle in turn.

use super::append::Writer;
use super::commit::{Committer, Inline};
use super::core::Core;
use super::frame::Encoded;
use super::staged::Staged;
use super::{digest, merge, seal};
use crate::import::{Brought, History};
use crate::ledger::{AppendError, Appended, Batch, Unavailable};
use feed::limits::COMMIT_QUEUE_MAX;
use feed::time::Second;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc as plain;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use tokio::sync::{mpsc, oneshot};

/// A frame is closed when it has grown to so many bytes, though a batch is never divided.
const FRAME_BYTES: usize = 4 << 20;
/// A committer that is free gets a frame of so many bytes at once, though more is waiting to go into it.
const WORTH_A_SYNC_BYTES: usize = 256 << 10;
/// So many partitions may wait to be sealed before writing waits for it.
const UNSEALED_MAX: usize = 3;

/// Something to be answered when the frame it is in is durable.
type Answer<T> = oneshot::Sender<T>;
/// The answer to bringing in history.
type ImportAnswer = Answer<Result<Vec<Brought>, AppendError>>;

enum Request {
    Append(Batch, Answer<Result<Appended, AppendError>>),
    /// Bring in history.
    Import(History, ImportAnswer),
    /// Close the partition being written if its day is over.
    Turn(Second, Answer<Result<(), Unavailable>>),
    /// The committer has become free.
    Free,
}

/// A frame on its way from the writer to the committer.
struct Work {
    staged: Arc<Staged>,
    encoded: Encoded,
    answers: Vec<(Answer<Result<Appended, AppendError>>, Appended)>,
    turned: Option<Answer<Result<(), Unavailable>>>,
    /// History that was brought in; the answer waits for the frames before, in which something may have been known.
    imported: Option<(ImportAnswer, Vec<Brought>)>,
}

impl Work {
    /// A frame that nobody waits for yet.
    fn of(staged: Arc<Staged>) -> Self {
        Work { staged, encoded: Encoded::default(), answers: Vec::new(), turned: None, imported: None }
    }
}

/// Whoever does the writing.
#[derive(Debug)]
pub(super) enum Hands {
    /// Everything at once, in the thread of the caller.
    Inline(Box<Mutex<Inline>>, Arc<Core>),
    Threads(Threads),
}

#[derive(Debug)]
pub(super) struct Threads {
    queue: Option<mpsc::Sender<Request>>,
    upkeep: Option<plain::Sender<Chore>>,
    running: Vec<JoinHandle<()>>,
}

/// Something for the upkeep thread.
enum Chore {
    Seal,
    Merge,
    Other(Box<dyn FnOnce(&Core) + Send>),
}

impl Hands {
    pub(super) fn start(core: &Arc<Core>) -> Self {
        if !core.options.threads {
            return Hands::Inline(Box::new(Mutex::new(Inline::new(core))), core.clone());
        }
        let (queue, requests) = mpsc::channel(COMMIT_QUEUE_MAX);
        // Without room: the writer hands over a frame when the committer is free for it.
        let (work, works) = plain::sync_channel(0);
        let free = Arc::new(AtomicBool::new(true));
        // The committer must not keep the queue open, or the writer would never end.
        let freed = Freed { free: free.clone(), queue: queue.downgrade() };
        let (upkeep, chores) = plain::channel();
        let writer = Writer::new(core.clone());
        let committer = Committer::new(core.clone());
        let (kept, nudge) = (core.clone(), upkeep.clone());
        let running = vec![
            std::thread::spawn(move || write(writer, requests, &Handing { work, free })),
            std::thread::spawn(move || commit(committer, &works, &nudge, &freed)),
            std::thread::spawn(move || keep_up(&kept, &chores)),
        ];
        // Partitions that were closed but not sealed when the store was last stopped.
        let _ = upkeep.send(Chore::Seal);
        Hands::Threads(Threads { queue: Some(queue), upkeep: Some(upkeep), running })
    }

    pub(super) async fn append(&self, batch: Batch) -> Result<Appended, AppendError> {
        match self {
            Hands::Inline(inline, core) => {
                let appended = inline.lock().unwrap_or_else(PoisonError::into_inner).append(batch);
                seal_all(core);
                appended
            }
            Hands::Threads(threads) => {
                let (answer, answered) = oneshot::channel();
                let asked = threads.ask(Request::Append(batch, answer)).await;
                asked.map_err(AppendError::Unavailable)?;
                answered.await.unwrap_or(Err(AppendError::Unavailable(Unavailable::Closing)))
            }
        }
    }

    pub(super) async fn import(&self, history: History) -> Result<Vec<Brought>, AppendError> {
        match self {
            Hands::Inline(inline, core) => {
                let brought = inline.lock().unwrap_or_else(PoisonError::into_inner).import(&history)?;
                merge_all(core);
                Ok(brought)
            }
            Hands::Threads(threads) => {
                let (answer, answered) = oneshot::channel();
                let asked = threads.ask(Request::Import(history, answer)).await;
                asked.map_err(AppendError::Unavailable)?;
                let brought = answered.await.unwrap_or(Err(AppendError::Unavailable(Unavailable::Closing)));
                if let Some(upkeep) = &threads.upkeep {
                    let _ = upkeep.send(Chore::Merge);
                }
                brought
            }
        }
    }

    /// Closes the partition being written if its day is over, and seals what is closed.
    pub(super) async fn turn(&self, now: Second) -> Result<(), Unavailable> {
        match self {
            Hands::Inline(inline, core) => {
                inline.lock().unwrap_or_else(PoisonError::into_inner).turn(now)?;
                seal_all(core);
                Ok(())
            }
            Hands::Threads(threads) => {
                let (answer, answered) = oneshot::channel();
                threads.ask(Request::Turn(now, answer)).await?;
                answered.await.unwrap_or(Err(Unavailable::Closing))
            }
        }
    }

    /// Does something that may take long, where it disturbs nobody.
    pub(super) async fn upkeep<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Core) -> Result<T, Unavailable> + Send + 'static,
    ) -> Result<T, Unavailable> {
        match self {
            Hands::Inline(_, core) => act(core),
            Hands::Threads(threads) => {
                let (answer, answered) = oneshot::channel();
                let chore = Box::new(move |core: &Core| {
                    let _ = answer.send(act(core));
                });
                let upkeep = threads.upkeep.as_ref().ok_or(Unavailable::Closing)?;
                upkeep.send(Chore::Other(chore)).map_err(|_| Unavailable::Closing)?;
                answered.await.unwrap_or(Err(Unavailable::Closing))
            }
        }
    }
}

impl Threads {
    async fn ask(&self, request: Request) -> Result<(), Unavailable> {
        let queue = self.queue.as_ref().ok_or(Unavailable::Closing)?;
        queue.send(request).await.map_err(|_| Unavailable::Closing)
    }
}

impl Drop for Hands {
    fn drop(&mut self) {
        if let Hands::Threads(threads) = self {
            // The writer finishes what is queued, then the committer, then upkeep.
            threads.queue = None;
            threads.upkeep = None;
            for thread in threads.running.drain(..) {
                let _ = thread.join();
            }
        }
    }
}

/// How the writer hands frames to the committer.
struct Handing {
    work: plain::SyncSender<Work>,
    /// Whether the committer has nothing to do.
    free: Arc<AtomicBool>,
}

impl Handing {
    fn is_free(&self) -> bool {
        self.free.load(Ordering::Acquire)
    }

    /// Hands over a frame, waiting until the committer is free for it; answers whether there still is one.
    fn over(&self, work: Work) -> bool {
        self.free.store(false, Ordering::Release);
        self.work.send(work).is_ok()
    }
}

/// How the committer says that it is free.
struct Freed {
    free: Arc<AtomicBool>,
    queue: mpsc::WeakSender<Request>,
}

impl Freed {
    fn tell(&self) {
        self.free.store(true, Ordering::Release);
        if let Some(queue) = self.queue.upgrade() {
            // A queue without room needs no word: the writer looks after each request.
            let _ = queue.try_send(Request::Free);
        }
    }
}

/// What is settled into the frame in the making, and not handed over yet.
type Answers = Vec<(Answer<Result<Appended, AppendError>>, Appended)>;

fn write(mut writer: Writer, mut requests: mpsc::Receiver<Request>, committer: &Handing) {
    let mut answers = Answers::new();
    let hand_over = |writer: &mut Writer, answers: &mut Answers| {
        if answers.is_empty() {
            return true;
        }
        // Also when nothing new is in the frame: what is answered as known may be in one that is not durable yet.
        let staged = writer.close();
        let encoded = if staged.is_empty() { Encoded::default() } else { staged.encode() };
        committer.over(Work { encoded, answers: std::mem::take(answers), ..Work::of(staged) })
    };
    loop {
        let full = writer.staged_bytes() >= FRAME_BYTES;
        let worth_it = writer.staged_bytes() >= WORTH_A_SYNC_BYTES || requests.is_empty();
        if (full || worth_it && committer.is_free()) && !hand_over(&mut writer, &mut answers) {
            return;
        }
        let Some(request) = requests.blocking_recv() else { break };
        let going_on = match request {
            Request::Free => true,
            Request::Append(batch, answer) => {
                let going_on = !writer.must_close_before(batch.now) || hand_over(&mut writer, &mut answers);
                match writer.admit(batch) {
                    Ok(appended) => answers.push((answer, appended)),
                    Err(error) => drop(answer.send(Err(error))),
                }
                going_on
            }
            Request::Import(history, answer) => {
                hand_over(&mut writer, &mut answers) && import(&mut writer, &history, answer, committer)
            }
            Request::Turn(now, answer) => {
                hand_over(&mut writer, &mut answers)
                    && match writer.turn(now) {
                        Some(staged) => committer.over(Work { turned: Some(answer), ..Work::of(staged) }),
                        None => {
                            let _ = answer.send(Ok(()));
                            true
                        }
                    }
            }
        };
        if !going_on {
            return;
        }
    }
    hand_over(&mut writer, &mut answers);
}

/// Brings in history; answers whether there still is a committer.
fn import(writer: &mut Writer, history: &History, answer: ImportAnswer, committer: &Handing) -> bool {
    match writer.import(history) {
        Ok(brought) if brought.iter().any(|it| *it != Brought::New) => {
            committer.over(Work { imported: Some((answer, brought)), ..Work::of(writer.close()) })
        }
        done => {
            let _ = answer.send(done);
            true
        }
    }
}

fn commit(mut committer: Committer, works: &plain::Receiver<Work>, upkeep: &plain::Sender<Chore>, freed: &Freed) {
    while let Ok(work) = works.recv() {
        let before = committer.partition_number();
        let done = committer.commit(&work.staged, work.encoded);
        for (answer, appended) in work.answers {
            let _ = answer.send(done.clone().map(|()| appended).map_err(AppendError::Unavailable));
        }
        if committer.partition_number() != before {
            let _ = upkeep.send(Chore::Seal);
            if committer.unsealed() > UNSEALED_MAX {
                wait_for(upkeep);
            }
        }
        if let Some((imported, brought)) = work.imported {
            let _ = imported.send(done.clone().map(|()| brought).map_err(AppendError::Unavailable));
        }
        if let Some(turned) = work.turned {
            let _ = turned.send(done);
        }
        freed.tell();
    }
}

/// Waits until upkeep has done what it was asked before.
fn wait_for(upkeep: &plain::Sender<Chore>) {
    let (done, waiting) = plain::channel();
    let chore = Box::new(move |_: &Core| {
        let _ = done.send(());
    });
    if upkeep.send(Chore::Other(chore)).is_ok() {
        let _ = waiting.recv();
    }
}

fn keep_up(core: &Core, chores: &plain::Receiver<Chore>) {
    while let Ok(chore) = chores.recv() {
        match chore {
            Chore::Seal => seal_all(core),
            Chore::Merge => merge_all(core),
            Chore::Other(act) => act(core),
        }
    }
}

/// Seals what is closed. What cannot be sealed now, because the disk is full or failing, stays as it is, readable, and
/// is tried again when the next partition is closed.
fn seal_all(core: &Core) {
    while let Ok(true) = seal::seal_next(core) {}
    // Without a digest the partitions are asked one by one, which is only slower.
    let _ = digest::renew(core);
}

/// Merges small partitions of imported history. What cannot be merged now stays as it is.
fn merge_all(core: &Core) {
    while let Ok(true) = merge::merge_next(core) {}
}
