//! What it takes to bring a directory to what a file says.
//!
//! The whole file is looked through against the directory as it is, before anything is recorded: the answer is either
//! all changes, in an order in which each finds what it refers to, or what is wrong, and where.

use super::file::Roster;
use super::people::{People, shown};
use crate::service::administer::fresh_user_id;
use crate::service::changes::{self, ACCEPTED, Change, Collaboration, Doer, INVITED, ROLE_CHANGED, With};
use feed::directory::{CollaborationRole, CollaborationStatus, Collaborator, Directory, Person};
use feed::id::{EnterpriseId, GroupId, ItemId};
use rustc_hash::{FxHashMap, FxHashSet};
use std::fmt;

/// What is wrong with a file, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) place: String,
    pub(super) why: String,
}

impl Wrong {
    /// At an entry of a list of the file, by its index from 0 and its id.
    pub(super) fn at(list: &str, index: usize, id: &str, why: String) -> Self {
        Wrong { place: format!("{list}[{index}] '{}'", shown(id)), why }
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}.", self.place, self.why.trim_end_matches('.'))
    }
}

/// What becomes of one enterprise. Of several, the people of all come before the rest of any: they may refer to each
/// other.
pub(super) struct Plan {
    pub(super) home: EnterpriseId,
    pub(super) people: Vec<Change>,
    pub(super) rest: Vec<Change>,
}

/// Plans for the enterprises of a file, in its order.
pub(super) fn plan(
    directory: &Directory,
    by: Doer<'_>,
    rosters: &[(EnterpriseId, &Roster)],
) -> Result<Vec<Plan>, Wrong> {
    let within = |home: &EnterpriseId, wrong: Wrong| match rosters {
        [_] => wrong,
        _ => Wrong { place: format!("enterprise {home}: {}", wrong.place), ..wrong },
    };
    let mut file = People::default();
    let mut homes = FxHashSet::default();
    for (home, roster) in rosters {
        if !homes.insert(home) {
            return Err(Wrong { place: format!("enterprise {home}"), why: "it is in the file twice".to_owned() });
        }
        file.add(home, roster).map_err(|wrong| within(home, wrong))?;
    }
    let plan_one = |(home, roster): &(EnterpriseId, &Roster)| {
        let planner = Planner { directory, by, home, roster, file: &file };
        let plan = || Ok(Plan { home: home.clone(), people: planner.people()?, rest: planner.rest()? });
        plan().map_err(|wrong| within(home, wrong))
    };
    rosters.iter().map(plan_one).collect()
}

/// Plans for one enterprise.
pub(super) struct Planner<'p> {
    pub(super) directory: &'p Directory,
    pub(super) by: Doer<'p>,
    pub(super) home: &'p EnterpriseId,
    pub(super) roster: &'p Roster,
    pub(super) file: &'p People<'p>,
}

