//! The embedded keeper: years of events in one directory, durable before they are acknowledged.
//!
//! The events are the truth and are kept in files of our own, because they are append-only and retention removes whole
//! stretches of time; `docs/decisions/0002-embedded-ledger.md` gives the reasons and the measurements.
//!
//! | To understand | Read |
//! |---|---|
//! | what is on the disk | [`format`], then `frame`, `block`, `sealed` |
//! | the way of an event | `append` (settled), `staged` (encoded), `commit` (durable, visible), `seal` (put away) |
//! | whether an id was published before | `known`, then `suspects` and `digest` |
//! | the way of a page | `scan`, `rows`, then `live` or `sealed::walk` and `sealed::half` |
//! | history from elsewhere | `import`, then `merge` |
//! | how events are found by what they are about | `terms` (made at intake), `search`, then `live_search` or `sealed::terms` |
//! | what happens at a start | `opening` |
//! | what is known of people, groups and items, on the disk | `directory` |
//! | what the writer, readers and upkeep share | `core` |
//!
//! What always holds: one process has the directory; one frame at a time is on its way to the disk; what readers see is
//! durable; a partition once sealed never changes; the manifest names exactly the files that count.

mod append;
mod backup;
mod block;
mod cache_budget;
mod checksum;
mod codec;
mod commit;
mod core;
mod digest;
mod directory;
mod fault;
pub mod files;
mod forecast;
mod format;
mod frame;
mod frames_file;
mod import;
mod known;
mod line;
mod live;
mod live_search;
mod manifest;
mod merge;
mod moving;
mod opening;
mod recent;
mod rows;
mod runs;
mod scan;
mod seal;
mod sealed;
mod search;
mod small_state;
mod staged;
mod stats;
mod stores;
mod suspects;
mod sweep;
mod terms;
mod threads;
#[doc(hidden)]
pub mod untrusted;
mod verify;
mod view;

pub use backup::Copied;
pub use moving::TakeOverError;
pub use opening::{OpenError, OpenReport, Torn};
pub use stats::Stats;
pub use sweep::Expired;
pub use verify::{Progress, Verified, verify, verify_on};

pub(crate) use terms::print_of;

use self::core::Core;
use crate::Stores;
use crate::ledger::Unavailable;
use feed::limits::SETTLING_DELAY_S_DEFAULT;
use feed::time::Second;
use files::{DiskFiles, Files, Lock};
use std::path::Path;
use std::sync::Arc;
use threads::Hands;

/// How a store is kept. Everything but the settling delay may be chosen anew at each start.
#[derive(Debug, Clone)]
pub struct Options {
    /// For how many seconds history order settles.
    pub settling_delay_s: u32,
    /// A partition is closed at so many renderings,
    pub partition_entries: u64,
    /// or so many bytes, or at the end of a day, whichever comes first.
    pub partition_bytes: u64,
    /// Space is taken from the disk in steps of so many bytes.
    pub preallocate_bytes: u64,
    /// So many bytes of long commits may be written through the cache of the operating system at once, and a sixteenth of
    /// them in each second; what is more goes past it.
    pub cached_writes_bytes: u64,
    /// Memory for pages of index files.
    pub cache_bytes: usize,
    /// Most sealed halves held open; each takes two file descriptors.
    pub open_halves_max: usize,
    /// Partitions whose blocks are on average so many bytes long, or longer, are sealed where they lie: their frames stay
    /// until the halves are written again.
    pub in_place_block_bytes: u64,
    /// What sealed partitions changed in the directory is put into files of its own as long as these have fewer bytes
    /// than this, or than half the last snapshot of the directory; then a snapshot is made. All of it is read at a start.
    pub directory_notes_bytes: u64,
    /// Whether partitions are compressed when they are sealed. Then none is sealed where it lies.
    pub compress: bool,
    /// Sweeps compress what was recorded longer ago than so many seconds; `None` is never.
    pub compress_after_s: Option<u32>,
    /// Whether the store has threads of its own. Without, every append does all its work, sealing included, before it
    /// answers: for tests that must run the same way twice.
    pub threads: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            settling_delay_s: SETTLING_DELAY_S_DEFAULT,
            partition_entries: 2_000_000,
            // What is not sealed is read at the next start, which should take about a second.
            partition_bytes: 512 << 20,
            preallocate_bytes: 64 << 20,
            // What stays in the cache is then at most 14 GB an hour.
            cached_writes_bytes: 64 << 20,
            cache_bytes: 64 << 20,
            open_halves_max: 128,
            // A page of a hundred is about 60 KB, or more.
            in_place_block_bytes: 32 << 10,
            // Half a million events or so, which take a start less than half a second.
            directory_notes_bytes: 16 << 20,
            compress: false,
            compress_after_s: Some(3 * 86_400),
            threads: true,
        }
    }
}

/// A store in a directory, opened. It closes when the last of its [`Stores`] and this are dropped.
#[derive(Debug, Clone)]
pub struct EmbeddedStore {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// Writes what is to be written. Dropped first: it finishes what it has taken.
    hands: Hands,
    core: Arc<Core>,
    report: OpenReport,
    /// Given back last.
    #[expect(dead_code, reason = "it is held, and given back on drop")]
    lock: Held,
}

/// The lock of the directory.
struct Held(#[expect(dead_code, reason = "it is held, and given back on drop")] Lock);

impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Held")
    }
}

impl EmbeddedStore {
    /// Opens the store in a directory, making it if the directory is empty or not there.
    ///
    /// # Errors
    /// [`OpenError`], which says what to do.
    pub fn open(dir: &Path, options: Options) -> Result<Self, OpenError> {
        Self::open_on(Arc::new(DiskFiles), dir, options)
    }

    /// Opens a store on another disk than the machine's.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open_on(files: Arc<dyn Files>, dir: &Path, options: Options) -> Result<Self, OpenError> {
        let (core, lock, report) = opening::open(files, dir, options)?;
        let core = Arc::new(core);
        let hands = Hands::start(&core);
        Ok(EmbeddedStore { inner: Arc::new(Inner { hands, core, report, lock: Held(lock) }) })
    }

    /// What opening found and did.
    pub fn report(&self) -> &OpenReport {
        &self.inner.report
    }

    /// Copies the store as it is now into an empty directory, while it serves. The copy simply opens. Meanwhile nothing
    /// is sealed or swept.
    ///
    /// # Errors
    /// [`Unavailable`] when it cannot be copied; what was copied by then does not open.
    pub fn backup(&self, to: &Path, progress: &mut dyn FnMut(Progress)) -> Result<Copied, Unavailable> {
        backup::backup(&self.inner.core, to, progress)
    }

    /// How large the store is and how it is doing.
    pub fn stats(&self) -> Stats {
        stats::stats(&self.inner.core)
    }

    /// What a sweep would do at `now`, without doing it. Partitions that are not sealed are not looked into.
    ///
    /// # Errors
    /// [`Unavailable`] when it cannot be found out.
    pub fn expired(&self, now: Second) -> Result<Vec<Expired>, Unavailable> {
        sweep::dry_run(&self.inner.core, now)
    }

    /// The keeper behind all its traits.
    pub fn stores(&self) -> Stores {
        let store = Arc::new(self.clone());
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
}
