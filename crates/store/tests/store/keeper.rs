//! The harness: how a test opens, restarts and reaches any keeper.

use std::sync::Arc;
use store::Stores;
use store::memory::MemoryStore;

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