impl Planner<'_> {
    /// What becomes of everything but people.
    fn rest(&self) -> Result<Vec<Change>, Wrong> {
        let (mut changes, groups) = self.groups()?;
        let (placed, owners) = self.items()?;
        changes.extend(placed);
        changes.extend(self.collaborations(&groups, &owners)?);
        for (index, it) in self.roster.synced.iter().enumerate() {
            let wrong = |why| Wrong::at("synced", index, &it.folder, why);
            let whose = self.somebody(&it.user).map_err(wrong)?;
            let folder = item(&it.folder).map_err(wrong)?;
            if !self.directory.synced_folders(&whose.id).contains(&folder) {
                changes.push(changes::synced(self.by, &whose, &folder, true));
            }
        }
        Ok(changes)
    }

    /// What becomes of the groups, and their names.
    fn groups(&self) -> Result<(Vec<Change>, FxHashMap<GroupId, String>), Wrong> {
        let mut changes = Vec::new();
        let mut names = FxHashMap::default();
        for (index, group) in self.roster.groups.iter().enumerate() {
            let wrong = |why: String| Wrong::at("groups", index, &group.id, why);
            let id = GroupId::new(&group.id).map_err(|why| wrong(why.to_string()))?;
            if !group.name.is_empty() {
                crate::service::sharing::checked_name(Some(&group.name)).map_err(|why| wrong(why.to_string()))?;
            }
            if names.insert(id.clone(), group.name.clone()).is_some() {
                return Err(wrong("there is another group with this id in the file".to_owned()));
            }
            match self.directory.group(self.home, &id) {
                None => changes.push(changes::group(self.by, "GROUP_CREATION", &group.id, &group.name)),
                Some(there) if there.name != group.name.as_str() && !group.name.is_empty() => {
                    changes.push(changes::group(self.by, "GROUP_EDITED", &group.id, &group.name));
                }
                Some(_) => {}
            }
            let there = self.directory.members(self.home, &id, None, usize::MAX);
            let mut there: FxHashSet<_> = there.into_iter().collect();
            for member in &group.members {
                let member = self.somebody(member).map_err(|why| wrong(format!("members: {why}")))?;
                if there.insert(member.id.clone()) {
                    let named = (group.id.as_str(), group.name.as_str());
                    changes.push(changes::membership(self.by, "GROUP_ADD_USER", named, &member));
                }
            }
        }
        Ok((changes, names))
    }

    fn collaborations(
        &self,
        groups: &FxHashMap<GroupId, String>,
        owners: &FxHashMap<ItemId, Person>,
    ) -> Result<Vec<Change>, Wrong> {
        let mut changes = Vec::new();
        let (mut seen, mut ids) = (FxHashSet::default(), FxHashSet::default());
        for (index, it) in self.roster.collaborations.iter().enumerate() {
            let wrong = |why: String| Wrong::at("collaborations", index, &it.item, why);
            let on = item(&it.item).map_err(wrong)?;
            let (person, group);
            let (with, collaborator) = match (&it.user, &it.group) {
                (Some(user), None) => {
                    person = self.somebody(user).map_err(wrong)?;
                    (With::User(&person), Collaborator::User(person.id.clone()))
                }
                (None, Some(id)) => {
                    let id = GroupId::new(id).map_err(|why| wrong(why.to_string()))?;
                    let there = || self.directory.group(self.home, &id).map(|there| there.name.to_string());
                    let name = groups.get(&id).cloned().or_else(there);
                    let nowhere = || format!("there is no group '{id}', neither in the file nor in the directory");
                    group = (id.clone(), name.ok_or_else(|| wrong(nowhere()))?);
                    (With::Group(group.0.as_str(), &group.1), Collaborator::Group(id))
                }
                _ => return Err(wrong("name a user or a group to let in, and not both".to_owned())),
            };
            let role = it.role.as_deref().map(role).transpose().map_err(wrong)?;
            let pending = match it.status.as_deref() {
                None | Some("accepted") => false,
                Some("pending") => true,
                Some(_) => return Err(wrong("the status is 'accepted' or 'pending'".to_owned())),
            };
            if !seen.insert((on.clone(), collaborator.clone())) {
                return Err(wrong("whom it lets in is let in by another collaboration of the file".to_owned()));
            }
            let there = self.directory.collaboration_of(self.home, &on, &collaborator);
            if let Some(id) = &it.id {
                feed::id::EventId::new(id).map_err(|why| wrong(why.to_string()))?;
                let other = self.directory.collaboration(self.home, id);
                let other = other.filter(|other| other.item != on || other.with != collaborator);
                if !ids.insert(id.as_str()) || other.is_some() {
                    return Err(wrong(format!("the id '{}' is that of another collaboration", shown(id))));
                }
            }
            let (names, id, role) = match &there {
                None => (INVITED, it.id.clone(), role.unwrap_or(CollaborationRole::Editor)),
                Some(there) => {
                    let new = role.filter(|role| *role != there.role);
                    let names = match (there.status, new) {
                        (CollaborationStatus::Pending, _) if !pending => ACCEPTED,
                        (_, Some(_)) => ROLE_CHANGED,
                        (_, None) => continue,
                    };
                    (names, Some(there.id.to_string()), new.unwrap_or(there.role))
                }
            };
            let owner = owners.get(&on).cloned().or_else(|| {
                let owner = self.directory.owner_of(self.home, &on)?;
                self.directory.user(owner).map(|user| user.person.clone())
            });
            changes.push(changes::collaboration(
                self.by,
                names,
                &Collaboration {
                    item: &on,
                    is_file: false,
                    name: on.as_str(),
                    owner: owner.as_ref(),
                    with,
                    id: &id.unwrap_or_else(|| fresh_user_id().to_string()),
                    role: role.word(),
                    pending: pending && there.is_none(),
                },
            ));
        }
        Ok(changes)
    }
}

/// A file or folder that can be shared: everything but the root.
pub(super) fn item(id: &str) -> Result<ItemId, String> {
    crate::service::sharing::item_id(id).map_err(|why| why.to_string())
}

fn role(word: &str) -> Result<CollaborationRole, String> {
    if word == CollaborationRole::Other.word() {
        // Events may have given roles that have no word here.
        return Ok(CollaborationRole::Other);
    }
    let known = crate::service::sharing::role(Some(word)).map_err(|why| why.to_string())?;
    Ok(known.unwrap_or(CollaborationRole::Editor))
}
