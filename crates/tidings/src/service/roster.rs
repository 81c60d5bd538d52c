//! A whole directory as one file: imported and exported.
//!
//! Importing adds what is missing and changes what differs, so doing it twice changes nothing the second time; it never
//! removes anything. All of it is looked through first: a bad reference or a login given twice changes nothing. Every
//! change is recorded like one made by hand.

use super::Services;
use super::administer::{AdminError, UserChange};
use super::sharing::{CollaborationFilter, CollaborationWish, GroupChange, group_id, item_id, role};
use crate::auth::{Caller, role_name};
use feed::directory::{CollaborationStatus, Collaborator, Role, Status, User};
use feed::id::UserId;
use feed::limits::LIST_ROWS_MAX;
use feed::permission::Action;
use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};

/// A directory as a file has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Roster {
    /// The users.
    pub users: Vec<RosterUser>,
    /// The groups.
    pub groups: Vec<RosterGroup>,
    /// The collaborations.
    pub collaborations: Vec<RosterCollaboration>,
    /// The synced folders.
    pub synced: Vec<RosterSync>,
}

/// A user of a roster.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RosterUser {
    /// The id.
    pub id: String,
    /// The name.
    pub name: String,
    /// The login.
    pub login: String,
    /// The role; a plain user if it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The rights of a co-admin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Vec<String>>,
}

/// A group of a roster.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RosterGroup {
    /// The id.
    pub id: String,
    /// The name.
    pub name: String,
    /// Its members, by id or login.
    #[serde(default)]
    pub members: Vec<String>,
}

/// A collaboration of a roster.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RosterCollaboration {
    /// The id; made up if it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The file or folder.
    pub item: String,
    /// The user let in, by id or login.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The group let in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// The role; an editor if it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// `pending`, or accepted if it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
}

/// A synced folder of a roster.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RosterSync {
    /// Whose, by id or login.
    pub user: String,
    /// Which folder.
    pub folder: String,
}

impl Services {
    /// Imports a directory into the caller's enterprise; answers how many changes that took.
    ///
    /// # Errors
    /// [`AdminError`]; what the roster itself says wrong is found before anything is changed.
    pub async fn import_directory(&self, caller: &Caller, roster: &Roster) -> Result<usize, AdminError> {
        for action in [Action::ManageEnterprise, Action::ManageUsers, Action::ManageSharing] {
            caller.may(action).map_err(AdminError::Denied)?;
        }
        self.look_through(caller, roster).await?;
        let mut changes = 0;
        for wanted in &roster.users {
            changes += usize::from(self.import_user(caller, wanted).await?);
        }
        for wanted in &roster.groups {
            changes += self.import_group(caller, wanted).await?;
        }
        for wanted in &roster.collaborations {
            changes += usize::from(self.import_collaboration(caller, wanted).await?);
        }
        for RosterSync { user, folder } in &roster.synced {
            if !self.synced(caller, user).await?.contains(&item_id(folder)?) {
                self.sync(caller, user, folder, true).await?;
                changes += 1;
            }
        }
        Ok(changes)
    }

