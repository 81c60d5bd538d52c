//! Whole directories as a file: imported and exported.
//!
//! Importing adds what is missing and changes what differs, so doing it twice changes nothing the second time; it never
//! removes anything. The file is looked through first: whatever is wrong with it, nothing is changed. Every change is
//! recorded by its event like one made by hand.

mod export;
mod file;
mod people;
mod plan;
mod tree;

pub use file::{Roster, RosterCollaboration, RosterGroup, RosterItem, RosterSync, RosterUser, Rosters};
pub(super) use people::{NOT_TO_BE_CHOSEN, may_choose};

use super::Services;
use super::administer::AdminError;
use super::changes::Doer;
use crate::auth::Caller;
use crate::operator::Operator;
use feed::id::EnterpriseId;
use feed::permission::Action;
use plan::{Plan, plan};

impl Services {
    /// Imports a directory into the caller's enterprise; answers how many changes that took.
    ///
    /// # Errors
    /// [`AdminError`]; what the roster itself says wrong is found before anything is changed.
    pub async fn import_directory(&self, caller: &Caller, roster: &Roster) -> Result<usize, AdminError> {
        for action in [Action::ManageEnterprise, Action::ManageUsers, Action::ManageSharing] {
            caller.may(action).map_err(AdminError::Denied)?;
        }
        if roster.id.as_deref().is_some_and(|id| id != caller.enterprise().as_str()) {
            let home = caller.enterprise();
            let why = format!("The directory is that of another enterprise; this token is of the enterprise {home}.");
            return Err(AdminError::Bad(why));
        }
        self.bring_to(caller.into(), &[(caller.enterprise().clone(), roster)]).await
    }

    /// Imports directories of any enterprises, for the operator of the machine; answers how many changes that took. What
    /// does not say of which enterprise it is, is of `of_which`.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn import_directories(
        &self,
        _: Operator,
        rosters: &[Roster],
        of_which: Option<&EnterpriseId>,
    ) -> Result<usize, AdminError> {
        let nameless = || AdminError::Bad("Say of which enterprise the directory is: give it an id.".to_owned());
        let mut homes = Vec::with_capacity(rosters.len());
        for roster in rosters {
            let home = match &roster.id {
                Some(id) => EnterpriseId::new(id).map_err(AdminError::BadId)?,
                None => of_which.cloned().ok_or_else(nameless)?,
            };
            homes.push((home, roster));
        }
        self.bring_to(Doer::Operator, &homes).await
    }

    async fn bring_to(&self, by: Doer<'_>, rosters: &[(EnterpriseId, &Roster)]) -> Result<usize, AdminError> {
        let plans = self.stores.directory.ask(|directory| plan(directory, by, rosters)).await?;
        let mut plans = plans.map_err(|wrong| AdminError::Bad(wrong.to_string()))?;
        if let [only] = plans.as_mut_slice() {
            // One enterprise refers to no people but its own and such as are there: all of it is recorded at once.
            only.people.append(&mut only.rest);
        }
        let planned = plans.iter().map(|plan| plan.people.len() + plan.rest.len()).sum();
        let mut recorded = 0;
        for part in [|plan: &Plan| &plan.people, |plan: &Plan| &plan.rest] as [fn(&Plan) -> &Vec<_>; 2] {
            for plan in &plans {
                let changes = part(plan);
                if let Err(broken) = self.carry_out(&plan.home, changes).await {
                    recorded += broken.recorded;
                    return Err(match recorded {
                        0 => AdminError::Publish(broken.why),
                        _ => AdminError::Partly { recorded, planned, why: broken.why },
                    });
                }
                recorded += changes.len();
            }
        }
        Ok(planned)
    }

    /// Exports the directory of the caller's enterprise: what importing it again would not change.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn export_directory(&self, caller: &Caller) -> Result<Roster, AdminError> {
        caller.may(Action::ManageEnterprise).map_err(AdminError::Denied)?;
        Ok(self.stores.directory.ask(|directory| export::export(directory, caller.enterprise())).await?)
    }

    /// Exports the directories of all enterprises, or of one, for the operator of the machine.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn export_directories(&self, _: Operator, only: Option<&EnterpriseId>) -> Result<Rosters, AdminError> {
        let question = |directory: &feed::directory::Directory| {
            let wanted = |id: &&EnterpriseId| only.is_none_or(|only| only == *id);
            let mut ids: Vec<&EnterpriseId> = directory.enterprises().map(|it| &it.id).filter(wanted).collect();
            ids.sort_unstable();
            ids.into_iter().map(|id| export::export(directory, id)).collect::<Vec<Roster>>()
        };
        let enterprises = self.stores.directory.ask(question).await?;
        match only.filter(|_| enterprises.is_empty()) {
            Some(id) => Err(AdminError::NoSuchEnterprise(id.clone())),
            None => Ok(Rosters { enterprises }),
        }
    }
}
