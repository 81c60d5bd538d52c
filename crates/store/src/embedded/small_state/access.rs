//! Access records in the small state: one table for all kinds, by the text of their keys.

use super::{Change, SmallState};
use crate::access_store::{AccessKey, AccessKind, AccessRecord};
use crate::ledger::Unavailable;
use feed::id::EnterpriseId;
use feed::limits::LIST_ROWS_MAX;
use feed::time::Second;

impl SmallState {
    pub(in super::super) fn add_access(&self, record: AccessRecord) -> Result<bool, Unavailable> {
        self.change(|kept| match kept.access.get(&record.key()) {
            Some(_) => (false, Vec::new()),
            None => (true, vec![Change::Access(record)]),
        })
    }

    pub(in super::super) fn replace_access(&self, old: &AccessRecord, new: AccessRecord) -> Result<bool, Unavailable> {
        self.change(|kept| match kept.access.get(&old.key()) {
            Some(kept) if kept == old && new.key() == old.key() => (true, vec![Change::Access(new)]),
            _ => (false, Vec::new()),
        })
    }

    pub(in super::super) fn access(&self, key: &AccessKey) -> Option<AccessRecord> {
        self.kept().access.get(key).cloned()
    }

    pub(in super::super) fn take_access(&self, key: &AccessKey) -> Result<Option<AccessRecord>, Unavailable> {
        self.change(|kept| {
            let taken = kept.access.get(key).cloned();
            let changes = taken.iter().map(|_| Change::NoAccess(key.clone())).collect();
            (taken, changes)
        })
    }

    pub(in super::super) fn list_access(&self, kind: AccessKind, enterprise: &EnterpriseId) -> Vec<AccessRecord> {
        let kept = self.kept();
        let first = AccessKey { kind, name: String::new() };
        let of_kind = kept.access.range(first..).take_while(|(key, _)| key.kind == kind);
        let theirs = of_kind.filter(|(_, record)| record.enterprise() == enterprise);
        theirs.take(LIST_ROWS_MAX).map(|(_, record)| record.clone()).collect()
    }

    pub(in super::super) fn forget_expired_access(&self, now: Second) -> Result<u64, Unavailable> {
        self.change(|kept| {
            let expired = |record: &AccessRecord| record.expires_at().is_some_and(|expires| expires <= now);
            let gone = kept.access.iter().filter(|(_, record)| expired(record));
            let changes: Vec<Change> = gone.map(|(key, _)| Change::NoAccess(key.clone())).collect();
            (changes.len() as u64, changes)
        })
    }
}
