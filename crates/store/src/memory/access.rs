//! Access records of the memory keeper.

use super::MemoryStore;
use crate::access_store::{AccessKey, AccessKind, AccessRecord, AccessStore};
use crate::ledger::Unavailable;
use async_trait::async_trait;
use feed::id::EnterpriseId;
use feed::limits::LIST_ROWS_MAX;
use feed::time::Second;
use std::collections::btree_map::Entry;

#[async_trait]
impl AccessStore for MemoryStore {
    async fn add(&self, record: AccessRecord) -> Result<bool, Unavailable> {
        match self.small().access.entry(record.key()) {
            Entry::Occupied(_) => Ok(false),
            Entry::Vacant(place) => {
                place.insert(record);
                Ok(true)
            }
        }
    }

    async fn replace(&self, old: &AccessRecord, new: AccessRecord) -> Result<bool, Unavailable> {
        match self.small().access.get_mut(&old.key()) {
            Some(kept) if kept == old && new.key() == old.key() => {
                *kept = new;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    async fn get(&self, key: &AccessKey) -> Result<Option<AccessRecord>, Unavailable> {
        Ok(self.small().access.get(key).cloned())
    }

    async fn take(&self, key: &AccessKey) -> Result<Option<AccessRecord>, Unavailable> {
        Ok(self.small().access.remove(key))
    }

    async fn list(&self, kind: AccessKind, enterprise: &EnterpriseId) -> Result<Vec<AccessRecord>, Unavailable> {
        let small = self.small();
        let theirs = small.access.iter().filter(|(key, record)| key.kind == kind && record.enterprise() == enterprise);
        Ok(theirs.map(|(_, record)| record.clone()).take(LIST_ROWS_MAX).collect())
    }

    async fn forget_expired(&self, now: Second) -> Result<u64, Unavailable> {
        let mut small = self.small();
        let before = small.access.len();
        small.access.retain(|_, record| record.expires_at().is_none_or(|expires| now < expires));
        Ok((before - small.access.len()) as u64)
    }
}
