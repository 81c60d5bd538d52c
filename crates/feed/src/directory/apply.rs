//! What each effect does.

use super::ties::{Since, Tie};
use super::{
    Circle, CollaborationRole, CollaborationStatus, Collaborator, Directory, Effect, EnterpriseKey, Grant, GroupKey,
    ItemKey, Person, Role, Status, User, UserKey, Who, keys::WhoIs,
};
use crate::event::Event;
use crate::id::{EnterpriseId, ItemId, UserId};
use crate::limits::AUDIENCE_POSTED_MAX;
use crate::position::Place;
use smol_str::{SmolStr, ToSmolStr};

/// What became of applying the effects of an event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Applied {
    /// The users to whose lists one was added, so that those who wait can be told.
    pub called: Vec<UserId>,
    /// Which of the effects changed anything, by their index: the others need not be kept.
    pub changed: Vec<usize>,
}

/// Where effects are applied, and who has to look at their lists anew because of them.
struct At {
    enterprise: EnterpriseKey,
    place: Place,
    called: Vec<UserKey>,
}

impl Directory {
    /// Whether applying this effect of an event of `enterprise` would change anything. Keepers need not store those
    /// that do not; for rare kinds it may say yes when in doubt.
    pub fn changes(&self, effect: &Effect, enterprise: &EnterpriseId) -> bool {
        match effect {
            Effect::Met(person) => !person.id.is_anonymous() && self.users.key(&person.id).is_none(),
            Effect::Placed { item, folders, rooted, owner } => {
                !self.is_placed(item, folders, *rooted, owner, enterprise)
            }
            // It tells only of its own event.
            Effect::Moved(_) => false,
            _ => true,
        }
    }

    /// Looks up what events of `enterprise` name, and answers how much of it is known. Hearing them one by one afterwards
    /// finds at hand what it looks at: here many looks at memory are under way at once, because nothing is done between
    /// them.
    pub fn look_ahead(&self, events: &[Event], enterprise: &EnterpriseId) -> usize {
        let effects = || events.iter().flat_map(|event| &event.effects);
        let people = effects().filter_map(|effect| match effect {
            Effect::Met(person) => self.users.key(&person.id),
            _ => None,
        });
        let people = people.count();
        let Some(enterprise) = self.enterprise_key(enterprise) else { return people };
        let known = |id: &ItemId| self.tree.find(enterprise, id.as_str(), &self.odd).is_some();
        let items = effects().map(|effect| match effect {
            Effect::Placed { item, folders, .. } => {
                usize::from(known(item)) + folders.iter().filter(|folder| known(folder)).count()
            }
            _ => 0,
        });
        people + items.sum::<usize>()
    }

    /// Applies what an event of `enterprise` at `place` gives.
    pub fn give(&mut self, effects: &[Effect], enterprise: &EnterpriseId, place: Place) -> Applied {
        self.apply_those(effects, enterprise, place, false)
    }

    /// Applies what an event of `enterprise` at `place` takes away.
    pub fn take(&mut self, effects: &[Effect], enterprise: &EnterpriseId, place: Place) -> Applied {
        self.apply_those(effects, enterprise, place, true)
    }

    /// Applies all effects of an event again, as it was heard at `place`.
    pub fn replay(&mut self, effects: &[Effect], enterprise: &EnterpriseId, place: Place) {
        self.give(effects, enterprise, place);
        self.take(effects, enterprise, place);
    }

    fn apply_those(&mut self, effects: &[Effect], enterprise: &EnterpriseId, place: Place, takes: bool) -> Applied {
        let mut at: Option<At> = None;
        let mut applied = Applied::default();
        for (number, effect) in effects.iter().enumerate().filter(|(_, effect)| effect.takes() == takes) {
            if self.changes(effect, enterprise) {
                let at = at.get_or_insert_with(|| At { enterprise: self.known(enterprise), place, called: Vec::new() });
                self.apply(effect, enterprise, at);
                applied.changed.push(number);
            }
        }
        let called = at.map(|at| at.called).unwrap_or_default();
        let called = called.into_iter().filter_map(|key| self.users.row(key));
        applied.called = called.map(|row| row.user.person.id.clone()).collect();
        applied
    }

