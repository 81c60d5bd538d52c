//! The users, by key, by id and by login.

use super::keys::{EnterpriseKey, UserKey, index, number};
use super::people::{Status, User};
use crate::id::UserId;
use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use smol_str::{SmolStr, StrExt};
use std::collections::BTreeSet;

/// A user, with the key of the user's home.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct UserRow {
    pub(crate) home: EnterpriseKey,
    pub(crate) user: User,
}

/// What the audience needs of a user: kept where the id is found, so that the row need not be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Face {
    pub(crate) key: UserKey,
    /// Users never change it.
    pub(crate) home: EnterpriseKey,
}

/// All users. None is ever forgotten, because events go on naming them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Users {
    rows: Vec<UserRow>,
    by_id: FxHashMap<UserId, Face>,
    /// Few beside the others, so that looking here costs nothing.
    deleted: FxHashSet<UserKey>,
    /// Logins in lower case, of users not deleted. Events may give two users the same; then the older one has it.
    by_login: BTreeSet<(EnterpriseKey, SmolStr, UserKey)>,
}

impl Users {
    pub(super) fn key(&self, id: &UserId) -> Option<UserKey> {
        self.face(id).map(|face| face.key)
    }

    pub(super) fn face(&self, id: &UserId) -> Option<Face> {
        self.by_id.get(id).copied()
    }

    pub(super) fn is_deleted(&self, key: UserKey) -> bool {
        self.deleted.contains(&key)
    }

    pub(super) fn row(&self, key: UserKey) -> Option<&UserRow> {
        self.rows.get(index(key.0))
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &User> {
        self.rows.iter().map(|row| &row.user)
    }

    pub(super) fn by_login(&self, home: EnterpriseKey, login: &str) -> Option<&User> {
        let login = login.to_ascii_lowercase_smolstr();
        let first = (home, login.clone(), UserKey(0));
        let found = self.by_login.range(first..).next().filter(|(at, found, _)| *at == home && *found == login)?;
        self.row(found.2).map(|row| &row.user)
    }

    pub(super) fn add(&mut self, home: EnterpriseKey, user: User) -> UserKey {
        let key = UserKey(number(self.rows.len()));
        self.by_id.insert(user.person.id.clone(), Face { key, home });
        self.rows.push(UserRow { home, user });
        self.index_login(key, true);
        self.index_deleted(key);
        key
    }

    /// Changes a user; the login may be another afterwards.
    pub(super) fn change(&mut self, key: UserKey, change: impl FnOnce(&mut User)) {
        self.index_login(key, false);
        if let Some(row) = self.rows.get_mut(index(key.0)) {
            change(&mut row.user);
        }
        self.index_login(key, true);
        self.index_deleted(key);
    }

    fn index_deleted(&mut self, key: UserKey) {
        if self.row(key).is_some_and(|row| row.user.status == Status::Deleted) {
            self.deleted.insert(key);
        } else {
            self.deleted.remove(&key);
        }
    }

    fn index_login(&mut self, key: UserKey, known: bool) {
        let Some(UserRow { home, user }) = self.rows.get(index(key.0)) else { return };
        if user.person.login.is_empty() || user.status == Status::Deleted {
            return;
        }
        let entry = (*home, user.person.login.to_ascii_lowercase_smolstr(), key);
        if known {
            self.by_login.insert(entry);
        } else {
            self.by_login.remove(&entry);
        }
    }
}

impl Serialize for Users {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.rows.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Users {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut users = Users::default();
        for row in Vec::<UserRow>::deserialize(deserializer)? {
            users.add(row.home, row.user);
        }
        Ok(users)
    }
}
