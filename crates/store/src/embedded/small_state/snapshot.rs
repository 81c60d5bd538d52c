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

    /// Forgets it, now that it is kept elsewhere, and gives its space back.
    pub(in super::super) fn forget_old_directory(&self) -> Result<(), Unavailable> {
        let was_there = self.base.with(|database| {
            if database.begin_read()?.open_table(SNAPSHOTS)?.get(HEARD)?.is_none() {
                return Ok(false);
            }
            let write = database.begin_write()?;
            write.open_table(SNAPSHOTS)?.retain(|_, _| false)?;
            write.commit()?;
            Ok(true)
        })?;
        if was_there { self.base.compact() } else { Ok(()) }
    }
}
