//! Reports and schedules in the small state, by id.

use super::{Change, SmallState};
use crate::ledger::Unavailable;
use crate::report_store::KeptReport;
use feed::id::EnterpriseId;

impl SmallState {
    pub(in super::super) fn add_report(&self, new: KeptReport) -> Result<bool, Unavailable> {
        self.change(|kept| match kept.reports.get(new.id()) {
            Some(_) => (false, Vec::new()),
            None => (true, vec![Change::Report(Box::new(new))]),
        })
    }

    pub(in super::super) fn replace_report(&self, old: &KeptReport, new: KeptReport) -> Result<bool, Unavailable> {
        self.change(|kept| match kept.reports.get(old.id()) {
            Some(kept) if kept == old && new.id() == old.id() => (true, vec![Change::Report(Box::new(new))]),
            _ => (false, Vec::new()),
        })
    }

    pub(in super::super) fn report(&self, id: &str) -> Option<KeptReport> {
        self.kept().reports.get(id).cloned()
    }

    pub(in super::super) fn list_reports(&self, enterprise: Option<&EnterpriseId>) -> Vec<KeptReport> {
        let kept = self.kept();
        let theirs = kept.reports.values().filter(|kept| enterprise.is_none_or(|id| kept.enterprise() == id));
        theirs.cloned().collect()
    }

    pub(in super::super) fn remove_report(&self, id: &str) -> Result<bool, Unavailable> {
        self.change(|kept| match kept.reports.get(id) {
            Some(_) => (true, vec![Change::NoReport(id.to_owned())]),
            None => (false, Vec::new()),
        })
    }
}
