//! Administration: users and tokens of the caller's own enterprise.
//!
//! The directory is kept by events, so a change is published as the event that the catalogue has for it and is thereby
//! in the audit log. Tokens are small state of their own.

use super::Services;
use super::audit::{Deed, application_source};
use super::changes::{self, Change};
use super::publish::PublishError;
use super::roster::{NOT_TO_BE_CHOSEN, may_choose};
use crate::auth::Caller;
use crate::auth::key_pair::BadKey;
use crate::auth::token::FreshToken;
use crate::entropy::random;
use feed::directory::{CoAdminRights, Directory, Person, Role, Status, User};
use feed::id::{BadId, EnterpriseId, UserId};
use feed::permission::{Action, Denied, Scopes, UnknownScope};
use rustc_hash::FxHashMap;
use serde_json::json;
use std::fmt;
use store::ledger::Unavailable;
use store::token_store::TokenRecord;

/// Why nothing was changed.
#[derive(Debug)]
pub enum AdminError {
    /// The caller may not.
    Denied(Denied),
    /// There is no such user in the enterprise.
    NoSuchUser(String),
    /// There is no such token in the enterprise.
    NoSuchToken(String),
    /// There is no such application in the enterprise.
    NoSuchApplication(String),
    /// The application has no such key.
    NoSuchKey(String),
    /// The key cannot be registered.
    BadKey(BadKey),
    /// A word is no scope.
    BadScope(UnknownScope),
    /// There is no such enterprise; said only to the operator of the machine.
    NoSuchEnterprise(EnterpriseId),
    /// There is one with this id; said only to the operator of the machine.
    EnterpriseExists(EnterpriseId),
    /// A user with this id exists already.
    UserExists(UserId),
    /// A user with this login exists already.
    LoginTaken(String),
    /// The id is no id.
    BadId(BadId),
    /// The login or the name will not do.
    BadText(&'static str),
    /// The role is none.
    BadRole(String),
    /// A token cannot give more than its maker has.
    ScopeBeyondOwn(Scopes),
    /// There is nothing of this kind with this id in the enterprise.
    Missing(&'static str, String),
    /// It is there already.
    Taken(&'static str, String),
    /// It cannot be done; the words say why.
    Bad(String),
    /// Only some of many changes were recorded.
    Partly {
        /// How many were.
        recorded: usize,
        /// Of how many.
        planned: usize,
        /// Why not the next.
        why: PublishError,
    },
    /// The event of the change could not be published.
    Publish(PublishError),
    /// The store cannot be asked.
    Unavailable(Unavailable),
}

impl From<Unavailable> for AdminError {
    fn from(why: Unavailable) -> Self {
        AdminError::Unavailable(why)
    }
}

impl fmt::Display for AdminError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AdminError::Denied(why) => why.fmt(f),
            AdminError::NoSuchUser(id) => write!(f, "There is no user '{}' in this enterprise.", id.escape_debug()),
            AdminError::NoSuchToken(id) => write!(f, "There is no token '{}' in this enterprise.", id.escape_debug()),
            AdminError::NoSuchApplication(id) => {
                write!(f, "There is no application '{}' in this enterprise.", id.escape_debug())
            }
            AdminError::NoSuchKey(id) => write!(f, "The application has no key '{}'.", id.escape_debug()),
            AdminError::BadKey(why) => why.fmt(f),
            AdminError::BadScope(why) => write!(f, "scopes: {why}."),
            AdminError::NoSuchEnterprise(id) => {
                write!(f, "There is no enterprise {id}; `tidings enterprise list` shows those there are.")
            }
            AdminError::EnterpriseExists(id) => write!(f, "The enterprise {id} exists already."),
            AdminError::UserExists(id) => {
                write!(f, "A user with the id {id} exists already, or the id cannot be given.")
            }
            AdminError::LoginTaken(login) => {
                write!(f, "A user with the login '{}' exists already.", login.escape_debug())
            }
            AdminError::BadId(why) => why.fmt(f),
            AdminError::BadText(what) => f.write_str(what),
            AdminError::BadRole(role) => {
                write!(f, "'{}' is no role; the roles are user, coadmin, admin, service_account.", role.escape_debug())
            }
            AdminError::ScopeBeyondOwn(own) => write!(f, "A token can give only what its maker's token has: '{own}'."),
            AdminError::Missing(what, id) => {
                write!(f, "There is no {what} '{}' in this enterprise.", id.escape_debug())
            }
            AdminError::Taken(what, id) => write!(f, "The {what} '{}' exists already.", id.escape_debug()),
            AdminError::Bad(why) => f.write_str(why),
            AdminError::Publish(PublishError::Append(why)) => write!(f, "The change could not be recorded: {why}."),
            AdminError::Publish(_) => f.write_str("The change could not be recorded."),
            AdminError::Partly { recorded, planned, why } => {
                write!(f, "{recorded} of {planned} changes were recorded; importing the same again does the rest.")?;
                match why {
                    PublishError::Append(why) => write!(f, " The next could not be: {why}."),
                    PublishError::Denied(_) | PublishError::DraftDenied { .. } | PublishError::Refused(_) => Ok(()),
                }
            }
            AdminError::Unavailable(why) => why.fmt(f),
        }
    }
}

