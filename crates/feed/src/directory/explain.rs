//! Why somebody hears of an item, or does not: the same questions as the audience asks, answered in words.
//!
//! The answers are worked out from the directory as it is now; what tied somebody to an item says since when, so that
//! what came after the event is told apart. What ended since then is not known any more, save for lists
//! (`docs/decisions/0003-explain.md`).

use super::keys::{ItemKey, Who};
use super::{Circle, CollaborationStatus, Directory, Status, Tie, UserKey};
use crate::event::Event;
use crate::id::{EnterpriseId, GroupId, ItemId, ListId, UserId};
use crate::position::Place;
use smol_str::SmolStr;
use std::fmt;

/// One way in which a deed reaches somebody, or nearly does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// They did it.
    Actor,
    /// They own the item.
    Owner,
    /// It is a deed about a group or a collaboration, and concerns them.
    Concerned,
    /// A collaboration of their own, or of a group they are in.
    LetIn {
        /// Its id.
        collaboration: SmolStr,
        /// On which item: the event's own, or a folder above it.
        item: ItemId,
        /// Through which group.
        group: Option<GroupId>,
        /// Whether it began only after the event.
        later: bool,
        /// Whether they are invited and not in.
        pending: bool,
    },
    /// Nobody hears of items in the trash through a collaboration.
    Trashed,
    /// Only the owner hears of deeds of this type.
    OwnerOnly,
    /// The event has no rendering for user feeds.
    NotForUsers,
    /// The user was deleted.
    Deleted,
    /// The directory does not know the user.
    Unknown,
}

impl Reason {
    /// Whether it lets somebody hear of the event.
    pub fn carries(&self) -> bool {
        match self {
            Reason::Actor | Reason::Owner | Reason::Concerned => true,
            Reason::LetIn { later, pending, .. } => !later && !pending,
            _ => false,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Actor => f.write_str("did it"),
            Reason::Owner => f.write_str("owns the item"),
            Reason::Concerned => f.write_str("is the person concerned"),
            Reason::LetIn { collaboration, item, group, later, pending } => {
                write!(f, "is let in on {item} by the collaboration {collaboration}")?;
                if let Some(group) = group {
                    write!(f, " of the group {group}")?;
                }
                match (*later, *pending) {
                    (_, true) => f.write_str(", which is still pending"),
                    (true, false) => f.write_str(", but only since after the event"),
                    (false, false) => Ok(()),
                }
            }
            Reason::Trashed => {
                f.write_str("the item or a folder above it is in the trash, where collaborations do not reach")
            }
            Reason::OwnerOnly => f.write_str("of deeds of this type only the owner hears"),
            Reason::NotForUsers => {
                f.write_str("the event has no rendering for user feeds; it is in the enterprise feed only")
            }
            Reason::Deleted => f.write_str("the user was deleted"),
            Reason::Unknown => f.write_str("the directory does not know the user"),
        }
    }
}

impl Directory {
    /// Everything by which an event of `enterprise` at `place` reaches a user, or by which it might seem to.
    pub fn reasons(&self, event: &Event, enterprise: &EnterpriseId, place: Place, user: &UserId) -> Vec<Reason> {
        let mut reasons = Vec::new();
        let Some(key) = self.users.key(user) else { return vec![Reason::Unknown] };
        if self.user(user).is_some_and(|user| user.status == Status::Deleted) {
            reasons.push(Reason::Deleted);
        }
        let way = event.item.as_ref().map(|item| self.way(item, enterprise)).unwrap_or_default();
        let owner = event.owner.as_ref().and_then(|owner| self.users.key(owner)).or(way.owner);
        if owner == Some(key) {
            reasons.push(Reason::Owner);
        }
        if event.owner_only {
            reasons.push(Reason::OwnerOnly);
            return reasons;
        }
        if event.actor == *user {
            reasons.push(Reason::Actor);
        }
        if event.effects.iter().filter_map(super::Effect::person_concerned).any(|it| it == user) {
            reasons.push(Reason::Concerned);
        }
        let before = reasons.len();
        for item in &way.items {
            self.let_in_on(*item, key, place, &mut reasons);
        }
        if way.trashed && before < reasons.len() {
            reasons.push(Reason::Trashed);
        }
        reasons
    }

    fn let_in_on(&self, item: ItemKey, user: UserKey, place: Place, reasons: &mut Vec<Reason>) {
        let (Some(enterprise), Some(id)) = (self.tree.enterprise(item), self.item_id(item)) else { return };
        let who = self.who(user, enterprise);
        let mut push = |grant: &super::Grant, group: Option<GroupId>, since: Place| {
            reasons.push(Reason::LetIn {
                collaboration: self.odd.text(grant.id),
                item: id.clone(),
                group,
                later: place < since,
                pending: grant.status == CollaborationStatus::Pending,
            });
        };
        if let Some(grant) = self.collaborations.get(item, who) {
            push(grant, None, grant.since());
        }
        for (group, member) in self.memberships.of(who) {
            if let (Some(grant), Some(row)) = (self.collaborations.get(item, Who::group(group)), self.groups.row(group))
            {
                push(grant, Some(row.id.clone()), grant.since().max(member.since()));
            }
        }
    }

    /// Users at home elsewhere whom an event reaches as things stand: the actor, the owner, and those let in.
    pub fn reachable_elsewhere(&self, event: &Event, enterprise: &EnterpriseId) -> Vec<UserId> {
        let way = event.item.as_ref().map(|item| self.way(item, enterprise)).unwrap_or_default();
        let named = [Some(&event.actor).filter(|_| !event.owner_only), event.owner.as_ref()];
        let mut keys: Vec<UserKey> = named.into_iter().flatten().filter_map(|id| self.users.key(id)).collect();
        if !event.owner_only && event.audience.is_none() {
            self.cover(&way, |user| keys.push(user), |_| {});
        }
        let mut users: Vec<UserId> = Vec::new();
        for row in keys.into_iter().filter_map(|key| self.users.row(key)) {
            if row.user.home != *enterprise && !users.contains(&row.user.person.id) {
                users.push(row.user.person.id.clone());
            }
        }
        users
    }

    /// Up to `limit` users who belonged to a list at a place.
    pub fn belonged(&self, list: &ListId, at: Place, limit: usize) -> Vec<UserId> {
        let Some((circle, _)) = Circle::of_list(list) else { return Vec::new() };
        let mut users: Vec<UserKey> = self.at_home_in(circle).chain(self.lists.everybody_gone()).collect();
        users.sort_unstable();
        users.dedup();
        let ids = users.into_iter().filter_map(|user| self.users.row(user)).map(|row| &row.user.person.id);
        let belonged =
            |id: &&UserId| self.lists(id).iter().any(|span| span.list == *list && span.from < at && at <= span.to);
        ids.filter(belonged).take(limit).cloned().collect()
    }

    /// What a list is, in words.
    pub fn list_in_words(&self, list: &ListId) -> String {
        let item = |item: ItemKey| self.item_id(item).map(|id| id.to_string()).unwrap_or_default();
        let Some((circle, synced)) = Circle::of_list(list) else { return format!("list {list}") };
        let mut words = match circle {
            Circle::Collaborators(on) => format!("the collaborators on {}", item(on)),
            Circle::Syncers(folder) => format!("those who have {} synced", item(folder)),
            Circle::Members(group) => match self.groups.row(group) {
                Some(row) => format!("the members of the group {}", row.id),
                None => format!("list {list}"),
            },
        };
        if let Some(folder) = synced {
            words.push_str(&format!(" who have {} synced", item(folder)));
        }
        words
    }
}
