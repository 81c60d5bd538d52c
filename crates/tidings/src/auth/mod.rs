//! Authentication: from what a request carries to a [`Caller`].
//!
//! A Caller exists only after authentication; services take one, so none can be called without it. Tokens are opaque
//! and looked up by their hash; user and token state are read at each use, so a change takes hold at once.

pub mod application;
pub mod assertion;
pub mod channel;
pub mod grant;
pub mod key_pair;
pub mod oidc;
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
use oidc::{Believed, NotBelieved, Provider, Told};
use token::hash_of;

/// Who is asking, with rights.
#[derive(Debug, Clone)]
pub struct Caller {
    user: User,
    scopes: Scopes,
    token_id: String,
    token_person: Person,
    application: Option<String>,
    ip: Option<IpAddr>,
    /// The id of the token of an identity provider that came for the first time.
    signed_in: Option<String>,
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
        &self.token_person.id
    }

    /// Who the token's own user is, also when acting for another.
    pub fn token_person(&self) -> &Person {
        &self.token_person
    }

    /// The client id of the application that the token was issued to; `None` for a token made by hand.
    pub fn application(&self) -> Option<&str> {
        self.application.as_deref()
    }

    /// The address that the request came from, if that is known.
    pub fn ip(&self) -> Option<IpAddr> {
        self.ip
    }

    /// The id of the identity provider's token by which the caller just signed in; `None` if they had before, or came
    /// with a token of ours.
    pub fn signed_in(&self) -> Option<&str> {
        self.signed_in.as_deref()
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
    /// The identity provider's keys cannot be had, so its tokens cannot be judged.
    ProviderAway,
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
            AuthError::ProviderAway => f.write_str("the identity provider cannot be reached"),
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
    provider: Option<Arc<Provider>>,
}

/// Somebody whose token is good, and what it gives.
struct Bearer {
    token_id: String,
    own: User,
    scopes: Scopes,
    application: Option<ApplicationRecord>,
    signed_in: bool,
}

impl Authenticator {
    /// An authenticator over these stores, which also believes a provider if there is one.
    pub fn new(stores: Stores, clock: Arc<dyn Clock>, provider: Option<Provider>) -> Self {
        Authenticator { stores, clock, provider: provider.map(Arc::new) }
    }

    /// The identity provider that is believed, if there is one.
    pub fn issuer(&self) -> Option<&str> {
        self.provider.as_ref().map(|provider| provider.settings().issuer.as_str())
    }

    /// The caller of a request with this token, acting for another user if `as_user` names one.
    ///
    /// # Errors
    /// [`AuthError`].
    pub async fn caller(&self, token: &str, as_user: Option<&str>) -> Result<Caller, AuthError> {
        let bearer = match (self.stores.tokens.find(&hash_of(token)).await?, &self.provider) {
            (Some(record), _) => self.bearer_of(record).await?,
            (None, Some(provider)) if Provider::may_be_token(token) => {
                let Believed { id, told, first_time } = provider.believe(token).await.map_err(|why| match why {
                    NotBelieved::Bad => AuthError::BadToken,
                    NotBelieved::Away => AuthError::ProviderAway,
                })?;
                self.bearer_told(provider, id, &told, first_time).await?
            }
            (None, _) => return Err(AuthError::BadToken),
        };
        self.caller_for(bearer, as_user).await
    }

    /// The caller whom a channel was made for, as things stand now; `None` when the token or the user is gone.
    pub async fn caller_of_channel(&self, token_id: &str, user: &UserId) -> Result<Option<Caller>, Unavailable> {
        let bearer = match &self.provider {
            Some(provider) if Provider::is_id(token_id) => {
                // What was not remembered comes back with its token, at the next fetch.
                let Some(told) = provider.remembered_of(token_id) else { return Ok(None) };
                self.bearer_told(provider, token_id.to_owned(), &told, false).await
            }
            _ => match self.stores.tokens.find_by_id(token_id).await? {
                Some(record) => self.bearer_of(record).await,
                None => return Ok(None),
            },
        };
        let caller = match bearer {
            Ok(bearer) => {
                let as_user = (bearer.own.person.id != *user).then(|| user.as_str());
                self.caller_for(bearer, as_user).await
            }
            Err(why) => Err(why),
        };
        match caller {
            Ok(caller) => Ok(Some(caller)),
            Err(AuthError::Unavailable(why)) => Err(why),
            Err(_) => Ok(None),
        }
    }

    /// The caller with a token that is kept.
    pub(crate) async fn caller_of(&self, record: TokenRecord, as_user: Option<&str>) -> Result<Caller, AuthError> {
        let bearer = self.bearer_of(record).await?;
        self.caller_for(bearer, as_user).await
    }

    /// Who holds a token of ours.
    async fn bearer_of(&self, record: TokenRecord) -> Result<Bearer, AuthError> {
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
        Ok(Bearer { token_id: record.id, own, scopes, application, signed_in: false })
    }

    /// Who holds a token that tells this, of a provider that knows the users of one enterprise.
    async fn bearer_told(
        &self,
        provider: &Provider,
        token_id: String,
        told: &Told,
        signed_in: bool,
    ) -> Result<Bearer, AuthError> {
        let home = &provider.settings().enterprise;
        let by_login = self.stores.directory.user_by_login(home, &told.user).await?;
        let id = match by_login {
            Some(user) => user.person.id,
            None => UserId::new(&told.user).map_err(|_| AuthError::BadToken)?,
        };
        let own = self.active(&id).await?.filter(|user| user.home == *home).ok_or(AuthError::BadToken)?;
        Ok(Bearer { token_id, own, scopes: told.scopes, application: None, signed_in })
    }

    async fn caller_for(&self, bearer: Bearer, as_user: Option<&str>) -> Result<Caller, AuthError> {
        let Bearer { token_id, own, scopes, application, signed_in } = bearer;
        let token_person = own.person.clone();
        let user = match as_user.filter(|id| *id != token_person.id.as_str()) {
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
        let signed_in = signed_in.then(|| token_id.clone());
        let application = application.map(|it| it.client_id);
        Ok(Caller { user, scopes, token_id, token_person, application, ip: None, signed_in })
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
