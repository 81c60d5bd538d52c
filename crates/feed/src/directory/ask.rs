//! What administrators ask: groups, members, collaborations and synced folders, page by page.

use super::keys::{GroupKey, ItemKey, OddIds, Packed, Who, WhoIs};
use super::{CollaborationRole, CollaborationStatus, Collaborator, Directory, EnterpriseKey, Grant, Tie};
use crate::id::{EnterpriseId, GroupId, ItemId, UserId};
use crate::position::Place;
use crate::time::Second;
use smol_str::SmolStr;

/// A group as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupView {
    /// Its id, unique in the enterprise.
    pub id: GroupId,
    /// Its name, possibly empty.
    pub name: SmolStr,
    /// When the directory first knew of it.
    pub created_at: Second,
}

/// A collaboration as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollaborationView {
    /// Its id, unique in the enterprise.
    pub id: SmolStr,
    /// On which file or folder.
    pub item: ItemId,
    /// Who is let in.
    pub with: Collaborator,
    /// As what.
    pub role: CollaborationRole,
    /// Whether they are in.
    pub status: CollaborationStatus,
    /// Where in the enterprise's line it began.
    pub since: Place,
}

/// A file or folder, as far as the directory knows of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemView {
    /// Its id, unique in the enterprise.
    pub id: ItemId,
    /// The folder just above it; `None` is the root, or not known.
    pub parent: Option<ItemId>,
    /// Its owner, if known.
    pub owner: Option<UserId>,
    /// Whether it is in the trash itself.
    pub trashed: bool,
}

impl Directory {
    /// Up to `limit` groups of an enterprise, sorted by id, after the id given.
    pub fn groups(&self, enterprise: &EnterpriseId, after: Option<&GroupId>, limit: usize) -> Vec<GroupView> {
        let Some(enterprise) = self.enterprise_key(enterprise) else { return Vec::new() };
        let theirs = self.groups.all().filter(|(_, row)| row.enterprise == enterprise && !row.deleted);
        let mut keys: Vec<(&GroupId, GroupKey)> = theirs.map(|(key, row)| (&row.id, key)).collect();
        keys.retain(|(id, _)| after.is_none_or(|after| after < *id));
        keys.sort_unstable();
        keys.into_iter().take(limit).filter_map(|(_, key)| self.group_view(key)).collect()
    }

    /// A group that was not deleted.
    pub fn group(&self, enterprise: &EnterpriseId, id: &GroupId) -> Option<GroupView> {
        self.group_view(self.groups.key(self.enterprise_key(enterprise)?, id)?)
    }

    fn group_view(&self, key: GroupKey) -> Option<GroupView> {
        let row = self.groups.row(key).filter(|row| !row.deleted)?;
        Some(GroupView { id: row.id.clone(), name: row.name.clone(), created_at: row.created_at })
    }

    /// Up to `limit` members of a group, in the order in which the directory came to know them, after the one given.
    pub fn members(
        &self,
        enterprise: &EnterpriseId,
        group: &GroupId,
        after: Option<&UserId>,
        limit: usize,
    ) -> Vec<UserId> {
        let Some(enterprise) = self.enterprise_key(enterprise) else { return Vec::new() };
        let Some(group) = self.groups.key(enterprise, group) else { return Vec::new() };
        let after = after.and_then(|after| self.users.key(after)).map(|after| self.who(after, enterprise));
        let members = self.memberships.to_after(group, after.unwrap_or(Who::FIRST));
        let members = members.filter(|(who, _)| Some(*who) != after).take(limit);
        members.filter_map(|(who, _)| self.user_id(who)).collect()
    }

    /// The groups of an enterprise that a user is in.
    pub fn groups_of(&self, enterprise: &EnterpriseId, user: &UserId) -> Vec<GroupId> {
        let (Some(enterprise), Some(user)) = (self.enterprise_key(enterprise), self.users.key(user)) else {
            return Vec::new();
        };
        let theirs = self.memberships.of(self.who(user, enterprise)).filter_map(|(group, _)| self.groups.row(group));
        theirs.filter(|row| row.enterprise == enterprise).map(|row| row.id.clone()).collect()
    }

    /// Up to `limit` collaborations of an enterprise, in the order of their ids, after the id given.
    pub fn collaborations(
        &self,
        enterprise: &EnterpriseId,
        after: Option<&str>,
        limit: usize,
    ) -> Vec<CollaborationView> {
        let Some(enterprise) = self.enterprise_key(enterprise) else { return Vec::new() };
        let after = after.and_then(|after| self.odd.find(after));
        let first = (after.map_or(Packed(0), |after| Packed(after.0.saturating_add(1))), ItemKey(0), Who::FIRST);
        let all = self.collaborations_by_id.range(first..);
        let theirs = all.filter(|(_, item, _)| self.tree.enterprise(*item) == Some(enterprise));
        theirs.take(limit).filter_map(|(_, item, who)| self.collaboration_view(*item, *who)).collect()
    }

    /// Up to `limit` collaborations on an item.
    pub fn collaborations_on(&self, enterprise: &EnterpriseId, item: &ItemId, limit: usize) -> Vec<CollaborationView> {
        let Some(item) = self.item_key(enterprise, item) else { return Vec::new() };
        let theirs = self.collaborations.to(item).take(limit);
        theirs.filter_map(|(who, _)| self.collaboration_view(item, who)).collect()
    }