    fn known(&mut self, enterprise: &EnterpriseId) -> EnterpriseKey {
        if let Some(key) = self.enterprise_key(enterprise) {
            return key;
        }
        self.known_enterprises.push(enterprise.clone());
        EnterpriseKey(super::number(self.known_enterprises.len() - 1))
    }

    fn apply(&mut self, effect: &Effect, enterprise: &EnterpriseId, at: &mut At) {
        match effect {
            Effect::EnterpriseSet(settings) => {
                // An event speaks for its own enterprise only.
                if settings.id == *enterprise {
                    self.enterprises.insert(settings.id.clone(), settings.clone());
                }
            }
            Effect::Met(person) => {
                self.meet(person, enterprise, at);
            }
            Effect::UserSet { id, name, login, role } => {
                let person = Person {
                    id: id.clone(),
                    name: name.clone().unwrap_or_default(),
                    login: login.clone().unwrap_or_default(),
                };
                let Some(key) = self.meet(&person, enterprise, at) else { return };
                if self.who(key, at.enterprise).at_home().is_none() {
                    return;
                }
                self.users.change(key, |user| {
                    user.person.name = name.clone().unwrap_or_else(|| user.person.name.clone());
                    user.person.login = login.clone().unwrap_or_else(|| user.person.login.clone());
                    user.role = role.clone().unwrap_or_else(|| user.role.clone());
                    user.status = Status::Active;
                    user.modified_at = at.place.second;
                });
            }
            Effect::UserDeleted(id) => self.delete_user(id, at),
            Effect::Synced { user, folder } => {
                let Some(user) = self.users.key(user) else { return };
                let who = Who::user(user, true);
                let folder = self.tree.key(EnterpriseKey::ANY, folder.as_str(), &mut self.odd);
                if self.synced.get(folder, who).is_none() {
                    self.synced.set(folder, who, Since(at.place.to_bits()));
                    self.joined(Circle::Syncers(folder), who, at);
                }
            }
            Effect::Unsynced { user, folder } => {
                let folder = self.tree.find(EnterpriseKey::ANY, folder.as_str(), &self.odd);
                let (Some(user), Some(folder)) = (self.users.key(user), folder) else { return };
                self.unsync(folder, Who::user(user, true), at);
            }
            Effect::GroupSet { group, name } => {
                self.groups.set(at.enterprise, group, name.as_ref(), at.place.second);
            }
            Effect::GroupDeleted(group) => {
                let Some(group) = self.groups.key(at.enterprise, group) else { return };
                self.delete_group(group, at);
            }
            Effect::Joined { user, group } => {
                let Some(user) = self.meet_by_id(user, enterprise, at) else { return };
                let group = self.groups.set(at.enterprise, group, None, at.place.second);
                let who = self.who(user, at.enterprise);
                if self.memberships.get(group, who).is_none() {
                    self.memberships.set(group, who, Since(at.place.to_bits()));
                    self.joined(Circle::Members(group), who, at);
                }
            }
            Effect::Left { user, group } => {
                let (user, group) = (self.users.key(user), self.groups.key(at.enterprise, group));
                let (Some(user), Some(group)) = (user, group) else { return };
                self.leave_group(group, self.who(user, at.enterprise), at);
            }
            Effect::Collaborates { item, with, role, status, id } => {
                let who = match with {
                    Collaborator::User(user) => {
                        let Some(user) = self.meet_by_id(user, enterprise, at) else { return };
                        self.who(user, at.enterprise)
                    }
                    Collaborator::Group(group) => {
                        Who::group(self.groups.set(at.enterprise, group, None, at.place.second))
                    }
                };
                let item = self.item_met(item, at);
                self.collaborate(item, who, (*role, *status, id.as_ref()), at);
            }
            Effect::CollaborationEnded { item, with } => {
                let who = match with {
                    Collaborator::User(user) => self.users.key(user).map(|user| self.who(user, at.enterprise)),
                    Collaborator::Group(group) => self.groups.key(at.enterprise, group).map(Who::group),
                };
                let (Some(who), Some(item)) = (who, self.known_item(item, at)) else { return };
                self.end_collaboration(item, who, at);
            }
            Effect::Placed { item, folders, rooted, owner } => {
                let owner = owner.as_ref().and_then(|owner| self.users.key(owner));
                self.place(item, folders, *rooted, owner, at);
            }
            Effect::Moved(_) => {}
            Effect::Trashed(item) => {
                let item = self.item_met(item, at);
                self.tree.trash(item, true);
            }
            Effect::Restored(item) => {
                if let Some(item) = self.known_item(item, at) {
                    self.tree.trash(item, false);
                }
            }
        }
    }

