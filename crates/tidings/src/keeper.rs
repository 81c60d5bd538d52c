//! Opening the store that the settings name, and what its kind needs beside the verbs of all.

use crate::bell::Bell;
use crate::boot::BootError;
use crate::config::{Data, Settings};
use std::path::Path;
use std::time::Duration;
use store::Stores;
use store::embedded::{self, EmbeddedStore};
use store::ledger::Unavailable;
use store::memory::MemoryStore;
use store::postgres::{self, Alone, Heard, PostgresStore};

/// An open store.
pub struct Opened {
    /// The verbs.
    pub stores: Stores,
    /// What it is kept in.
    pub keeper: Keeper,
}

/// What a store is kept in.
#[derive(Debug, Clone)]
pub enum Keeper {
    /// This process.
    Memory,
    /// A directory of this machine, which nobody else has open.
    Directory(EmbeddedStore),
    /// A database, which other processes may use as well.
    Postgres(PostgresStore),
}

/// Opens the store that the settings name.
///
/// # Errors
/// [`BootError`].
pub async fn open(settings: &Settings) -> Result<Opened, BootError> {
    match &settings.data {
        Data::Memory => {
            let stores = MemoryStore::new(settings.settling_delay_s).stores();
            Ok(Opened { stores, keeper: Keeper::Memory })
        }
        Data::Directory(directory) => {
            let options =
                embedded::Options { settling_delay_s: settings.settling_delay_s, ..embedded::Options::default() };
            let store = EmbeddedStore::open(directory, options).map_err(BootError::Open)?;
            let report = store.report();
            if report.created {
                keep_private(directory);
            }
            tracing::info!(directory = %directory.display(), ?report, "the store is open");
            Ok(Opened { stores: store.stores(), keeper: Keeper::Directory(store) })
        }
        Data::Postgres(url) => {
            let connections = usize::try_from(settings.database_connections).unwrap_or(usize::MAX);
            let settling_delay_s = settings.settling_delay_s;
            let options = postgres::Options { settling_delay_s, connections, ..postgres::Options::default() };
            let options = options.patient(Duration::from_secs(u64::from(settings.database_timeout_s)));
            let store = PostgresStore::open(&url.0, options).await.map_err(BootError::Database)?;
            tracing::info!("the store is open in a database");
            Ok(Opened { stores: store.stores(), keeper: Keeper::Postgres(store) })
        }
    }
}

/// Lets only its owner into a new store: it holds what everybody did.
fn keep_private(directory: &Path) {
    let only_owner = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    if let Err(why) = std::fs::set_permissions(directory, only_owner) {
        tracing::warn!(%why, directory = %directory.display(), "other users of this machine may be able to read the store");
    }
}

impl Keeper {
    /// Waits until no other process sets up the same store, and keeps others from it while the answer lives.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn alone(&self) -> Result<Option<Alone>, Unavailable> {
        match self {
            Keeper::Postgres(store) => store.alone().await.map(Some),
            Keeper::Memory | Keeper::Directory(_) => Ok(None),
        }
    }

    /// Rings for what other processes make grow, for as long as this is waited for.
    pub async fn ring_for_others(&self, bell: &Bell) {
        let Keeper::Postgres(store) = self else { return };
        let mut hearing = store.listen();
        while let Some(heard) = hearing.next().await {
            match heard {
                Heard::Moved(moved) => bell.ring(&moved),
                Heard::Anything => bell.ring_everybody(),
            }
        }
    }
}
