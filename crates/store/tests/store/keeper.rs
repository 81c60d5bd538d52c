//! The harness: how a test opens, restarts and reaches any keeper.

use std::sync::Arc;
use store::Stores;
use store::embedded::{EmbeddedStore, Options};
use store::memory::MemoryStore;
use tempfile::TempDir;

/// A keeper under test, opened. Dropping it puts away whatever it used.
pub(crate) trait Keeper: Sized {
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
        let stores = Stores { ledger: store.clone(), directory: store.clone(), tokens: store.clone() };
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

/// The embedded keeper in a directory of its own, kept as the program keeps it.
pub(crate) struct Embedded {
    files: EmbeddedFiles,
}

/// The same with partitions of a few events and without threads, so that everything is sealed at once.
pub(crate) struct EmbeddedInPieces {
    files: EmbeddedFiles,
}

struct EmbeddedFiles {
    stores: Stores,
    dir: TempDir,
    options: Options,
}

impl EmbeddedFiles {
    fn open(options: Options) -> Self {
        let dir = tempfile::tempdir().unwrap();
        EmbeddedFiles { stores: EmbeddedStore::open(dir.path(), options.clone()).unwrap().stores(), dir, options }
    }

    fn reopen(self, settling_delay_s: u32) -> Self {
        drop(self.stores);
        let options = Options { settling_delay_s, ..self.options };
        let stores = EmbeddedStore::open(self.dir.path(), options.clone()).unwrap().stores();
        EmbeddedFiles { stores, dir: self.dir, options }
    }
}

impl Keeper for Embedded {
    async fn open(settling_delay_s: u32) -> Self {
        let options = Options { settling_delay_s, preallocate_bytes: 1 << 20, ..Options::default() };
        Embedded { files: EmbeddedFiles::open(options) }
    }

    async fn reopen(self, settling_delay_s: u32) -> Self {
        Embedded { files: self.files.reopen(settling_delay_s) }
    }

    fn stores(&self) -> &Stores {
        &self.files.stores
    }
}

impl Keeper for EmbeddedInPieces {
    async fn open(settling_delay_s: u32) -> Self {
        let options = Options {
            settling_delay_s,
            partition_entries: 3,
            preallocate_bytes: 4_096,
            open_halves_max: 2,
            threads: false,
            ..Options::default()
        };
        EmbeddedInPieces { files: EmbeddedFiles::open(options) }
    }

    async fn reopen(self, settling_delay_s: u32) -> Self {
        EmbeddedInPieces { files: self.files.reopen(settling_delay_s) }
    }

    fn stores(&self) -> &Stores {
        &self.files.stores
    }
}