    fn item_met(&mut self, id: &ItemId, at: &At) -> ItemKey {
        self.tree.key(at.enterprise, id.as_str(), &mut self.odd)
    }

    fn known_item(&self, id: &ItemId, at: &At) -> Option<ItemKey> {
        self.tree.find(at.enterprise, id.as_str(), &self.odd)
    }

    /// The user whom `person` names, added as provisional if unknown; never the anonymous one.
    fn meet(&mut self, person: &Person, enterprise: &EnterpriseId, at: &At) -> Option<UserKey> {
        if person.id.is_anonymous() {
            return None;
        }
        if let Some(key) = self.users.key(&person.id) {
            return Some(key);
        }
        let user = User {
            person: person.clone(),
            home: enterprise.clone(),
            role: Role::User,
            status: Status::Provisional,
            created_at: at.place.second,
            modified_at: at.place.second,
        };
        Some(self.users.add(at.enterprise, user))
    }

    fn meet_by_id(&mut self, id: &UserId, enterprise: &EnterpriseId, at: &At) -> Option<UserKey> {
        let nameless = || Person { id: id.clone(), name: SmolStr::default(), login: SmolStr::default() };
        self.users.key(id).or_else(|| self.meet(&nameless(), enterprise, at))
    }

    /// Only the enterprise where a user is at home can delete them; then all their ties end, also those elsewhere.
    fn delete_user(&mut self, id: &UserId, at: &mut At) {
        let Some(key) = self.users.key(id).filter(|key| self.who(*key, at.enterprise).at_home().is_some()) else {
            return;
        };
        for who in [Who::user(key, true), Who::user(key, false)] {
            let items: Vec<ItemKey> = self.collaborations.of(who).map(|(item, _)| item).collect();
            let groups: Vec<GroupKey> = self.memberships.of(who).map(|(group, _)| group).collect();
            let folders: Vec<ItemKey> = self.synced.of(who).map(|(folder, _)| folder).collect();
            items.into_iter().for_each(|item| self.end_collaboration(item, who, at));
            groups.into_iter().for_each(|group| self.leave_group(group, who, at));
            folders.into_iter().for_each(|folder| self.unsync(folder, who, at));
        }
        self.users.change(key, |user| {
            user.status = Status::Deleted;
            user.modified_at = at.place.second;
        });
    }

    fn delete_group(&mut self, group: GroupKey, at: &mut At) {
        let members: Vec<Who> = self.memberships.to(group).map(|(who, _)| who).collect();
        members.into_iter().for_each(|who| self.leave_group(group, who, at));
        let items: Vec<ItemKey> = self.collaborations.of(Who::group(group)).map(|(item, _)| item).collect();
        items.into_iter().for_each(|item| self.end_collaboration(item, Who::group(group), at));
        self.groups.delete(group);
    }

    fn leave_group(&mut self, group: GroupKey, who: Who, at: &At) {
        if let Some(before) = self.memberships.remove(group, who) {
            self.left(Circle::Members(group), who, before.since(), at);
        }
    }

    fn unsync(&mut self, folder: ItemKey, who: Who, at: &At) {
        if let Some(before) = self.synced.remove(folder, who) {
            self.left(Circle::Syncers(folder), who, before.since(), at);
        }
    }

