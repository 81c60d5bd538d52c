//! Access records in the small state: one table for all kinds, by the text of their keys.

use super::small_state::{SmallState, broken};
use crate::access_store::{AccessKey, AccessKind, AccessRecord};
use crate::ledger::Unavailable;
use feed::id::EnterpriseId;
use feed::limits::LIST_ROWS_MAX;
use feed::time::Second;
use redb::{ReadableDatabase, ReadableTable, TableDefinition};

/// Text of the key to the record as JSON.
pub(super) const ACCESS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("access");

fn read(json: &[u8]) -> Result<AccessRecord, redb::Error> {
    serde_json::from_slice(json).map_err(broken)
}

impl SmallState {
    pub(super) fn add_access(&self, record: &AccessRecord) -> Result<bool, Unavailable> {
        self.put_access(record, |kept| kept.is_none())
    }

    pub(super) fn replace_access(&self, old: &AccessRecord, new: &AccessRecord) -> Result<bool, Unavailable> {
        if old.key() != new.key() {
            return Ok(false);
        }
        self.put_access(new, |kept| kept == Some(old))
    }

    /// Keeps a record if what is there now is as expected. Writers take turns, so nobody comes between.
    fn put_access(
        &self,
        record: &AccessRecord,
        expected: impl Fn(Option<&AccessRecord>) -> bool,
    ) -> Result<bool, Unavailable> {
        let key = record.key().to_string();
        self.with(|database| {
            let json = serde_json::to_vec(record).map_err(broken)?;
            let write = database.begin_write()?;
            let put = {
                let mut access = write.open_table(ACCESS)?;
                let kept = access.get(key.as_str())?.map(|json| read(json.value())).transpose()?;
                let put = expected(kept.as_ref());
                if put {
                    access.insert(key.as_str(), json.as_slice())?;
                }
                put
            };
            write.commit()?;
            Ok(put)
        })
    }

    pub(super) fn access(&self, key: &AccessKey) -> Result<Option<AccessRecord>, Unavailable> {
        let key = key.to_string();
        self.with(|database| {
            let json = database.begin_read()?.open_table(ACCESS)?.get(key.as_str())?;
            json.map(|json| read(json.value())).transpose()
        })
    }

    pub(super) fn take_access(&self, key: &AccessKey) -> Result<Option<AccessRecord>, Unavailable> {
        let key = key.to_string();
        self.with(|database| {
            let write = database.begin_write()?;
            let taken = {
                let mut access = write.open_table(ACCESS)?;
                let json = access.remove(key.as_str())?;
                json.map(|json| read(json.value())).transpose()?
            };
            write.commit()?;
            Ok(taken)
        })
    }

    pub(super) fn list_access(
        &self,
        kind: AccessKind,
        enterprise: &EnterpriseId,
    ) -> Result<Vec<AccessRecord>, Unavailable> {
        let first = AccessKey { kind, name: String::new() }.to_string();
        self.with(|database| {
            let mut found = Vec::new();
            for row in database.begin_read()?.open_table(ACCESS)?.range(first.as_str()..)? {
                let (key, json) = row?;
                if found.len() == LIST_ROWS_MAX || !key.value().starts_with(&first) {
                    break;
                }
                let record = read(json.value())?;
                if record.enterprise() == enterprise {
                    found.push(record);
                }
            }
            Ok(found)
        })
    }

    pub(super) fn forget_expired_access(&self, now: Second) -> Result<u64, Unavailable> {
        self.with(|database| {
            let write = database.begin_write()?;
            let forgotten = {
                let mut access = write.open_table(ACCESS)?;
                let mut expired = Vec::new();
                for row in access.iter()? {
                    let (key, json) = row?;
                    if read(json.value())?.expires_at().is_some_and(|expires| expires <= now) {
                        expired.push(key.value().to_owned());
                    }
                }
                for key in &expired {
                    access.remove(key.as_str())?;
                }
                expired.len() as u64
            };
            write.commit()?;
            Ok(forgotten)
        })
    }
}
