//! Reports and schedules of the memory keeper.

use super::MemoryStore;
use crate::ledger::Unavailable;
use crate::report_store::{KeptReport, ReportStore};
use async_trait::async_trait;
use feed::id::EnterpriseId;
use std::collections::btree_map::Entry;

#[async_trait]
impl ReportStore for MemoryStore {
    async fn add(&self, kept: KeptReport) -> Result<bool, Unavailable> {
        match self.small().reports.entry(kept.id().to_owned()) {
            Entry::Occupied(_) => Ok(false),
            Entry::Vacant(place) => {
                place.insert(kept);
                Ok(true)
            }
        }
    }

    async fn replace(&self, old: &KeptReport, new: KeptReport) -> Result<bool, Unavailable> {
        match self.small().reports.get_mut(old.id()) {
            Some(kept) if kept == old && new.id() == old.id() => {
                *kept = new;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    async fn get(&self, id: &str) -> Result<Option<KeptReport>, Unavailable> {
        Ok(self.small().reports.get(id).cloned())
    }

    async fn list(&self, enterprise: Option<&EnterpriseId>) -> Result<Vec<KeptReport>, Unavailable> {
        let small = self.small();
        let theirs = small.reports.values().filter(|kept| enterprise.is_none_or(|id| kept.enterprise() == id));
        Ok(theirs.cloned().collect())
    }

    async fn remove(&self, id: &str) -> Result<bool, Unavailable> {
        Ok(self.small().reports.remove(id).is_some())
    }
}
