//! The directory: enterprises, users, roles and synced folders, kept by the events themselves.
//!
//! It is a fold: starting from nothing and applying the [`Effect`]s of events in position order gives the same
//! directory everywhere. What an event *gives* is seen by the event itself, what it *takes away* only after it
//! (design, section 6), so that both the person added and the person removed hear of it; hence [`Directory::give`]
//! before the audience is resolved and [`Directory::take`] after.
//!
//! It knows nothing of renderings, positions or tokens.

use crate::id::{EnterpriseId, ItemId, UserId};
use crate::retention::Retention;
use crate::time::Second;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::collections::BTreeSet;

/// What somebody may do in their enterprise (protocol, section 10).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// Reads their own feed.
    User,
    /// An administrator with a chosen subset of the rights.
    CoAdmin(CoAdminRights),
    /// Has every right over the enterprise.
    Admin,
    /// The technical user of an application that uses server authentication.
    ServiceAccount,
}

/// The rights of a co-admin, one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CoAdminRights {
    /// "Run new reports and access existing reports": reads the enterprise feed.
    pub reports: bool,
    /// Manages users, and so may act as them.
    pub users: bool,
}

/// Where a user stands in the course of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    /// Somebody whom an event named, but whom nobody has added yet.
    Provisional,
    /// A user in use.
    Active,
    /// A user who was deleted: no feed grows any more, no token works.
    Deleted,
}

/// Somebody as events name them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The user's id.
    pub id: UserId,
    /// The name, possibly empty.
    pub name: SmolStr,
    /// The login (an e-mail address), possibly empty.
    pub login: SmolStr,
}

/// A user of the directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Id, name and login.
    pub person: Person,
    /// The enterprise the user belongs to; the user's feed lives in its line of positions.
    pub home: EnterpriseId,
    /// What the user may do.
    pub role: Role,
    /// Where the account stands.
    pub status: Status,
    /// When the directory first knew of the user.
    pub created_at: Second,
    /// When an event last changed the user.
    pub modified_at: Second,
    /// The folders that this user has marked as synced.
    pub synced: BTreeSet<ItemId>,
}

/// An enterprise of the directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enterprise {
    /// Its id.
    pub id: EnterpriseId,
    /// Its name.
    pub name: SmolStr,
    /// How long its events are kept.
    pub retention: Retention,
    /// Whether event types that need opting in reach it (`FILE_MARKED_MALICIOUS`).
    pub opted_in: bool,
}

/// What an event changes in the directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Effect {
    /// The enterprise was set up, or its settings were changed.
    EnterpriseSet(Enterprise),
    /// An event named this person; whoever is unknown becomes a provisional user of the event's enterprise.
    Met(Person),
    /// The user was added or edited. `None` leaves what is there.
    UserSet {
        /// Who.
        id: UserId,
        /// The name from now on.
        name: Option<SmolStr>,
        /// The login from now on.
        login: Option<SmolStr>,
        /// The role from now on.
        role: Option<Role>,
    },
    /// The user was deleted.
    UserDeleted(UserId),
    /// The user marked a folder as synced.
    Synced {
        /// Who.
        user: UserId,
        /// Which folder.
        folder: ItemId,
    },
    /// The user unmarked a synced folder.
    Unsynced {
        /// Who.
        user: UserId,
        /// Which folder.
        folder: ItemId,
    },
}

impl Effect {
    /// Whether it takes something away, and so comes true only after its own event was heard.
    fn takes(&self) -> bool {
        match self {
            Effect::UserDeleted(_) | Effect::Unsynced { .. } => true,
            Effect::EnterpriseSet(_) | Effect::Met(_) | Effect::UserSet { .. } | Effect::Synced { .. } => false,
        }
    }
}

