//! Authentication: from what a request carries to a [`Caller`].
//!
//! A Caller exists only after authentication; services take one, so none can be called without it. Tokens are opaque
//! and looked up by their hash; user and token state are read at each use, so a change takes hold at once.

pub mod application;
pub mod assertion;
pub mod channel;
pub mod grant;
pub mod key_pair;
pub mod session;
pub mod sign_in_limit;
pub mod token;

use feed::directory::{Person, Role, Status, User};
use feed::id::{EnterpriseId, UserId};
use feed::permission::{Action, Denied, Scopes};
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use store::Stores;
use store::access_store::{AccessKey, AccessRecord, ApplicationRecord};
use store::ledger::Unavailable;
use store::token_store::TokenRecord;

use crate::clock::Clock;
use token::hash_of;

/// Who is asking, with rights.
#[derive(Debug, Clone)]
pub struct Caller {
    user: User,
    scopes: Scopes,
    token_id: String,
    token_user: UserId,
    application: Option<String>,
    ip: Option<IpAddr>,
}

impl Caller {
    /// The user whose feed is read and in whose name things are done.
    pub fn user(&self) -> &User {
        &self.user
    }

    /// Who the user is, for `created_by`.
    pub fn person(&self) -> &Person {
        &self.user.person
    }

    /// The user's enterprise.
    pub fn enterprise(&self) -> &EnterpriseId {
        &self.user.home
    }

    /// The public id of the token.
    pub fn token_id(&self) -> &str {
        &self.token_id
    }

    /// The token's own user, also when acting for another.
    pub fn token_user(&self) -> &UserId {
        &self.token_user
    }

    /// The client id of the application that the token was issued to; `None` for a token made by hand.
    pub fn application(&self) -> Option<&str> {
        self.application.as_deref()
    }

    /// The address that the request came from, if that is known.
    pub fn ip(&self) -> Option<IpAddr> {
        self.ip
    }

    /// The same caller, asking from this address.
    #[must_use]
    pub fn from(self, ip: Option<IpAddr>) -> Self {
        Caller { ip, ..self }
    }

    /// What the token's application was granted.
    pub fn scopes(&self) -> Scopes {
        self.scopes
    }

    /// Whether the caller may do this.
    ///
    /// # Errors
    /// [`Denied`] says whether scope or right is missing.
    pub fn may(&self, action: Action) -> Result<(), Denied> {
        action.check(&self.user.role, self.scopes)
    }
}

/// Why a request has no Caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthError {
    /// There is no `Authorization: Bearer …`.
    NoToken,
    /// The token is unknown, expired or revoked, or its user was deleted. Which of them is not told.
    BadToken,
    /// The token's user may not act for others.
    ActingDenied(Denied),
    /// There is no such user in the caller's enterprise to act for.
    ActingForNobody,
    /// The store cannot be asked.
    Unavailable(Unavailable),
}

impl fmt::Display for AuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AuthError::NoToken => f.write_str("the request has no bearer token"),
            AuthError::BadToken => f.write_str("the access token is invalid or expired"),
            AuthError::ActingDenied(why) => write!(f, "As-User is not allowed. {why}"),
            AuthError::ActingForNobody => f.write_str("As-User names nobody whom this token may act for."),
            AuthError::Unavailable(why) => why.fmt(f),
        }
    }
}

impl std::error::Error for AuthError {}

impl From<Unavailable> for AuthError {
    fn from(why: Unavailable) -> Self {
        AuthError::Unavailable(why)
    }
}

/// Finds out who is asking.
#[derive(Clone)]
pub struct Authenticator {
    stores: Stores,
    clock: Arc<dyn Clock>,
}

impl Authenticator {
    /// An authenticator over these stores.
    pub fn new(stores: Stores, clock: Arc<dyn Clock>) -> Self {
        Authenticator { stores, clock }
    }

    /// The caller of a request with this token, acting for another user if `as_user` names one.
    ///
    /// # Errors
    /// [`AuthError`].
    pub async fn caller(&self, token: &str, as_user: Option<&str>) -> Result<Caller, AuthError> {
        let record = self.stores.tokens.find(&hash_of(token)).await?.ok_or(AuthError::BadToken)?;
        self.caller_of(record, as_user).await
    }

    /// The caller whom a channel was made for, as things stand now; `None` when the token or the user is gone.
    pub async fn caller_of_channel(&self, token_id: &str, user: &UserId) -> Result<Option<Caller>, Unavailable> {
        let Some(record) = self.stores.tokens.find_by_id(token_id).await? else { return Ok(None) };
        let as_user = (record.user != *user).then(|| user.as_str());
        match self.caller_of(record, as_user).await {
            Ok(caller) => Ok(Some(caller)),
            Err(AuthError::Unavailable(why)) => Err(why),
            Err(_) => Ok(None),
        }
    }

    pub(crate) async fn caller_of(&self, record: TokenRecord, as_user: Option<&str>) -> Result<Caller, AuthError> {
        if record.expires_at.is_some_and(|expires| expires <= self.clock.now()) {
            return Err(AuthError::BadToken);
        }
        let application = match &record.application {
            None => None,
            Some(client_id) => Some(self.enabled(client_id).await?.ok_or(AuthError::BadToken)?),
        };
        if let Some(family) = &record.family
            && self.stores.access.get(&AccessKey::family(family)).await?.is_none()
        {
            return Err(AuthError::BadToken);
        }
        // What the application lost since, its tokens lost too.
        let granted = application.as_ref().map_or(Scopes::EVERY, |it| it.scopes);
        let scopes = record.scopes.within(granted);
        let own = self.active(&record.user).await?.ok_or(AuthError::BadToken)?;
        let token_user = own.person.id.clone();
        let user = match as_user.filter(|id| *id != token_user.as_str()) {
            None => own,
            Some(id) => {
                Action::ActAsUser.check(&own.role, scopes).map_err(AuthError::ActingDenied)?;
                let id = UserId::new(id).map_err(|_| AuthError::ActingForNobody)?;
                if application.as_ref().is_some_and(|it| !application::may_act_as(it, &id)) {
                    return Err(AuthError::ActingForNobody);
                }
                let other = self.active(&id).await?;
                // Whether the user is unknown or another enterprise's must look the same.
                other.filter(|other| other.home == own.home).ok_or(AuthError::ActingForNobody)?
            }
        };
        Ok(Caller { user, scopes, token_id: record.id, token_user, application: record.application, ip: None })
    }

    async fn enabled(&self, client_id: &str) -> Result<Option<ApplicationRecord>, Unavailable> {
        match self.stores.access.get(&AccessKey::application(client_id)).await? {
            Some(AccessRecord::Application(application)) if application.enabled => Ok(Some(application)),
            _ => Ok(None),
        }
    }

    async fn active(&self, id: &UserId) -> Result<Option<User>, Unavailable> {
        let user = self.stores.directory.user(id).await?;
        Ok(user.filter(|user| user.status != Status::Deleted && !id.is_anonymous()))
    }
}

/// The word for a role in answers and options.
pub fn role_name(role: &Role) -> &'static str {
    match role {
        Role::User => "user",
        Role::CoAdmin(_) => "coadmin",
        Role::Admin => "admin",
        Role::ServiceAccount => "service_account",
    }
}