    /// Exports the directory of the caller's enterprise: what importing it again would not change.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn export_directory(&self, caller: &Caller) -> Result<Roster, AdminError> {
        caller.may(Action::ManageEnterprise).map_err(AdminError::Denied)?;
        let home = caller.enterprise();
        let question = |directory: &feed::directory::Directory| {
            let mut roster = Roster::default();
            let active = |user: &&User| user.home == *home && user.status == Status::Active;
            for user in directory.users().filter(active) {
                let synced = directory.synced_folders(&user.person.id).into_iter();
                let user_id = || user.person.id.to_string();
                roster.synced.extend(synced.map(|it| RosterSync { user: user_id(), folder: it.to_string() }));
                roster.users.push(of_user(user));
            }
            for group in directory.groups(home, None, usize::MAX) {
                let members = directory.members(home, &group.id, None, usize::MAX);
                let members = members.iter().map(ToString::to_string).collect();
                roster.groups.push(RosterGroup { id: group.id.to_string(), name: group.name.to_string(), members });
            }
            for it in directory.collaborations(home, None, usize::MAX) {
                let (user, group) = match &it.with {
                    Collaborator::User(user) => (Some(user.to_string()), None),
                    Collaborator::Group(group) => (None, Some(group.to_string())),
                };
                let pending = it.status == CollaborationStatus::Pending;
                roster.collaborations.push(RosterCollaboration {
                    id: Some(it.id.to_string()),
                    item: it.item.to_string(),
                    user,
                    group,
                    role: Some(it.role.word()).filter(|word| *word != "other").map(str::to_owned),
                    status: pending.then(|| "pending".to_owned()),
                });
            }
            roster
        };
        Ok(self.stores.directory.ask(question).await?)
    }

    /// Finds what is wrong with a roster before anything is changed.
    async fn look_through(&self, caller: &Caller, roster: &Roster) -> Result<(), AdminError> {
        let home = caller.enterprise();
        let mut ids = FxHashSet::default();
        let mut logins: FxHashMap<String, &str> = FxHashMap::default();
        for user in &roster.users {
            let id = UserId::new(&user.id).map_err(AdminError::BadId)?;
            if !ids.insert(user.id.as_str()) {
                return Err(AdminError::Taken("user", user.id.clone()));
            }
            if user.login.is_empty() || user.name.is_empty() {
                return Err(AdminError::Bad(format!("The user {id} needs a name and a login.")));
            }
            if let Some(other) = logins.insert(user.login.to_ascii_lowercase(), &user.id) {
                let login = user.login.escape_debug();
                return Err(AdminError::Bad(format!("The users {other} and {id} both have the login '{login}'.")));
            }
            self.login_is_free(home, &user.login, &id).await?;
            super::administer::role_of(&user_change(user))?;
            let known = self.stores.directory.user(&id).await?;
            if id.is_anonymous() || known.is_some_and(|known| known.home != *home) {
                return Err(AdminError::UserExists(id));
            }
        }
        let mut people: Vec<&str> = roster.groups.iter().flat_map(|it| &it.members).map(String::as_str).collect();
        people.extend(roster.synced.iter().map(|it| it.user.as_str()));
        let guests = roster.collaborations.iter().filter_map(|it| it.user.as_deref());
        let in_roster = |user: &str| ids.contains(user) || logins.contains_key(&user.to_ascii_lowercase());
        for user in people.into_iter().filter(|user| !in_roster(user)) {
            self.own_user(home, user).await?;
        }
        for user in guests.filter(|user| !in_roster(user)) {
            self.collaborations(caller, &CollaborationFilter { user: Some(user.to_owned()), ..Default::default() }, 1)
                .await?;
        }
        let mut groups = FxHashSet::default();
        for group in &roster.groups {
            group_id(&group.id)?;
            if group.name.is_empty() || !groups.insert(group.id.as_str()) {
                return Err(AdminError::Bad(format!("The group {} has no name, or is there twice.", group.id)));
            }
        }
        for it in &roster.collaborations {
            item_id(&it.item)?;
            role(it.role.as_deref())?;
            match (&it.user, &it.group) {
                (Some(_), None) => {}
                (None, Some(group)) if groups.contains(group.as_str()) => {}
                (None, Some(group)) => {
                    self.group(caller, group).await?;
                }
                _ => return Err(AdminError::Bad(format!("A collaboration on {} names no user or two.", it.item))),
            }
            if it.status.as_deref().is_some_and(|status| !matches!(status, "pending" | "accepted")) {
                return Err(AdminError::Bad("The status is 'accepted' or 'pending'.".to_owned()));
            }
        }
        roster.synced.iter().try_for_each(|it| item_id(&it.folder).map(|_| ()))
    }

    async fn import_user(&self, caller: &Caller, wanted: &RosterUser) -> Result<bool, AdminError> {
        let change = user_change(wanted);
        let id = UserId::new(&wanted.id).map_err(AdminError::BadId)?;
        let known = self.stores.directory.user(&id).await?.filter(|user| user.status == Status::Active);
        let Some(known) = known else {
            self.add_user(caller, &change).await?;
            return Ok(true);
        };
        let there = of_user(&known);
        let mut differing = UserChange::default();
        if there.name != wanted.name || there.login != wanted.login {
            (differing.name, differing.login) = (change.name, change.login);
        }
        let role = wanted.role.as_deref().unwrap_or("user");
        let same_role = there.role.as_deref().unwrap_or("user") == role
            && (role != "coadmin"
                || there.permissions.unwrap_or_default() == wanted.permissions.clone().unwrap_or_default());
        if !same_role {
            differing.role = Some(role.to_owned());
            differing.permissions = wanted.permissions.clone();
        }
        if differing.name.is_none() && differing.role.is_none() {
            return Ok(false);
        }
        self.edit_user(caller, &wanted.id, &differing).await?;
        Ok(true)
    }

    async fn import_group(&self, caller: &Caller, wanted: &RosterGroup) -> Result<usize, AdminError> {
        let mut changes = 0;
        let change = GroupChange { id: Some(wanted.id.clone()), name: Some(wanted.name.clone()) };
        match self.group(caller, &wanted.id).await {
            Ok(there) if there.name == wanted.name.as_str() => {}
            Ok(_) => {
                self.edit_group(caller, &wanted.id, &change).await?;
                changes += 1;
            }
            Err(AdminError::Missing(..)) => {
                self.add_group(caller, &change).await?;
                changes += 1;
            }
            Err(why) => return Err(why),
        }
        let (home, group) = (caller.enterprise(), group_id(&wanted.id)?);
        for member in &wanted.members {
            let id = self.own_user(home, member).await?.person.id;
            let theirs = self.stores.directory.ask(|directory| directory.groups_of(home, &id)).await?;
            if !theirs.contains(&group) {
                self.add_member(caller, &wanted.id, member).await?;
                changes += 1;
            }
        }
        Ok(changes)
    }

    async fn import_collaboration(&self, caller: &Caller, wanted: &RosterCollaboration) -> Result<bool, AdminError> {
        let filter = CollaborationFilter {
            item: Some(wanted.item.clone()),
            user: wanted.user.clone(),
            group: wanted.group.clone(),
            after: None,
        };
        let there = self.collaborations(caller, &filter, LIST_ROWS_MAX).await?.into_iter().next();
        let Some(there) = there else {
            let wish = CollaborationWish {
                id: wanted.id.clone(),
                item: wanted.item.clone(),
                user: wanted.user.clone(),
                group: wanted.group.clone(),
                role: wanted.role.clone(),
                status: wanted.status.clone(),
                ..Default::default()
            };
            self.add_collaboration(caller, &wish).await?;
            return Ok(true);
        };
        let new_role = role(wanted.role.as_deref())?.filter(|role| *role != there.role);
        let accept = there.status == CollaborationStatus::Pending && wanted.status.as_deref() != Some("pending");
        if new_role.is_none() && !accept {
            return Ok(false);
        }
        self.edit_collaboration(caller, &there.id, new_role.map(|role| role.word()), accept).await?;
        Ok(true)
    }
}

fn of_user(user: &User) -> RosterUser {
    let permissions = match &user.role {
        Role::CoAdmin(rights) => {
            let all = [(rights.reports, "reports"), (rights.users, "users")];
            Some(all.into_iter().filter(|(has, _)| *has).map(|(_, name)| name.to_owned()).collect())
        }
        _ => None,
    };
    RosterUser {
        id: user.person.id.to_string(),
        name: user.person.name.to_string(),
        login: user.person.login.to_string(),
        role: Some(role_name(&user.role)).filter(|_| user.role != Role::User).map(str::to_owned),
        permissions,
    }
}

fn user_change(user: &RosterUser) -> UserChange {
    UserChange {
        id: Some(user.id.clone()),
        name: Some(user.name.clone()),
        login: Some(user.login.clone()),
        role: user.role.clone(),
        permissions: user.permissions.clone(),
    }
}
