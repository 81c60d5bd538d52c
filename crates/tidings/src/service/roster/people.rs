//! The people of a directory file: who is who, in the file and in the directory, and what becomes of them.

use super::file::{Roster, RosterUser};
use super::plan::{Planner, Wrong};
use crate::service::administer::{check_texts, role_of};
use crate::service::changes::{self, Change, Doer};
use feed::directory::{Directory, Effect, Enterprise, Person, Role, Status, User};
use feed::id::{EnterpriseId, UserId};
use feed::retention::Retention;
use rustc_hash::FxHashMap;
use serde_json::{Value, json};

/// Everybody in a file: ids are of the whole server, logins of one enterprise.
#[derive(Default)]
pub(super) struct People<'f> {
    by_id: FxHashMap<&'f str, (&'f EnterpriseId, &'f RosterUser)>,
    by_login: FxHashMap<(&'f EnterpriseId, String), &'f RosterUser>,
}

impl<'f> People<'f> {
    /// Looks at the people of one enterprise of the file.
    pub(super) fn add(&mut self, home: &'f EnterpriseId, roster: &'f Roster) -> Result<(), Wrong> {
        for (index, user) in roster.users.iter().enumerate() {
            let wrong = |why: String| Err(Wrong::at("users", index, &user.id, why));
            if self.by_id.insert(&user.id, (home, user)).is_some() {
                return wrong("there is another user with this id in the file".to_owned());
            }
            if user.login.is_empty() {
                continue;
            }
            if let Some(other) = self.by_login.insert((home, user.login.to_ascii_lowercase()), user) {
                return wrong(format!("the user '{}' of the file has the login '{}' too", other.id, user.login));
            }
        }
        Ok(())
    }

    fn find(&self, home: &EnterpriseId, word: &str) -> Option<&'f RosterUser> {
        let by_id = self.by_id.get(word).filter(|(theirs, _)| *theirs == home).map(|(_, user)| *user);
        by_id.or_else(|| {
            let login = (home, word.to_ascii_lowercase());
            self.by_login.get(&login).copied()
        })
    }
}

