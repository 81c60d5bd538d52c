//! Administration of who shares what: groups and their members, collaborations, synced folders.
//!
//! Each change is published as the event that the catalogue has for it, so it is in the audit log, and the people
//! concerned hear of it. Nothing is changed unless all that it refers to is there.

use super::Services;
use super::administer::{AdminError, fresh_user_id};
use super::changes::{self, ACCEPTED, Change, ENDED, INVITED, ROLE_CHANGED, With};
use crate::auth::Caller;
use feed::directory::{
    CollaborationRole, CollaborationStatus, CollaborationView, Collaborator, GroupView, Person, Status,
};
use feed::id::{GroupId, ItemId, UserId};
use feed::limits::LIST_ROWS_MAX;
use feed::permission::Action;

/// A group to be added or changed.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupChange {
    /// The id; only for a new group, which gets one if it is missing.
    pub id: Option<String>,
    /// The name.
    pub name: Option<String>,
}

/// A collaboration to be added.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CollaborationWish {
    /// The id; made up if it is missing.
    pub id: Option<String>,
    /// Which file or folder.
    pub item: String,
    /// `folder`, unless it says `file`.
    pub item_type: Option<String>,
    /// The name of the item, for readers of the event.
    pub item_name: Option<String>,
    /// Whom to let in, by id or login.
    pub user: Option<String>,
    /// Which group to let in.
    pub group: Option<String>,
    /// As what; an editor if it is missing.
    pub role: Option<String>,
    /// `accepted`, unless it says `pending`.
    pub status: Option<String>,
}

/// Which collaborations to list.
#[derive(Debug, Clone, Default)]
pub struct CollaborationFilter {
    /// Only on this item.
    pub item: Option<String>,
    /// Only those of this user, by id or login.
    pub user: Option<String>,
    /// Only those of this group.
    pub group: Option<String>,
    /// After this id; only without the others.
    pub after: Option<String>,
}

pub(super) fn missing(what: &'static str, id: &str) -> AdminError {
    AdminError::Missing(what, id.chars().take(60).collect())
}

pub(super) fn group_id(id: &str) -> Result<GroupId, AdminError> {
    GroupId::new(id).map_err(AdminError::BadId)
}

pub(super) fn item_id(id: &str) -> Result<ItemId, AdminError> {
    match ItemId::new(id).map_err(AdminError::BadId)? {
        root if root.as_str() == "0" => {
            Err(AdminError::Bad("The folder 0 is everybody's own root and cannot be shared or synced.".to_owned()))
        }
        item => Ok(item),
    }
}

pub(super) fn role(word: Option<&str>) -> Result<Option<CollaborationRole>, AdminError> {
    match word.map(|word| (word, CollaborationRole::of_word(word))) {
        Some((word, CollaborationRole::Other)) => {
            let known: Vec<&str> = CollaborationRole::NAMES.iter().map(|(_, name)| *name).collect();
            let word: String = word.chars().take(60).collect();
            let known = known.join(", ");
            Err(AdminError::Bad(format!(
                "'{}' is no role of a collaboration; the roles are {known}.",
                word.escape_debug()
            )))
        }
        known => Ok(known.map(|(_, role)| role)),
    }
}

impl Services {
    /// Up to `limit` groups of the caller's enterprise, by id, after the id given.
    ///
    /// # Errors
    /// [`AdminError`]; so with the others.
    pub async fn groups(
        &self,
        caller: &Caller,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<GroupView>, AdminError> {
        caller.may(Action::ManageSharing).map_err(AdminError::Denied)?;
        let after = after.map(group_id).transpose()?;
        let (home, limit) = (caller.enterprise(), limit.min(LIST_ROWS_MAX));
        Ok(self.stores.directory.ask(|directory| directory.groups(home, after.as_ref(), limit)).await?)
    }

    /// A group.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn group(&self, caller: &Caller, id: &str) -> Result<GroupView, AdminError> {
        caller.may(Action::ManageSharing).map_err(AdminError::Denied)?;
        let (home, id) = (caller.enterprise(), group_id(id)?);
        let found = self.stores.directory.ask(|directory| directory.group(home, &id)).await?;
        found.ok_or_else(|| missing("group", id.as_str()))
    }

