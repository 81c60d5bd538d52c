//! The directory as formats before 5 kept it, taken over on opening.
//!
//! The key `directory` has it as JSON, the key `heard` the partition (8 bytes) and the count of its frames (8 bytes) up to
//! which it has heard the events.

use super::super::codec::Taker;
use super::super::directory::Heard;
use super::SmallState;
use super::base::{DIRECTORY, HEARD, SNAPSHOTS, broken};
use crate::ledger::Unavailable;
use feed::directory::Directory;
use redb::{ReadableDatabase, StorageError};

impl SmallState {
    /// The directory, and up to where it has heard the events; `None` if it is not here.
    pub(in super::super) fn old_directory(&self) -> Result<Option<(Heard, Directory)>, Unavailable> {
        self.base.with(|database| {
            let snapshots = database.begin_read()?.open_table(SNAPSHOTS)?;
            let Some(stored) = snapshots.get(HEARD)? else { return Ok(None) };
            let mut taker = Taker(stored.value());
            let heard = taker.u64().zip(taker.u64()).map(|(partition, frames)| Heard { partition, frames });
            let heard = heard.ok_or_else(|| StorageError::Corrupted(HEARD.to_owned()))?;
            let json = snapshots.get(DIRECTORY)?;
            let directory = json.map(|json| serde_json::from_slice(json.value())).transpose().map_err(broken)?;
            Ok(Some((heard, directory.unwrap_or_default())))
        })
    }

    /// Forgets it, now that it is kept elsewhere, and gives its space back. The last thing forgotten is up to where it had
    /// heard, so that whatever this is broken off at, the next time goes on with it.
    pub(in super::super) fn forget_old_directory(&self) -> Result<(), Unavailable> {
        let there = |database: &redb::Database| Ok(database.begin_read()?.open_table(SNAPSHOTS)?.get(HEARD)?.is_some());
        if !self.base.with(there)? {
            return Ok(());
        }
        self.forget(DIRECTORY)?;
        self.base.compact()?;
        self.forget(HEARD)
    }

    fn forget(&self, key: &str) -> Result<(), Unavailable> {
        self.base.with(|database| {
            let write = database.begin_write()?;
            write.open_table(SNAPSHOTS)?.remove(key)?;
            Ok(write.commit()?)
        })
    }
}