impl Planner<'_> {
    /// What becomes of the enterprise itself and of its people.
    pub(super) fn people(&self) -> Result<Vec<Change>, Wrong> {
        let mut changes: Vec<Change> = self.enterprise()?.into_iter().collect();
        let mut met = Vec::new();
        for (index, user) in self.roster.users.iter().enumerate() {
            let wrong = |why: String| Wrong::at("users", index, &user.id, why);
            let known = self.known(user).map_err(wrong)?;
            let role = role_of(&user.change()).map_err(|why| wrong(why.to_string()))?.unwrap_or(Role::User);
            let person = person(user).map_err(wrong)?;
            match known {
                Some(known) if known.status == Status::Active => {
                    if known.person != person {
                        changes.push(changes::user(self.by, "EDIT_USER", &person));
                    }
                    if known.role != role {
                        changes.push(changes::role(self.by, &person, &role));
                    }
                }
                Some(known) if user.is_provisional() && known.status == Status::Provisional => {}
                _ if user.is_provisional() => met.push(Effect::Met(person)),
                _ => {
                    changes.push(changes::user(self.by, "NEW_USER", &person));
                    if role != Role::User {
                        changes.push(changes::role(self.by, &person, &role));
                    }
                }
            }
        }
        if !met.is_empty() {
            let source = json!({"users_met": met.len()});
            changes
                .push(Change::by_the_server(changes::deed(self.by, "DIRECTORY_USERS_MET", &source, &Value::Null), met));
        }
        Ok(changes)
    }

    /// What the directory knows of a user of the file; an error if they cannot be what the file says.
    fn known(&self, user: &RosterUser) -> Result<Option<&User>, String> {
        let id = UserId::new(&user.id).map_err(|why| why.to_string())?;
        if id.is_anonymous() {
            return Err("this id is that of everybody who is not signed in".to_owned());
        }
        if user.status.as_deref().is_some_and(|status| status != "provisional") {
            return Err("the status is 'provisional', or not given".to_owned());
        }
        if !user.is_provisional() {
            if user.name.is_empty() || user.login.is_empty() {
                return Err("a user needs a name and a login".to_owned());
            }
            check_texts(&user.change()).map_err(|why| why.to_string())?;
        }
        let known = self.directory.user(&id);
        match self.by {
            Doer::Caller(_) if !may_choose(self.directory, self.home, &id) => {
                return Err(NOT_TO_BE_CHOSEN.to_owned());
            }
            Doer::Operator => {
                if let Some(known) = known.filter(|known| known.home != *self.home) {
                    return Err(format!("this user is at home in the enterprise {}", known.home));
                }
            }
            Doer::Caller(_) => {}
        }
        let holder = self.directory.user_by_login(self.home, &user.login).filter(|holder| holder.person.id != id);
        // Somebody who gets another login by the same file makes room.
        match holder.filter(|holder| !self.file.by_id.contains_key(holder.person.id.as_str())) {
            Some(holder) => Err(format!("the user '{}' has the login '{}' already", holder.person.id, user.login)),
            None => Ok(known),
        }
    }

    fn enterprise(&self) -> Result<Option<Change>, Wrong> {
        let wrong = |why: String| Wrong { place: "the enterprise".to_owned(), why };
        let old = self.directory.enterprise(self.home);
        let mut new = old.cloned().unwrap_or_else(|| Enterprise {
            id: self.home.clone(),
            name: self.home.as_str().into(),
            retention: Retention::default(),
            opted_in: false,
        });
        if let Some(name) = &self.roster.name {
            let name = crate::service::sharing::checked_name(Some(name)).map_err(|why| wrong(why.to_string()))?;
            new.name = name.into();
        }
        if let Some(days) = self.roster.retention {
            new.retention = Retention::try_from(days).map_err(|why| wrong(why.to_string()))?;
        }
        new.opted_in = self.roster.opted_in.unwrap_or(new.opted_in);
        Ok((old != Some(&new)).then(|| changes::enterprise(self.by, old, &new)))
    }

    /// The person whom a word of the file means: of this enterprise by id or login, of another one by id. What another
    /// enterprise calls them is not told here.
    pub(super) fn somebody(&self, word: &str) -> Result<Person, String> {
        if let Some(user) = self.file.find(self.home, word) {
            return person(user);
        }
        let id = UserId::new(word).ok();
        let known = id.as_ref().and_then(|id| self.directory.user(id)).filter(|it| it.status != Status::Deleted);
        let own = known.filter(|it| it.home == *self.home).or_else(|| self.directory.user_by_login(self.home, word));
        match (own, id) {
            (Some(own), _) => Ok(own.person.clone()),
            (None, Some(id)) if known.is_some() || self.file.by_id.contains_key(word) => {
                Ok(Person { id, name: "".into(), login: "".into() })
            }
            _ => Err(format!("there is no user '{}', neither in the file nor in the directory", shown(word))),
        }
    }
}

/// Whether an administrator may choose this id for a user: one that is at home already, or any if there is no other
/// enterprise. Elsewhere ids are not theirs to choose, taken or not: no answer may tell whose an id is.
pub(in crate::service) fn may_choose(directory: &Directory, home: &EnterpriseId, id: &UserId) -> bool {
    match directory.user(id) {
        Some(user) => user.home == *home,
        None => directory.enterprises().all(|enterprise| enterprise.id == *home),
    }
}

/// What is said to an administrator who may not choose an id.
pub(in crate::service) const NOT_TO_BE_CHOSEN: &str = "this id cannot be chosen: with several enterprises on a server, \
     ids are given by the server, unless an event of the enterprise named the user before, or its operator imports them";

fn person(user: &RosterUser) -> Result<Person, String> {
    let id = UserId::new(&user.id).map_err(|why| why.to_string())?;
    Ok(Person { id, name: user.name.as_str().into(), login: user.login.as_str().into() })
}

/// A word of a file as an error shows it.
pub(super) fn shown(word: &str) -> String {
    word.chars().take(60).flat_map(char::escape_debug).collect()
}
