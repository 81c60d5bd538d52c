//! What the audience asks: who hears of an item, through what, and who has it synced.

use super::keys::{EnterpriseKey, ItemKey, Packed, Who, WhoIs};
use super::users::{Face, UserRow};
use super::{Circle, Directory, Tie, UserKey};
use crate::event::Item;
use crate::id::{EnterpriseId, ListId, UserId};
use crate::limits::AUDIENCE_POSTED_MAX;

/// The way up from an item at the moment of a deed: the item and the folders above it, nearest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Way {
    pub(super) items: Vec<ItemKey>,
    /// The same by their ids, also of those that only the event shows.
    ids: Vec<Packed>,
    pub(super) owner: Option<UserKey>,
    /// Whether something on it lies in the trash, where no collaboration reaches.
    pub(super) trashed: bool,
}

impl Way {
    /// This way and another one of the same item, which was moved.
    pub(crate) fn join(&mut self, other: Way) {
        self.items.extend(other.items.into_iter().filter(|item| !self.items.contains(item)).collect::<Vec<_>>());
        self.ids.extend(other.ids.into_iter().filter(|id| !self.ids.contains(id)).collect::<Vec<_>>());
    }
}

impl Directory {
    /// The way up from an item: the folders that the event shows, and what lies above them as far as it is known.
    pub(crate) fn way(&self, item: &Item, enterprise: &EnterpriseId) -> Way {
        let Some(enterprise) = self.enterprise_key(enterprise) else { return Way::default() };
        let find = |id: &crate::id::ItemId| self.tree.find(enterprise, id.as_str(), &self.odd);
        let own = find(&item.id);
        let mut way = Way { owner: own.and_then(|own| self.tree.owner(own)), ..Way::default() };
        // What an event shows needs no tree; what lies above the topmost folder shown does.
        let mut shown: Vec<ItemKey> = own.into_iter().chain(item.folders.iter().rev().filter_map(find)).collect();
        let above = shown.pop().map(|top| self.tree.above(top)).unwrap_or_default();
        way.trashed = above.trashed || shown.iter().any(|item| self.tree.is_trashed(*item));
        let shown_ids = std::iter::once(&item.id).chain(item.folders.iter().rev());
        way.ids.extend(shown_ids.filter_map(|id| self.odd.find(id.as_str())));
        way.ids.extend(above.items.iter().skip(1).filter_map(|item| self.tree.packed(*item)));
        way.items = shown;
        way.items.extend(above.items);
        way
    }

    pub(crate) fn face(&self, id: &UserId) -> Option<Face> {
        self.users.face(id)
    }

    pub(crate) fn is_deleted(&self, user: UserKey) -> bool {
        self.users.is_deleted(user)
    }

    pub(crate) fn user_key(&self, id: &UserId) -> Option<UserKey> {
        self.users.key(id)
    }

    pub(crate) fn user_row(&self, key: UserKey) -> Option<&UserRow> {
        self.users.row(key)
    }

    /// The owner of the item from which a way goes up.
    pub(crate) fn owner_on(&self, way: &Way) -> Option<UserKey> {
        way.owner
    }

    /// Everybody whom a collaboration on the way lets in: users one by one, and circles too large for that.
    pub(crate) fn cover(&self, way: &Way, mut one: impl FnMut(UserKey), mut many: impl FnMut(Circle)) {
        if way.trashed {
            return;
        }
        for item in &way.items {
            let mut let_in = |circle: Circle| {
                if self.is_large(circle) {
                    many(circle);
                } else {
                    self.at_home_in(circle).for_each(&mut one);
                }
            };
            let_in(Circle::Collaborators(*item));
            for (who, _) in self.collaborations.not_at_home(*item).filter(|(_, grant)| grant.hears()) {
                match who.is() {
                    WhoIs::AtHome(_) => {}
                    WhoIs::FromElsewhere(user) => one(user),
                    WhoIs::Group(group) => {
                        let mut let_in = |circle: Circle| {
                            if self.is_large(circle) {
                                many(circle);
                            } else {
                                self.at_home_in(circle).for_each(&mut one);
                            }
                        };
                        let_in(Circle::Members(group));
                        self.memberships.not_at_home(group).for_each(|(who, _)| {
                            if let WhoIs::FromElsewhere(user) = who.is() {
                                one(user);
                            }
                        });
                    }
                }
            }
        }
    }

    /// Whether anybody has synced anything.
    pub(crate) fn anything_synced(&self) -> bool {
        self.synced.len() > 0
    }

    /// The folders on a way that somebody has synced.
    pub(crate) fn synced_on(&self, way: &Way) -> Vec<SyncedFolder> {
        let folders = way.ids.iter().filter_map(|id| self.tree.find_packed(EnterpriseKey::ANY, *id));
        folders.filter(|folder| self.synced.to(*folder).next().is_some()).map(SyncedFolder).collect()
    }

    /// Whether the user has the folder synced.
    pub(crate) fn has_synced(&self, user: UserKey, folder: SyncedFolder) -> bool {
        self.synced.hears(folder.0, Who::user(user, true))
    }

    /// Those in a large circle who have a folder synced: a list of its own if they are many, and each of them if not.
    pub(crate) fn synced_in(
        &self,
        circle: Circle,
        folder: SyncedFolder,
        mut one: impl FnMut(UserKey),
        mut many: impl FnMut(ListId),
    ) {
        let syncers = Circle::Syncers(folder.0);
        if self.is_large(syncers) {
            many(circle.list_synced(folder.0));
        } else {
            self.at_home_in(syncers).filter(|user| self.is_in(circle, *user)).for_each(&mut one);
        }
    }

    fn is_in(&self, circle: Circle, user: UserKey) -> bool {
        let who = Who::user(user, true);
        match circle {
            Circle::Collaborators(item) => self.collaborations.hears(item, who),
            Circle::Members(group) => self.memberships.hears(group, who),
            Circle::Syncers(folder) => self.synced.hears(folder, who),
        }
    }

    fn is_large(&self, circle: Circle) -> bool {
        AUDIENCE_POSTED_MAX < self.heard_at_home(circle) && self.lists.is_open(circle)
    }

    /// How many users at home hear through a circle.
    pub(super) fn heard_at_home(&self, circle: Circle) -> usize {
        match circle {
            Circle::Collaborators(item) => self.collaborations.heard_at_home(item),
            Circle::Members(group) => self.memberships.heard_at_home(group),
            Circle::Syncers(folder) => self.synced.heard_at_home(folder),
        }
    }

    /// The users at home who hear through a circle.
    pub(super) fn at_home_in(&self, circle: Circle) -> impl Iterator<Item = UserKey> + '_ {
        let (collaborators, members, syncers) = match circle {
            Circle::Collaborators(item) => (Some(item), None, None),
            Circle::Members(group) => (None, Some(group), None),
            Circle::Syncers(folder) => (None, None, Some(folder)),
        };
        let collaborators = collaborators.into_iter().flat_map(|item| self.collaborations.to(item));
        let collaborators = collaborators.filter(|(_, grant)| grant.hears()).map(|(who, _)| who);
        let members = members.into_iter().flat_map(|group| self.memberships.to(group)).map(|(who, _)| who);
        let syncers = syncers.into_iter().flat_map(|folder| self.synced.to(folder)).map(|(who, _)| who);
        collaborators.chain(members).chain(syncers).map_while(Who::at_home)
    }
}

/// A folder that somebody has synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SyncedFolder(ItemKey);
