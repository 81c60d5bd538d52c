//! The users, by key, by id and by login.

use super::keys::{EnterpriseKey, UserKey, index, number};
use super::people::{Status, User};
use crate::id::UserId;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use smol_str::{SmolStr, StrExt};
use std::collections::BTreeSet;

/// A user, with the key of the user's home.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct UserRow {
    pub(crate) home: EnterpriseKey,
    pub(crate) user: User,
}

/// All users. None is ever forgotten, because events go on naming them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Users {
    rows: Vec<UserRow>,
    by_id: FxHashMap<UserId, UserKey>,
    /// Logins in lower case, of users not deleted. Events may give two users the same; then the older one has it.
    by_login: BTreeSet<(EnterpriseKey, SmolStr, UserKey)>,
}

impl Users {
    pub(super) fn key(&self, id: &UserId) -> Option<UserKey> {
        self.by_id.get(id).copied()
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
        self.by_id.insert(user.person.id.clone(), key);
        self.rows.push(UserRow { home, user });
        self.index_login(key, true);
        key
    }

    /// Changes a user; the login may be another afterwards.
    pub(super) fn change(&mut self, key: UserKey, change: impl FnOnce(&mut User)) {
        self.index_login(key, false);
        if let Some(row) = self.rows.get_mut(index(key.0)) {
            change(&mut row.user);
        }
        self.index_login(key, true);
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