    /// Up to `limit` collaborations that let somebody in, in an enterprise.
    pub fn collaborations_with(
        &self,
        enterprise: &EnterpriseId,
        with: &Collaborator,
        limit: usize,
    ) -> Vec<CollaborationView> {
        let Some(key) = self.enterprise_key(enterprise) else { return Vec::new() };
        let Some(who) = self.who_is(with, key) else { return Vec::new() };
        let theirs = self.collaborations.of(who).filter(|(item, _)| self.tree.enterprise(*item) == Some(key));
        theirs.take(limit).filter_map(|(item, _)| self.collaboration_view(item, who)).collect()
    }

    /// The collaboration with this id.
    pub fn collaboration(&self, enterprise: &EnterpriseId, id: &str) -> Option<CollaborationView> {
        let (enterprise, id) = (self.enterprise_key(enterprise)?, self.odd.find(id)?);
        let same = self.collaborations_by_id.range((id, ItemKey(0), Who::FIRST)..=(id, ItemKey(u32::MAX), Who::LAST));
        let mut theirs = same.filter(|(_, item, _)| self.tree.enterprise(*item) == Some(enterprise));
        theirs.next().and_then(|(_, item, who)| self.collaboration_view(*item, *who))
    }

    /// The collaboration of somebody on an item.
    pub fn collaboration_of(
        &self,
        enterprise: &EnterpriseId,
        item: &ItemId,
        with: &Collaborator,
    ) -> Option<CollaborationView> {
        let who = self.who_is(with, self.enterprise_key(enterprise)?)?;
        self.collaboration_view(self.item_key(enterprise, item)?, who)
    }

    /// The folders that a user has synced.
    pub fn synced_folders(&self, user: &UserId) -> Vec<ItemId> {
        let Some(user) = self.users.key(user) else { return Vec::new() };
        let theirs = self.synced.of(Who::user(user, true)).map(|(folder, _)| folder);
        theirs.filter_map(|folder| self.item_id(folder)).collect()
    }

    /// All files and folders of an enterprise that are known, in the order in which they became known.
    pub fn items(&self, enterprise: &EnterpriseId) -> impl Iterator<Item = ItemView> {
        let keys = self.enterprise_key(enterprise).into_iter().flat_map(|enterprise| self.tree.all(enterprise));
        keys.filter_map(|item| self.item_view(item))
    }

    /// A file or folder of an enterprise, if it is known.
    pub fn item(&self, enterprise: &EnterpriseId, id: &ItemId) -> Option<ItemView> {
        self.item_view(self.item_key(enterprise, id)?)
    }

    fn item_view(&self, item: ItemKey) -> Option<ItemView> {
        let owner = self.tree.owner(item).and_then(|owner| self.users.row(owner));
        Some(ItemView {
            id: self.item_id(item)?,
            parent: self.tree.parent(item).and_then(|parent| self.item_id(parent)),
            owner: owner.map(|row| row.user.person.id.clone()),
            trashed: self.tree.is_trashed(item),
        })
    }

    /// The folders known to lie above an item, from the top down.
    pub fn folders_above(&self, enterprise: &EnterpriseId, item: &ItemId) -> Vec<ItemId> {
        let Some(item) = self.item_key(enterprise, item) else { return Vec::new() };
        self.tree.above(item).items.into_iter().skip(1).rev().filter_map(|folder| self.item_id(folder)).collect()
    }

    /// Who owns an item, if an event said so.
    pub fn owner_of(&self, enterprise: &EnterpriseId, item: &ItemId) -> Option<&UserId> {
        let owner = self.tree.owner(self.item_key(enterprise, item)?)?;
        self.users.row(owner).map(|row| &row.user.person.id)
    }

    /// Whether an item is in the trash.
    pub fn is_trashed(&self, enterprise: &EnterpriseId, item: &ItemId) -> bool {
        self.item_key(enterprise, item).is_some_and(|item| self.tree.is_trashed(item))
    }

    pub(super) fn item_key(&self, enterprise: &EnterpriseId, item: &ItemId) -> Option<ItemKey> {
        self.tree.find(self.enterprise_key(enterprise)?, item.as_str(), &self.odd)
    }

    pub(super) fn item_id(&self, item: ItemKey) -> Option<ItemId> {
        ItemId::new(&self.tree.id(item, &self.odd)).ok()
    }

    fn user_id(&self, who: Who) -> Option<UserId> {
        match who.is() {
            WhoIs::AtHome(user) | WhoIs::FromElsewhere(user) => {
                self.users.row(user).map(|row| row.user.person.id.clone())
            }
            WhoIs::Group(_) => None,
        }
    }

    fn who_is(&self, with: &Collaborator, enterprise: EnterpriseKey) -> Option<Who> {
        match with {
            Collaborator::User(user) => self.users.key(user).map(|user| self.who(user, enterprise)),
            Collaborator::Group(group) => self.groups.key(enterprise, group).map(Who::group),
        }
    }

    fn collaboration_view(&self, item: ItemKey, who: Who) -> Option<CollaborationView> {
        let grant: &Grant = self.collaborations.get(item, who)?;
        let with = match who.is() {
            WhoIs::Group(group) => Collaborator::Group(self.groups.row(group)?.id.clone()),
            _ => Collaborator::User(self.user_id(who)?),
        };
        let id = OddIds::text(&self.odd, grant.id);
        let item = self.item_id(item)?;
        Some(CollaborationView { id, item, with, role: grant.role, status: grant.status, since: grant.since() })
    }
}