    fn collaborate(
        &mut self,
        item: ItemKey,
        who: Who,
        (role, status, id): (Option<CollaborationRole>, Option<CollaborationStatus>, Option<&SmolStr>),
        at: &mut At,
    ) {
        let before = self.collaborations.get(item, who).copied();
        let here = at.place.to_bits();
        let grant = match before {
            Some(before) => {
                let status = status.filter(|_| !before.hears()).unwrap_or(before.status);
                let accepted_now = status == CollaborationStatus::Accepted && !before.hears();
                let since = if accepted_now { Since(here) } else { before.since };
                let id = id.map_or(before.id, |id| self.odd.pack(id));
                Grant { since, id, role: role.unwrap_or(before.role), status }
            }
            None => {
                // No other event of the enterprise stands at this place, so its number can be the id.
                let id = self.odd.pack(&id.cloned().unwrap_or_else(|| here.to_smolstr()));
                let (role, status) = (role.unwrap_or(CollaborationRole::Other), status);
                let status = status.unwrap_or(CollaborationStatus::Accepted);
                Grant { since: Since(here), id, role, status }
            }
        };
        if let Some(before) = before {
            self.collaborations_by_id.remove(&(before.id, item, who));
        }
        self.collaborations_by_id.insert((grant.id, item, who));
        self.collaborations.set(item, who, grant);
        if grant.hears() && before.is_none_or(|before| !before.hears()) {
            self.joined(Circle::Collaborators(item), who, at);
        }
    }

    fn end_collaboration(&mut self, item: ItemKey, who: Who, at: &At) {
        let Some(before) = self.collaborations.remove(item, who) else { return };
        self.collaborations_by_id.remove(&(before.id, item, who));
        if before.hears() {
            self.left(Circle::Collaborators(item), who, before.since(), at);
        }
    }

    /// Somebody came into a circle. Once there are too many to post to one by one, its list is opened.
    fn joined(&mut self, circle: Circle, who: Who, at: &mut At) {
        if self.lists.is_open(circle) {
            at.called.extend(who.at_home());
        } else if AUDIENCE_POSTED_MAX < self.heard_at_home(circle) {
            self.lists.open(circle);
            at.called.extend(self.at_home_in(circle));
        }
    }

    fn left(&mut self, circle: Circle, who: Who, since: Place, at: &At) {
        if let WhoIs::AtHome(user) = who.is() {
            self.lists.leave(user, circle, since, at.place);
        }
    }

    fn is_placed(
        &self,
        item: &ItemId,
        folders: &[ItemId],
        rooted: bool,
        owner: &Option<UserId>,
        enterprise: &EnterpriseId,
    ) -> bool {
        let Some(enterprise) = self.enterprise_key(enterprise) else { return false };
        let find = |id: &ItemId| self.tree.find(enterprise, id.as_str(), &self.odd);
        let Some(item) = find(item) else { return false };
        // An owner not yet known may be made known by the effect before this one.
        if let Some(owner) = owner
            && self.users.key(owner).is_none_or(|owner| self.tree.owner(item) != Some(owner))
        {
            return false;
        }
        let mut below = item;
        for folder in folders.iter().rev() {
            match find(folder).filter(|folder| self.tree.parent(below) == Some(*folder)) {
                Some(folder) => below = folder,
                None => return false,
            }
        }
        !rooted || self.tree.parent(below).is_none()
    }

    fn place(&mut self, item: &ItemId, folders: &[ItemId], rooted: bool, owner: Option<UserKey>, at: &At) {
        // From the top down, so that a move among these folders never looks like a circle on the way.
        let mut parent = None;
        let mut known_above = rooted;
        for folder in folders {
            let Some(folder) = self.tree.key_if_room(at.enterprise, folder.as_str(), &mut self.odd) else { return };
            if known_above {
                self.tree.put(folder, parent);
            }
            (parent, known_above) = (Some(folder), true);
        }
        let Some(item) = self.tree.key_if_room(at.enterprise, item.as_str(), &mut self.odd) else { return };
        if known_above {
            self.tree.put(item, parent);
        }
        if let Some(owner) = owner {
            self.tree.own(item, owner);
        }
    }
}