/// A change of a user; `None` leaves what is there.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserChange {
    /// The id; only for a new user, who gets one if it is missing.
    pub id: Option<String>,
    /// The name.
    pub name: Option<String>,
    /// The login, usually an e-mail address.
    pub login: Option<String>,
    /// `user`, `coadmin`, `admin` or `service_account`.
    pub role: Option<String>,
    /// The rights of a co-admin: `reports`, `users`.
    pub permissions: Option<Vec<String>>,
}

/// A wish for a token.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenWish {
    /// Whose token, by id or by login.
    pub user: String,
    /// The scopes, separated by blanks or commas; none means that it reads the user's own feed.
    #[serde(default)]
    pub scopes: String,
    /// What it is for.
    #[serde(default)]
    pub note: String,
    /// After how many seconds it ends; missing is never.
    pub expires_in: Option<u32>,
}

const NAME_BYTES_MAX: usize = 256;

impl Services {
    /// The users of the caller's enterprise, sorted by id, after the id given.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn users(&self, caller: &Caller, after: Option<&UserId>, limit: usize) -> Result<Vec<User>, AdminError> {
        caller.may(Action::ManageUsers).map_err(AdminError::Denied)?;
        Ok(self.stores.directory.users(caller.enterprise(), after, limit).await?)
    }

    /// A user of the caller's enterprise, by id or by login.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn user(&self, caller: &Caller, id_or_login: &str) -> Result<User, AdminError> {
        caller.may(Action::ManageUsers).map_err(AdminError::Denied)?;
        self.own_user(caller.enterprise(), id_or_login).await
    }

    /// Adds a user, and answers who it is now. Recorded as `NEW_USER`, and as `CHANGE_ADMIN_ROLE` with a role.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn add_user(&self, caller: &Caller, change: &UserChange) -> Result<User, AdminError> {
        caller.may(Action::ManageUsers).map_err(AdminError::Denied)?;
        let login = change.login.as_deref().unwrap_or_default();
        let name = change.name.as_deref().unwrap_or_default();
        if login.is_empty() || name.is_empty() {
            return Err(AdminError::BadText("A new user needs a name and a login."));
        }
        check_texts(change)?;
        let role = role_of(change)?;
        self.may_give(caller, role.as_ref())?;
        let id = match &change.id {
            Some(id) => UserId::new(id).map_err(AdminError::BadId)?,
            None => fresh_user_id(),
        };
        let home = caller.enterprise();
        let question = |directory: &Directory| {
            let own = directory.user(&id).filter(|user| user.home == *home).map(|user| user.status);
            (may_choose(directory, home, &id), own)
        };
        let (may_choose, own) = self.stores.directory.ask(question).await?;
        if change.id.is_some() && !may_choose {
            return Err(AdminError::Bad(format!("The id {id}: {NOT_TO_BE_CHOSEN}.")));
        }
        // A provisional user is somebody whom an event named: adding them makes them real.
        if id.is_anonymous() || own.is_some_and(|status| status != Status::Provisional) {
            return Err(AdminError::UserExists(id));
        }
        self.login_is_free(caller.enterprise(), login, &id).await?;
        let person = Person { id, name: name.into(), login: login.into() };
        let mut events = vec![changes::user(caller, "NEW_USER", &person)];
        events.extend(role.map(|role| changes::role(caller, &person, &role)));
        self.change(caller, &events).await?;
        self.own_user(caller.enterprise(), person.id.as_str()).await
    }

    /// Changes a user. Recorded as `EDIT_USER` and, for the role, as `CHANGE_ADMIN_ROLE`.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn edit_user(&self, caller: &Caller, id: &str, change: &UserChange) -> Result<User, AdminError> {
        let user = self.user(caller, id).await?;
        check_texts(change)?;
        let role = role_of(change)?;
        self.may_give(caller, role.as_ref())?;
        self.may_give(caller, Some(&user.role).filter(|role| **role != Role::User))?;
        if let Some(login) = &change.login {
            self.login_is_free(caller.enterprise(), login, &user.person.id).await?;
        }
        let mut person = user.person;
        person.name = change.name.as_deref().map_or(person.name, Into::into);
        person.login = change.login.as_deref().map_or(person.login, Into::into);
        let mut events = Vec::new();
        if change.name.is_some() || change.login.is_some() || user.status == Status::Provisional {
            events.push(changes::user(caller, "EDIT_USER", &person));
        }
        events.extend(role.map(|role| changes::role(caller, &person, &role)));
        self.change(caller, &events).await?;
        self.own_user(caller.enterprise(), person.id.as_str()).await
    }

    /// Deletes a user: their tokens stop working at once. Recorded as `DELETE_USER`.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn delete_user(&self, caller: &Caller, id: &str) -> Result<(), AdminError> {
        let user = self.user(caller, id).await?;
        self.may_give(caller, Some(&user.role).filter(|role| **role != Role::User))?;
        self.change(caller, &[changes::user(caller, "DELETE_USER", &user.person)]).await
    }

    /// The tokens of the caller's enterprise, oldest first. The secrets themselves are not kept.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn tokens(&self, caller: &Caller) -> Result<Vec<TokenRecord>, AdminError> {
        caller.may(Action::ManageTokens).map_err(AdminError::Denied)?;
        Ok(self.stores.tokens.list(caller.enterprise()).await?)
    }

    /// Makes a token for a user of the enterprise. It can give no scope that the caller's own token lacks.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn make_token(
        &self,
        caller: &Caller,
        wish: &TokenWish,
        scopes: Scopes,
    ) -> Result<(FreshToken, TokenRecord), AdminError> {
        caller.may(Action::ManageTokens).map_err(AdminError::Denied)?;
        if !caller.scopes().contains(scopes) {
            return Err(AdminError::ScopeBeyondOwn(caller.scopes()));
        }
        if wish.note.len() > NAME_BYTES_MAX {
            return Err(AdminError::BadText("The note of a token has at most 256 bytes."));
        }
        let user = self.own_user(caller.enterprise(), &wish.user).await?;
        let (fresh, record) = self.store_token(&user, scopes, &wish.note, wish.expires_in).await?;
        self.audit_token(caller, "USER_AUTHENTICATE_OAUTH2_ACCESS_TOKEN_CREATE", &record).await;
        Ok((fresh, record))
    }

    /// Makes and keeps a token: also for the server's own first steps, when nobody can ask yet.
    pub(crate) async fn store_token(
        &self,
        user: &User,
        scopes: Scopes,
        note: &str,
        expires_in: Option<u32>,
    ) -> Result<(FreshToken, TokenRecord), Unavailable> {
        let fresh = FreshToken::make();
        let now = self.clock.now();
        let record = TokenRecord {
            id: fresh.id.clone(),
            hash: fresh.hash,
            user: user.person.id.clone(),
            enterprise: user.home.clone(),
            scopes,
            application: None,
            family: None,
            note: note.to_owned(),
            created_at: now,
            expires_at: expires_in.map(|seconds| now.ahead(seconds)),
        };
        self.stores.tokens.add(record.clone()).await?;
        Ok((fresh, record))
    }

    /// Revokes a token of the enterprise at once.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn revoke_token(&self, caller: &Caller, id: &str) -> Result<(), AdminError> {
        caller.may(Action::ManageTokens).map_err(AdminError::Denied)?;
        let known = self.stores.tokens.find_by_id(id).await?;
        match known.filter(|token| token.enterprise == *caller.enterprise()) {
            Some(token) if self.stores.tokens.remove(caller.enterprise(), id).await? => {
                self.audit_token(caller, "OAUTH2_ACCESS_TOKEN_REVOKE", &token).await;
                Ok(())
            }
            _ => Err(AdminError::NoSuchToken(id.chars().take(60).collect())),
        }
    }

    async fn audit_token(&self, caller: &Caller, event_type: &'static str, token: &TokenRecord) {
        self.audit(Deed {
            event_type,
            enterprise: caller.enterprise(),
            actor: Some(caller.person()),
            ip: caller.ip(),
            source: application_source(token.application.as_deref().unwrap_or_default(), &token.note),
            details: json!({"token_id": token.id, "user_id": token.user.as_str(), "scopes": token.scopes.to_string()}),
        })
        .await;
    }

    /// What people of the caller's enterprise are called, by id, as far as the directory knows; for lists of what is theirs.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn names(&self, caller: &Caller, ids: &[&UserId]) -> Result<FxHashMap<UserId, String>, AdminError> {
        // Whoever may have reports made reads the same names in them.
        caller.may(Action::Report).or_else(|_| caller.may(Action::ManageTokens)).map_err(AdminError::Denied)?;
        let home = caller.enterprise();
        let question = |directory: &feed::directory::Directory| {
            let users = ids.iter().filter_map(|id| directory.user(id)).filter(|user| user.home == *home);
            let named = users.filter(|user| !user.person.name.is_empty());
            named.map(|user| (user.person.id.clone(), user.person.name.to_string())).collect()
        };
        Ok(self.stores.directory.ask(question).await?)
    }

    pub(super) async fn own_user(&self, enterprise: &EnterpriseId, id_or_login: &str) -> Result<User, AdminError> {
        let missing = || AdminError::NoSuchUser(id_or_login.chars().take(60).collect());
        let found = match UserId::new(id_or_login) {
            Ok(id) => self.stores.directory.user(&id).await?,
            Err(_) => None,
        };
        let found = match found.filter(|user| user.home == *enterprise) {
            Some(user) => Some(user),
            None => self.stores.directory.user_by_login(enterprise, id_or_login).await?,
        };
        found.filter(|user| user.status != Status::Deleted).ok_or_else(missing)
    }

    pub(super) async fn login_is_free(
        &self,
        enterprise: &EnterpriseId,
        login: &str,
        id: &UserId,
    ) -> Result<(), AdminError> {
        let holder = self.stores.directory.user_by_login(enterprise, login).await?;
        match holder.filter(|user| user.person.id != *id && user.status != Status::Deleted) {
            Some(_) => Err(AdminError::LoginTaken(login.to_owned())),
            None => Ok(()),
        }
    }

    /// Only an admin makes admins and co-admins, or changes them.
    fn may_give(&self, caller: &Caller, role: Option<&Role>) -> Result<(), AdminError> {
        match role {
            None | Some(Role::User) => Ok(()),
            Some(_) => {
                caller.may(Action::ManageTokens).map_err(|_| AdminError::Denied(Denied::Right(Action::ManageTokens)))
            }
        }
    }

    pub(super) async fn change(&self, caller: &Caller, changes: &[Change]) -> Result<(), AdminError> {
        self.carry_out(caller.enterprise(), changes).await.map_err(|broken| AdminError::Publish(broken.why))
    }
}

