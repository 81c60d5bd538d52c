//! The directory: enterprises, people, groups, who shares what with whom, and where things lie; kept by the events
//! themselves.
//!
//! It is a fold: starting from nothing, or from any snapshot, and applying the [`Effect`]s of events in position order
//! gives the same directory everywhere. An event speaks for its own enterprise only: users are known everywhere by
//! their id, but groups, items and what ties users to them belong to the enterprise whose events named them.
//!
//! It knows nothing of renderings or tokens. What it keeps, and in which form, is in its parts; `apply` has what each
//! effect does, `cover` what the audience asks, `ask` what administrators ask.

mod apply;
mod ask;
mod cover;
mod effect;
mod explain;
mod groups;
mod keys;
mod list_names;
mod lists;
mod people;
mod rows;
mod ties;
mod tree;
mod users;

pub use apply::Applied;
pub use ask::{CollaborationView, GroupView, ItemView};
pub(crate) use cover::{SyncedFolder, Way};
pub use effect::{CollaborationRole, CollaborationStatus, Collaborator, Effect};
pub use explain::Reason;
pub(crate) use keys::UserKey;
pub(crate) use lists::Circle;
pub use lists::ListSpan;
pub use people::{CoAdminRights, Enterprise, Person, Role, Status, User};
pub(crate) use users::Face;

use crate::id::{EnterpriseId, UserId};
use crate::position::Place;
use groups::Groups;
use keys::{EnterpriseKey, GroupKey, ItemKey, OddIds, Packed, Who, number};
use lists::Lists;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use ties::{Since, Tie, Ties};
use tree::Tree;
use users::Users;

/// A collaboration, as kept: 24 bytes, and 8 for whom and on what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Grant {
    since: Since,
    id: Packed,
    role: CollaborationRole,
    status: CollaborationStatus,
}

impl Tie for Grant {
    fn since(&self) -> Place {
        self.since.since()
    }

    fn hears(&self) -> bool {
        self.status == CollaborationStatus::Accepted
    }
}

/// Enterprises, users, groups and items, and what is known of them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Directory {
    enterprises: FxHashMap<EnterpriseId, Enterprise>,
    /// The enterprises whose events were applied, in the order of their keys.
    known_enterprises: Vec<EnterpriseId>,
    odd: OddIds,
    users: Users,
    groups: Groups,
    tree: Tree,
    collaborations: Ties<ItemKey, Grant>,
    collaborations_by_id: BTreeSet<(Packed, ItemKey, Who)>,
    memberships: Ties<GroupKey, Since>,
    synced: Ties<ItemKey, Since>,
    lists: Lists,
}

impl Directory {
    /// The enterprise with this id.
    pub fn enterprise(&self, id: &EnterpriseId) -> Option<&Enterprise> {
        self.enterprises.get(id)
    }

    /// All enterprises, in no order.
    pub fn enterprises(&self) -> impl Iterator<Item = &Enterprise> {
        self.enterprises.values()
    }

    /// The user with this id; never the anonymous one.
    pub fn user(&self, id: &UserId) -> Option<&User> {
        self.users.row(self.users.key(id)?).map(|row| &row.user)
    }

    /// All users, in the order in which they became known.
    pub fn users(&self) -> impl Iterator<Item = &User> {
        self.users.all()
    }

    /// The user of an enterprise with this login who was not deleted. Logins are compared without regard to ASCII case.
    /// An empty one is that of every user whose login nobody knows, and so finds none of them.
    pub fn user_by_login(&self, enterprise: &EnterpriseId, login: &str) -> Option<&User> {
        if login.is_empty() {
            return None;
        }
        self.users.by_login(self.enterprise_key(enterprise)?, login)
    }

    /// The lists to which a user belongs or belonged, with the places between which the list's events are theirs. Only
    /// lists that something may have been posted to are named. They are lists of the user's home.
    pub fn lists(&self, user: &UserId) -> Vec<ListSpan> {
        let Some(key) = self.users.key(user) else { return Vec::new() };
        let who = Who::user(key, true);
        let since = |tie: &dyn Fn() -> Place| lists::Stretch::since(tie());
        let mut heard = Vec::new();
        let mut synced = Vec::new();
        for (item, grant) in self.collaborations.of(who).filter(|(_, grant)| grant.hears()) {
            heard.push((Circle::Collaborators(item), since(&|| grant.since())));
        }
        for (group, tie) in self.memberships.of(who) {
            heard.push((Circle::Members(group), since(&|| tie.since())));
        }
        for (folder, tie) in self.synced.of(who) {
            synced.push((Circle::Syncers(folder), since(&|| tie.since())));
        }
        for gone in self.lists.gone(key) {
            let into = if matches!(gone.circle, Circle::Syncers(_)) { &mut synced } else { &mut heard };
            into.push((gone.circle, gone.stretch()));
        }
        heard.retain(|(circle, _)| self.lists.is_open(*circle));
        synced.retain(|(circle, _)| self.lists.is_open(*circle));

        let span = |list, stretch: lists::Stretch| ListSpan { list, from: stretch.from, to: stretch.to };
        let mut spans: Vec<ListSpan> = heard.iter().map(|(circle, stretch)| span(circle.list(), *stretch)).collect();
        for (circle, stretch) in &heard {
            for (folder, while_synced) in &synced {
                if let (Circle::Syncers(folder), Some(both)) = (folder, stretch.meet(*while_synced)) {
                    spans.push(span(circle.list_synced(*folder), both));
                }
            }
        }
        spans
    }

    /// How many collaborations there are.
    pub fn collaborations_count(&self) -> usize {
        self.collaborations.len()
    }

    /// The enterprise of a key.
    pub(crate) fn enterprise_id(&self, key: EnterpriseKey) -> Option<&EnterpriseId> {
        self.known_enterprises.get(keys::index(key.0))
    }

    fn enterprise_key(&self, id: &EnterpriseId) -> Option<EnterpriseKey> {
        // There are few enterprises on a server, and mostly one.
        self.known_enterprises.iter().position(|known| known == id).map(|at| EnterpriseKey(number(at)))
    }

    /// A user as seen from an enterprise.
    fn who(&self, user: UserKey, seen_from: EnterpriseKey) -> Who {
        Who::user(user, self.users.row(user).is_some_and(|row| row.home == seen_from))
    }
}
