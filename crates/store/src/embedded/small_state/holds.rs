//! Legal holds in the small state: one row each, by id.

use super::base::{Base, LEGAL_HOLDS, NAMELESS_HOLDS, broken};
use super::{Change, SmallState};
use crate::ledger::Unavailable;
use feed::hold::{Hold, Scope};
use feed::id::{EnterpriseId, UserId};
use feed::time::Second;
use redb::{ReadableDatabase, ReadableTable};
use std::sync::PoisonError;

/// Holds that were kept as bare enterprises get a name, once.
pub(super) fn take_over_nameless(base: &Base) -> Result<(), Unavailable> {
    base.with(|database| {
        let mut nameless = Vec::new();
        for row in database.begin_read()?.open_table(NAMELESS_HOLDS)?.iter()? {
            nameless.push(row?.0.value().to_owned());
        }
        if nameless.is_empty() {
            return Ok(());
        }
        let write = database.begin_write()?;
        for line in &nameless {
            write.open_table(NAMELESS_HOLDS)?.remove(line.as_str())?;
            let Ok(enterprise) = EnterpriseId::new(line) else { continue };
            let hold = Hold {
                id: format!("nameless-{line}"),
                enterprise,
                name: "Hold of the operator".to_owned(),
                why: "Placed on the server's machine before holds had names".to_owned(),
                scope: Scope::default(),
                placed_by: UserId::anonymous(),
                placed_at: Second(0),
                until: None,
                released: None,
            };
            let json = serde_json::to_vec(&hold).map_err(broken)?;
            write.open_table(LEGAL_HOLDS)?.insert(hold.id.as_str(), json.as_slice())?;
        }
        Ok(write.commit()?)
    })
}

impl SmallState {
    pub(in super::super) fn add_hold(&self, hold: Hold) -> Result<bool, Unavailable> {
        self.change(|kept| match kept.holds.get(&hold.id) {
            Some(_) => (false, Vec::new()),
            None => (true, vec![Change::Hold(hold)]),
        })
    }

    pub(in super::super) fn replace_hold(&self, old: &Hold, new: Hold) -> Result<bool, Unavailable> {
        self.change(|kept| match kept.holds.get(&old.id) {
            Some(kept) if kept == old && new.id == old.id && new.enterprise == old.enterprise => {
                (true, vec![Change::Hold(new)])
            }
            _ => (false, Vec::new()),
        })
    }

    pub(in super::super) fn forget_hold(&self, enterprise: &EnterpriseId, id: &str) -> Result<bool, Unavailable> {
        self.change(|kept| match kept.holds.get(id) {
            Some(hold) if hold.enterprise == *enterprise => (true, vec![Change::NoHold(id.to_owned())]),
            _ => (false, Vec::new()),
        })
    }

    pub(in super::super) fn holds_of(&self, enterprise: &EnterpriseId) -> Vec<Hold> {
        let kept = self.kept();
        let mut holds: Vec<Hold> = kept.holds.values().filter(|it| it.enterprise == *enterprise).cloned().collect();
        holds.sort_by(|a, b| (a.placed_at, &a.id).cmp(&(b.placed_at, &b.id)));
        holds
    }

    /// The holds in effect at `now`, and what [`SmallState::unless_holds_changed`] wants to see again.
    pub(in super::super) fn holds_in_effect(&self, now: Second) -> (Vec<Hold>, u64) {
        let kept = self.kept();
        let holds = kept.holds.values().filter(|hold| hold.is_in_effect(now)).cloned().collect();
        (holds, kept.holds_version)
    }

    /// Does something that no hold may come between; `None` if one has come since `version` was seen.
    pub(in super::super) fn unless_holds_changed<T>(&self, version: u64, act: impl FnOnce() -> T) -> Option<T> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let same = self.kept().holds_version == version;
        same.then(act)
    }
}