pub(super) fn role_of(change: &UserChange) -> Result<Option<Role>, AdminError> {
    let permissions = change.permissions.as_deref();
    let Some(role) = change.role.as_deref() else {
        return match permissions {
            None => Ok(None),
            Some(_) => Err(AdminError::BadText("Permissions go with the role 'coadmin'.")),
        };
    };
    if role != "coadmin" && permissions.is_some_and(|it| !it.is_empty()) {
        return Err(AdminError::BadText("Permissions go with the role 'coadmin'."));
    }
    Ok(Some(match role {
        "user" => Role::User,
        "admin" => Role::Admin,
        "service_account" => Role::ServiceAccount,
        "coadmin" => {
            let mut rights = CoAdminRights::default();
            for permission in permissions.unwrap_or_default() {
                match permission.as_str() {
                    "reports" => rights.reports = true,
                    "users" => rights.users = true,
                    _ => return Err(AdminError::BadText("The permissions of a co-admin are 'reports' and 'users'.")),
                }
            }
            Role::CoAdmin(rights)
        }
        other => return Err(AdminError::BadRole(other.chars().take(60).collect())),
    }))
}

pub(super) fn check_texts(change: &UserChange) -> Result<(), AdminError> {
    let texts = [change.name.as_deref(), change.login.as_deref()];
    if texts.into_iter().flatten().any(|text| text.len() > NAME_BYTES_MAX || text.chars().any(char::is_control)) {
        return Err(AdminError::BadText("A name or login has at most 256 bytes and no control characters."));
    }
    if change.login.as_deref().is_some_and(|login| login.is_empty() || login.contains(char::is_whitespace)) {
        return Err(AdminError::BadText("A login is not empty and has no blanks."));
    }
    Ok(())
}

/// An id of eleven digits, as the ids of users mostly look.
pub(super) fn fresh_user_id() -> UserId {
    let number = 10_000_000_000 + u64::from_le_bytes(random()) % 90_000_000_000;
    UserId::new(&number.to_string()).expect("digits are visible ASCII")
}
