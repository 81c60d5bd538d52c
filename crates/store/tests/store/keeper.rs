//! The harness: how a test opens, restarts and reaches any keeper.

use crate::disk::Disk;
use std::path::Path;
use std::sync::Arc;
use store::Stores;
use store::embedded::{EmbeddedStore, Options};
use store::memory::MemoryStore;
use tempfile::TempDir;

/// A keeper under test, opened. Dropping it puts away whatever it used.
pub(crate) trait Keeper: Sized {
    /// Whether the frontier of history order is kept with the data and stays as it was when a process restarts; else it is
    /// worked out again, as the largest history second stored.
    const KEEPS_FRONTIER: bool = false;

    /// Whether what it needs cannot be had here; it says so then, and the test is passed over.
    fn is_missing() -> bool {
        false
    }

    /// A new and empty keeper whose history order settles for so many seconds.
    async fn open(settling_delay_s: u32) -> Self;

    /// The same keeper after an orderly stop and a start, perhaps with another settling delay.
    async fn reopen(self, settling_delay_s: u32) -> Self;

    /// The keeper behind all its traits. Tests give back what they take before they reopen.
    fn stores(&self) -> &Stores;
}

/// The memory keeper; its restart does to the rules of order what the restart of a durable keeper does.
pub(crate) struct Memory {
    store: Arc<MemoryStore>,
    stores: Stores,
}

impl Memory {
    fn over(store: MemoryStore) -> Self {
        let store = Arc::new(store);
        let stores = Stores {
            ledger: store.clone(),
            directory: store.clone(),
            tokens: store.clone(),
            access: store.clone(),
            search: store.clone(),
            reports: store.clone(),
            retention: store.clone(),
            import: store.clone(),
        };
        Memory { store, stores }
    }
}

impl Keeper for Memory {
    async fn open(settling_delay_s: u32) -> Self {
        Memory::over(MemoryStore::new(settling_delay_s))
    }

    async fn reopen(self, settling_delay_s: u32) -> Self {
        drop(self.stores);
        let store = Arc::into_inner(self.store).expect("a test gives back what it takes before it reopens");
        Memory::over(store.reopened(settling_delay_s))
    }

    fn stores(&self) -> &Stores {
        &self.stores
    }
}

/// The memory keeper as one that others work on while this one restarts: the frontier stays as it was.
pub(crate) struct MemoryGoingOn(Memory);

impl Keeper for MemoryGoingOn {
    const KEEPS_FRONTIER: bool = true;

    async fn open(settling_delay_s: u32) -> Self {
        MemoryGoingOn(Memory::open(settling_delay_s).await)
    }

    async fn reopen(self, settling_delay_s: u32) -> Self {
        drop(self.0.stores);
        let store = Arc::into_inner(self.0.store).expect("a test gives back what it takes before it reopens");
        MemoryGoingOn(Memory::over(store.going_on(settling_delay_s)))
    }

    fn stores(&self) -> &Stores {
        self.0.stores()
    }
}

/// The embedded keeper in a directory of its own, kept as the program keeps it.
pub(crate) struct Embedded(Files<TempDir>);

/// The same on a disk in memory, for the many restarts of random histories.
pub(crate) struct EmbeddedInMemory(Files<Disk>);

/// The same in partitions of a few events and without threads, so that everything is sealed at once.
pub(crate) struct EmbeddedInPieces(Files<Disk>);

/// The same with every partition sealed where it lies.
pub(crate) struct EmbeddedInPlace(Files<Disk>);

/// A store, what it is on, and how it is kept.
struct Files<D> {
    stores: Stores,
    on: D,
    options: Options,
}

/// Something to keep a store on.
trait Ground: Sized {
    fn new() -> Self;
    fn open(&self, options: Options) -> EmbeddedStore;
}

impl Ground for TempDir {
    fn new() -> Self {
        tempfile::tempdir().unwrap()
    }

    fn open(&self, options: Options) -> EmbeddedStore {
        EmbeddedStore::open(self.path(), options).unwrap()
    }
}

impl Ground for Disk {
    fn new() -> Self {
        Disk::new(0)
    }

    fn open(&self, options: Options) -> EmbeddedStore {
        EmbeddedStore::open_on(Arc::new(self.clone()), Path::new("/store"), options).unwrap()
    }
}

impl<D: Ground> Files<D> {
    fn open(options: Options) -> Self {
        let on = D::new();
        Files { stores: on.open(options.clone()).stores(), on, options }
    }

    fn reopen(self, settling_delay_s: u32) -> Self {
        drop(self.stores);
        let options = Options { settling_delay_s, ..self.options };
        Files { stores: self.on.open(options.clone()).stores(), on: self.on, options }
    }
}

fn with_threads(settling_delay_s: u32) -> Options {
    Options { settling_delay_s, preallocate_bytes: 1 << 16, ..Options::default() }
}

fn in_pieces(settling_delay_s: u32) -> Options {
    let few = Options { partition_entries: 3, open_halves_max: 2, threads: false, ..Options::default() };
    Options { settling_delay_s, preallocate_bytes: 4_096, directory_notes_bytes: 600, ..few }
}

fn in_place(settling_delay_s: u32) -> Options {
    Options { in_place_block_bytes: 0, ..in_pieces(settling_delay_s) }
}

/// A keeper made of [`Files`].
macro_rules! embedded {
    ($keeper:ident, $options:ident) => {
        impl Keeper for $keeper {
            async fn open(settling_delay_s: u32) -> Self {
                $keeper(Files::open($options(settling_delay_s)))
            }

            async fn reopen(self, settling_delay_s: u32) -> Self {
                $keeper(self.0.reopen(settling_delay_s))
            }

            fn stores(&self) -> &Stores {
                &self.0.stores
            }
        }
    };
}

embedded!(Embedded, with_threads);
embedded!(EmbeddedInMemory, with_threads);
embedded!(EmbeddedInPieces, in_pieces);
embedded!(EmbeddedInPlace, in_place);