    /// Adds a group. Recorded as `GROUP_CREATION`.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn add_group(&self, caller: &Caller, change: &GroupChange) -> Result<GroupView, AdminError> {
        caller.may(Action::ManageSharing).map_err(AdminError::Denied)?;
        let name = checked_name(change.name.as_deref())?;
        let id = match &change.id {
            Some(id) => group_id(id)?,
            None => group_id(fresh_user_id().as_str())?,
        };
        match self.group(caller, id.as_str()).await {
            Ok(there) => return Err(AdminError::Taken("group", there.id.to_string())),
            Err(AdminError::Missing(..)) => {}
            Err(why) => return Err(why),
        }
        self.change(caller, &[changes::group(caller, "GROUP_CREATION", id.as_str(), name)]).await?;
        self.group(caller, id.as_str()).await
    }

    /// Renames a group. Recorded as `GROUP_EDITED`.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn edit_group(&self, caller: &Caller, id: &str, change: &GroupChange) -> Result<GroupView, AdminError> {
        let group = self.group(caller, id).await?;
        let name = checked_name(change.name.as_deref())?;
        self.change(caller, &[changes::group(caller, "GROUP_EDITED", group.id.as_str(), name)]).await?;
        self.group(caller, id).await
    }

    /// Removes a group, with its memberships and collaborations. Recorded as `GROUP_DELETION`.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn delete_group(&self, caller: &Caller, id: &str) -> Result<(), AdminError> {
        let group = self.group(caller, id).await?;
        self.change(caller, &[changes::group(caller, "GROUP_DELETION", group.id.as_str(), &group.name)]).await
    }

    /// Up to `limit` members of a group, after the one given.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn members(
        &self,
        caller: &Caller,
        id: &str,
        after: Option<&UserId>,
        limit: usize,
    ) -> Result<Vec<Person>, AdminError> {
        let (home, group, limit) = (caller.enterprise(), self.group(caller, id).await?.id, limit.min(LIST_ROWS_MAX));
        let question = |directory: &feed::directory::Directory| {
            let members = directory.members(home, &group, after, limit);
            members.iter().filter_map(|id| directory.user(id)).map(|user| user.person.clone()).collect()
        };
        Ok(self.stores.directory.ask(question).await?)
    }

    /// The groups of the caller's enterprise that a user of it is in.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn groups_of(&self, caller: &Caller, user: &str) -> Result<Vec<GroupView>, AdminError> {
        caller.may(Action::ManageSharing).map_err(AdminError::Denied)?;
        let (home, user) = (caller.enterprise(), self.own_user(caller.enterprise(), user).await?.person.id);
        let question = |directory: &feed::directory::Directory| {
            let theirs = directory.groups_of(home, &user);
            theirs.iter().filter_map(|group| directory.group(home, group)).take(LIST_ROWS_MAX).collect()
        };
        Ok(self.stores.directory.ask(question).await?)
    }

    /// Puts a user into a group. Recorded as `GROUP_ADD_USER`; the user hears of it.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn add_member(&self, caller: &Caller, id: &str, user: &str) -> Result<Person, AdminError> {
        let (group, person) = (self.group(caller, id).await?, self.own_user(caller.enterprise(), user).await?.person);
        let home = caller.enterprise();
        let theirs = self.stores.directory.ask(|directory| directory.groups_of(home, &person.id)).await?;
        if !theirs.contains(&group.id) {
            self.change(
                caller,
                &[changes::membership(caller, "GROUP_ADD_USER", (group.id.as_str(), &group.name), &person)],
            )
            .await?;
        }
        Ok(person)
    }

    /// Takes a user out of a group. Recorded as `GROUP_REMOVE_USER`; the user hears of it.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn remove_member(&self, caller: &Caller, id: &str, user: &str) -> Result<(), AdminError> {
        let (group, person) = (self.group(caller, id).await?, self.own_user(caller.enterprise(), user).await?.person);
        let home = caller.enterprise();
        let theirs = self.stores.directory.ask(|directory| directory.groups_of(home, &person.id)).await?;
        if !theirs.contains(&group.id) {
            return Err(missing("member", user));
        }
        self.change(
            caller,
            &[changes::membership(caller, "GROUP_REMOVE_USER", (group.id.as_str(), &group.name), &person)],
        )
        .await
    }

    /// Up to `limit` collaborations.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn collaborations(
        &self,
        caller: &Caller,
        filter: &CollaborationFilter,
        limit: usize,
    ) -> Result<Vec<CollaborationView>, AdminError> {
        caller.may(Action::ManageSharing).map_err(AdminError::Denied)?;
        let (home, limit) = (caller.enterprise(), limit.min(LIST_ROWS_MAX));
        let item = filter.item.as_deref().map(item_id).transpose()?;
        let with = self.collaborator(caller, filter.user.as_deref(), filter.group.as_deref()).await?;
        let question = |directory: &feed::directory::Directory| match (&item, &with) {
            (Some(item), Some(with)) => directory.collaboration_of(home, item, with).into_iter().collect(),
            (Some(item), None) => directory.collaborations_on(home, item, limit),
            (None, Some(with)) => directory.collaborations_with(home, with, limit),
            (None, None) => directory.collaborations(home, filter.after.as_deref(), limit),
        };
        Ok(self.stores.directory.ask(question).await?)
    }

    /// The collaboration with this id.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn collaboration(&self, caller: &Caller, id: &str) -> Result<CollaborationView, AdminError> {
        caller.may(Action::ManageSharing).map_err(AdminError::Denied)?;
        let home = caller.enterprise();
        let found = self.stores.directory.ask(|directory| directory.collaboration(home, id)).await?;
        found.ok_or_else(|| missing("collaboration", id))
    }

    async fn collaborator(
        &self,
        caller: &Caller,
        user: Option<&str>,
        group: Option<&str>,
    ) -> Result<Option<Collaborator>, AdminError> {
        match (user, group) {
            (None, None) => Ok(None),
            (None, Some(group)) => Ok(Some(Collaborator::Group(self.group(caller, group).await?.id))),
            (Some(user), None) => Ok(Some(Collaborator::User(self.anybody(caller, user).await?.id))),
            (Some(_), Some(_)) => Err(AdminError::Bad("Name a user or a group, not both.".to_owned())),
        }
    }

    /// A user of the enterprise by id or login, or of another one by id: outsiders are let in, too, but what their own
    /// enterprise calls them is not told here.
    pub(super) async fn anybody(&self, caller: &Caller, user: &str) -> Result<Person, AdminError> {
        match self.own_user(caller.enterprise(), user).await {
            Err(AdminError::NoSuchUser(shown)) => {
                let id = UserId::new(user).map_err(|_| AdminError::NoSuchUser(shown.clone()))?;
                let found = self.stores.directory.user(&id).await?.filter(|user| user.status != Status::Deleted);
                let nameless = |id| Person { id, name: "".into(), login: "".into() };
                found.map(|user| nameless(user.person.id)).ok_or(AdminError::NoSuchUser(shown))
            }
            found => found.map(|user| user.person),
        }
    }

    /// Lets somebody in. Recorded as `COLLABORATION_INVITE`; they, the owner and who is in already hear of it.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn add_collaboration(
        &self,
        caller: &Caller,
        wish: &CollaborationWish,
    ) -> Result<CollaborationView, AdminError> {
        caller.may(Action::ManageSharing).map_err(AdminError::Denied)?;
        let item = item_id(&wish.item)?;
        let with = self.collaborator(caller, wish.user.as_deref(), wish.group.as_deref()).await?;
        let with = with.ok_or_else(|| AdminError::Bad("Name the user or the group to let in.".to_owned()))?;
        let role = role(wish.role.as_deref())?.unwrap_or(CollaborationRole::Editor);
        let pending = match wish.status.as_deref() {
            None | Some("accepted") => false,
            Some("pending") => true,
            Some(_) => return Err(AdminError::Bad("The status is 'accepted' or 'pending'.".to_owned())),
        };
        let home = caller.enterprise();
        let id = wish.id.clone().unwrap_or_else(|| fresh_user_id().to_string());
        feed::id::EventId::new(&id).map_err(AdminError::BadId)?;
        let there = |directory: &feed::directory::Directory| {
            directory.collaboration_of(home, &item, &with).or_else(|| directory.collaboration(home, &id))
        };
        if let Some(there) = self.stores.directory.ask(there).await? {
            return Err(AdminError::Taken("collaboration", there.id.to_string()));
        }
        let shared = Shared {
            item: &item,
            is_file: match wish.item_type.as_deref() {
                None | Some("folder") => false,
                Some("file") => true,
                Some(_) => return Err(AdminError::Bad("The type of an item is 'file' or 'folder'.".to_owned())),
            },
            name: wish.item_name.as_deref().unwrap_or(item.as_str()),
        };
        let terms = Terms { id: &id, role, pending };
        let event = self.about_collaboration(caller, INVITED, &shared, &with, terms).await?;
        self.change(caller, &[event]).await?;
        self.collaboration(caller, &id).await
    }

    /// Gives a collaborator another role, or lets in who was pending. Recorded as `COLLABORATION_ROLE_CHANGE` or
    /// `COLLABORATION_ACCEPT`.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn edit_collaboration(
        &self,
        caller: &Caller,
        id: &str,
        new_role: Option<&str>,
        accept: bool,
    ) -> Result<CollaborationView, AdminError> {
        let there = self.collaboration(caller, id).await?;
        let new_role = role(new_role)?;
        let shared = Shared { item: &there.item, is_file: false, name: there.item.as_str() };
        let terms = Terms { id: &there.id, role: new_role.unwrap_or(there.role), pending: false };
        let names = match (accept && there.status == CollaborationStatus::Pending, new_role) {
            (true, _) => ACCEPTED,
            (false, Some(_)) => ROLE_CHANGED,
            (false, None) => return Ok(there),
        };
        let event = self.about_collaboration(caller, names, &shared, &there.with, terms).await?;
        self.change(caller, &[event]).await?;
        self.collaboration(caller, id).await
    }

    /// Ends a collaboration. Recorded as `COLLABORATION_REMOVE`; who was let in still hears of that.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn end_collaboration(&self, caller: &Caller, id: &str) -> Result<(), AdminError> {
        let there = self.collaboration(caller, id).await?;
        let shared = Shared { item: &there.item, is_file: false, name: there.item.as_str() };
        let terms = Terms { id: &there.id, role: there.role, pending: false };
        let event = self.about_collaboration(caller, ENDED, &shared, &there.with, terms).await?;
        self.change(caller, &[event]).await
    }

    /// An event about a collaboration, in both vocabularies.
    async fn about_collaboration(
        &self,
        caller: &Caller,
        names: [&str; 2],
        shared: &Shared<'_>,
        with: &Collaborator,
        terms: Terms<'_>,
    ) -> Result<Change, AdminError> {
        let home = caller.enterprise();
        let owner = self.stores.directory.ask(|directory| {
            let owner = directory.owner_of(home, shared.item).and_then(|owner| directory.user(owner));
            owner.map(|user| user.person.clone())
        });
        let owner = owner.await?;
        let (group, person);
        let with = match with {
            Collaborator::Group(id) => {
                group = self.group(caller, id.as_str()).await?;
                With::Group(group.id.as_str(), &group.name)
            }
            Collaborator::User(user) => {
                person = self.anybody(caller, user.as_str()).await?;
                With::User(&person)
            }
        };
        let about = changes::Collaboration {
            item: shared.item,
            is_file: shared.is_file,
            name: shared.name,
            owner: owner.as_ref(),
            with,
            id: terms.id,
            role: terms.role.word(),
            pending: terms.pending,
        };
        Ok(changes::collaboration(caller, names, &about))
    }

    /// The folders that a user of the enterprise has synced.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn synced(&self, caller: &Caller, user: &str) -> Result<Vec<ItemId>, AdminError> {
        caller.may(Action::ManageSharing).map_err(AdminError::Denied)?;
        let user = self.own_user(caller.enterprise(), user).await?.person.id;
        Ok(self.stores.directory.ask(|directory| directory.synced_folders(&user)).await?)
    }

    /// Marks a folder as synced for a user, or not. Recorded as the user's `ITEM_SYNC` or `ITEM_UNSYNC`, done by the
    /// caller for them.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn sync(&self, caller: &Caller, user: &str, folder: &str, synced: bool) -> Result<(), AdminError> {
        let folder = item_id(folder)?;
        let there = self.synced(caller, user).await?.contains(&folder);
        if there == synced {
            return if synced { Ok(()) } else { Err(missing("synced folder", folder.as_str())) };
        }
        let person = self.own_user(caller.enterprise(), user).await?.person;
        self.change(caller, &[changes::synced(caller, &person, &folder, synced)]).await
    }
}

/// An item that is shared.
struct Shared<'s> {
    item: &'s ItemId,
    is_file: bool,
    name: &'s str,
}

/// On which terms somebody is let in.
struct Terms<'t> {
    id: &'t str,
    role: CollaborationRole,
    pending: bool,
}

pub(super) fn checked_name(name: Option<&str>) -> Result<&str, AdminError> {
    let name = name.unwrap_or_default();
    if name.is_empty() || 256 < name.len() || name.chars().any(char::is_control) {
        return Err(AdminError::BadText("A name has 1 to 256 bytes and no control characters."));
    }
    Ok(name)
}