/// Enterprises and users, and what is known of them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Directory {
    enterprises: FxHashMap<EnterpriseId, Enterprise>,
    users: FxHashMap<UserId, User>,
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
        self.users.get(id)
    }

    /// All users, in no order.
    pub fn users(&self) -> impl Iterator<Item = &User> {
        self.users.values()
    }

    /// The user of an enterprise with this login. Logins are compared without regard to ASCII case. An empty one is
    /// that of every user whose login nobody knows, and so finds none of them.
    pub fn user_by_login(&self, enterprise: &EnterpriseId, login: &str) -> Option<&User> {
        if login.is_empty() {
            return None;
        }
        self.users().find(|user| user.home == *enterprise && user.person.login.eq_ignore_ascii_case(login))
    }

    /// Whether applying this effect would change anything. An event whose effects are all known already costs
    /// nothing more at the commit point.
    pub fn changes(&self, effect: &Effect) -> bool {
        match effect {
            Effect::Met(person) => !person.id.is_anonymous() && !self.users.contains_key(&person.id),
            _ => true,
        }
    }

    /// Applies what an event of `enterprise`, recorded at `now`, gives.
    pub fn give(&mut self, effects: &[Effect], enterprise: &EnterpriseId, now: Second) {
        for effect in effects.iter().filter(|effect| !effect.takes()) {
            if self.changes(effect) {
                self.apply(effect, enterprise, now);
            }
        }
    }

    /// Applies what an event of `enterprise`, recorded at `now`, takes away.
    pub fn take(&mut self, effects: &[Effect], enterprise: &EnterpriseId, now: Second) {
        for effect in effects.iter().filter(|effect| effect.takes()) {
            self.apply(effect, enterprise, now);
        }
    }

    fn apply(&mut self, effect: &Effect, enterprise: &EnterpriseId, now: Second) {
        match effect {
            Effect::EnterpriseSet(settings) => {
                // An event speaks for its own enterprise only.
                if settings.id == *enterprise {
                    self.enterprises.insert(settings.id.clone(), settings.clone());
                }
            }
            Effect::Met(person) => {
                self.meet(person, enterprise, now);
            }
            Effect::UserSet { id, name, login, role } => {
                let person = Person {
                    id: id.clone(),
                    name: name.clone().unwrap_or_default(),
                    login: login.clone().unwrap_or_default(),
                };
                let Some(user) = self.meet(&person, enterprise, now) else { return };
                if let Some(name) = name {
                    user.person.name = name.clone();
                }
                if let Some(login) = login {
                    user.person.login = login.clone();
                }
                if let Some(role) = role {
                    user.role = role.clone();
                }
                user.status = Status::Active;
                user.modified_at = now;
            }
            Effect::UserDeleted(id) => {
                if let Some(user) = self.own_user(id, enterprise) {
                    user.status = Status::Deleted;
                    user.synced.clear();
                    user.modified_at = now;
                }
            }
            Effect::Synced { user, folder } => {
                if let Some(user) = self.users.get_mut(user) {
                    user.synced.insert(folder.clone());
                }
            }
            Effect::Unsynced { user, folder } => {
                if let Some(user) = self.users.get_mut(user) {
                    user.synced.remove(folder);
                }
            }
        }
    }

    /// The user whom `person` names, added as provisional if unknown. `None` for the anonymous user and for users of
    /// another enterprise, whose own directory decides about them.
    fn meet(&mut self, person: &Person, enterprise: &EnterpriseId, now: Second) -> Option<&mut User> {
        if person.id.is_anonymous() {
            return None;
        }
        let user = self.users.entry(person.id.clone()).or_insert_with(|| User {
            person: person.clone(),
            home: enterprise.clone(),
            role: Role::User,
            status: Status::Provisional,
            created_at: now,
            modified_at: now,
            synced: BTreeSet::new(),
        });
        (user.home == *enterprise).then_some(user)
    }

    fn own_user(&mut self, id: &UserId, enterprise: &EnterpriseId) -> Option<&mut User> {
        self.users.get_mut(id).filter(|user| user.home == *enterprise)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home() -> EnterpriseId {
        EnterpriseId::new("1").unwrap()
    }

    fn person(id: &str) -> Person {
        Person { id: UserId::new(id).unwrap(), name: "Mara".into(), login: "mara@halden.example".into() }
    }

    #[test]
    fn whom_an_event_names_becomes_a_provisional_user_once() {
        let mut directory = Directory::default();
        directory.give(&[Effect::Met(person("7"))], &home(), Second(5));
        let renamed = Person { name: "Other".into(), ..person("7") };
        directory.give(&[Effect::Met(renamed)], &home(), Second(9));
        let user = directory.user(&UserId::new("7").unwrap()).unwrap();
        assert_eq!((user.status, user.created_at, user.person.name.as_str()), (Status::Provisional, Second(5), "Mara"));
    }

    #[test]
    fn the_anonymous_user_is_never_added() {
        let mut directory = Directory::default();
        directory.give(&[Effect::Met(person("2"))], &home(), Second(5));
        assert_eq!(directory.users().count(), 0);
    }

    #[test]
    fn an_event_cannot_change_users_of_another_enterprise() {
        let mut directory = Directory::default();
        let other = EnterpriseId::new("9").unwrap();
        directory.give(&[Effect::Met(person("7"))], &home(), Second(5));
        let grab = Effect::UserSet { id: person("7").id, name: None, login: None, role: Some(Role::Admin) };
        directory.give(&[grab], &other, Second(6));
        directory.take(&[Effect::UserDeleted(person("7").id)], &other, Second(6));
        let user = directory.user(&person("7").id).unwrap();
        assert_eq!((&user.role, user.status, &user.home), (&Role::User, Status::Provisional, &home()));
    }

    #[test]
    fn what_is_taken_away_is_taken_after() {
        let mut directory = Directory::default();
        let folder = ItemId::new("11").unwrap();
        let id = person("7").id;
        directory.give(&[Effect::Met(person("7"))], &home(), Second(5));
        directory.give(&[Effect::Synced { user: id.clone(), folder: folder.clone() }], &home(), Second(5));
        let unsync = [Effect::Unsynced { user: id.clone(), folder: folder.clone() }];
        directory.give(&unsync, &home(), Second(6));
        assert!(directory.user(&id).unwrap().synced.contains(&folder));
        directory.take(&unsync, &home(), Second(6));
        assert!(!directory.user(&id).unwrap().synced.contains(&folder));
    }
}
