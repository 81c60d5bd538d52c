//! Grants: the ways in which an application gets a token (protocol, section 15). One file each.
//!
//! Those who come here have no Caller yet; what they show of themselves is what is checked.

mod client_credentials;
mod code;
mod exchange;
mod jwt_bearer;
mod refresh;
pub mod revoke;
pub mod wish;

pub use code::{Consent, ConsentError};

use super::application::secret_fits;
use super::assertion::BadAssertion;
use super::token::FreshToken;
use crate::clock::Clock;
use feed::directory::{Status, User};
use feed::id::{EnterpriseId, UserId};
use feed::permission::Scopes;
use feed::time::Second;
use std::fmt;
use std::sync::Arc;
use store::Stores;
use store::access_store::{AccessKey, AccessRecord, ApplicationRecord};
use store::ledger::Unavailable;
use store::token_store::TokenRecord;
use wish::{GrantType, GrantWish};

/// Why no token was granted. What is said of each is that of section 15; SDKs read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GrantError {
    /// The client is unknown, or shows no secret of its own.
    Client,
    /// The kind of grant is none of ours.
    GrantType(String),
    /// A parameter is missing.
    Missing(&'static str),
    /// A parameter cannot be what it is.
    Unfit(&'static str),
    /// The subject does not exist, or the application may not act for it. Which of them is not told.
    Subject,
    /// The assertion is not believed.
    Assertion(BadAssertion),
    /// The assertion was used before.
    AssertionSeen,
    /// The code or token is unknown, spent or out of date.
    Spent,
    /// The application was disabled.
    NotApproved,
    /// The store cannot be asked.
    Unavailable(Unavailable),
}

impl fmt::Display for GrantError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GrantError::Client => f.write_str("The client credentials are invalid"),
            GrantError::GrantType(_) => f.write_str("The grant type is not supported"),
            GrantError::Missing(name) => write!(f, "The parameter {name} is missing"),
            GrantError::Unfit(what) | GrantError::Assertion(BadAssertion::Wrong(what)) => f.write_str(what),
            GrantError::Subject => f.write_str("Grant credentials are invalid"),
            GrantError::Assertion(BadAssertion::OutOfDate) => {
                f.write_str("Current date/time MUST be before the expiration date/time listed in the 'exp' claim")
            }
            GrantError::AssertionSeen => f.write_str("Please check the 'jti' claim. A unique 'jti' value is required."),
            GrantError::Spent => f.write_str("The code or token is invalid, was used before, or has ended"),
            GrantError::NotApproved => f.write_str("The application is disabled by its enterprise"),
            GrantError::Unavailable(why) => why.fmt(f),
        }
    }
}

impl std::error::Error for GrantError {}

impl From<Unavailable> for GrantError {
    fn from(why: Unavailable) -> Self {
        GrantError::Unavailable(why)
    }
}

/// What was granted.
#[derive(Debug)]
pub struct Granted {
    /// The access token.
    pub token: FreshToken,
    /// Its record.
    pub record: TokenRecord,
    /// After how many seconds it ends.
    pub expires_in: u32,
    /// The refresh token, where there is one.
    pub refresh_token: Option<Secret>,
    /// By which kind of grant.
    pub grant_type: GrantType,
    /// Whose token it is.
    pub user: User,
    /// The name and id of the application; none for a token that was made by hand and exchanged.
    pub application: Option<ApplicationRecord>,
}

/// A text that may be shown once, to the one it is for.
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Grants tokens.
#[derive(Clone)]
pub struct Grants {
    stores: Stores,
    clock: Arc<dyn Clock>,
    token_lifetime_s: u32,
}

impl Grants {
    /// Grants over these stores, of tokens that live so long.
    pub fn new(stores: Stores, clock: Arc<dyn Clock>, token_lifetime_s: u32) -> Self {
        Grants { stores, clock, token_lifetime_s }
    }

    /// Grants what is wished for, if it may be granted.
    ///
    /// # Errors
    /// [`GrantError`].
    pub async fn grant(&self, wish: &GrantWish) -> Result<Granted, GrantError> {
        match wish.grant_type()? {
            GrantType::ClientCredentials => self.client_credentials(wish).await,
            GrantType::JwtBearer => self.jwt_bearer(wish).await,
            GrantType::AuthorizationCode => self.authorization_code(wish).await,
            GrantType::RefreshToken => self.refresh(wish).await,
            GrantType::TokenExchange => self.exchange(wish).await,
        }
    }

    /// The application with this client id.
    pub(crate) async fn application(&self, client_id: &str) -> Result<Option<ApplicationRecord>, Unavailable> {
        match self.stores.access.get(&AccessKey::application(client_id)).await? {
            Some(AccessRecord::Application(application)) => Ok(Some(application)),
            _ => Ok(None),
        }
    }

    /// The client that the wish shows itself to be. An unknown one takes as long as one with a wrong secret.
    async fn client(&self, wish: &GrantWish) -> Result<ApplicationRecord, GrantError> {
        let client_id = wish.client_id.as_deref().ok_or(GrantError::Missing("client_id"))?;
        let secret = wish.client_secret.as_deref().ok_or(GrantError::Missing("client_secret"))?;
        let application = self.application(client_id).await?;
        let fits = secret_fits(application.as_ref(), secret, self.clock.now());
        match application.filter(|_| fits) {
            Some(application) if application.enabled => Ok(application),
            Some(_) => Err(GrantError::NotApproved),
            None => Err(GrantError::Client),
        }
    }

    /// The user with this id, if they are in use and of this enterprise.
    async fn user(&self, enterprise: &EnterpriseId, id: &UserId) -> Result<Option<User>, Unavailable> {
        let user = self.stores.directory.user(id).await?;
        Ok(user.filter(|user| {
            user.home == *enterprise && user.status != Status::Deleted && !user.person.id.is_anonymous()
        }))
    }

    /// The user that an application asks to be: its own service account for the enterprise, or somebody it may act for.
    async fn subject(
        &self,
        application: &ApplicationRecord,
        subject_type: &str,
        subject_id: &str,
    ) -> Result<User, GrantError> {
        let id = match subject_type {
            "enterprise" if subject_id == application.enterprise.as_str() => application.service_account.clone(),
            "user" => UserId::new(subject_id).map_err(|_| GrantError::Subject)?,
            _ => return Err(GrantError::Subject),
        };
        if !super::application::may_act_as(application, &id) {
            return Err(GrantError::Subject);
        }
        self.user(&application.enterprise, &id).await?.ok_or(GrantError::Subject)
    }

    /// Makes and keeps an access token.
    async fn issue(&self, issue: Issue<'_>) -> Result<Granted, GrantError> {
        let now = self.clock.now();
        let full = now.ahead(self.token_lifetime_s);
        let end = issue.not_after.map_or(full, |end| end.min(full));
        let token = FreshToken::make();
        let record = TokenRecord {
            id: token.id.clone(),
            hash: token.hash,
            user: issue.user.person.id.clone(),
            enterprise: issue.user.home.clone(),
            scopes: issue.scopes,
            application: issue.application.map(|it| it.client_id.clone()),
            family: issue.family,
            note: issue.application.map(|it| it.name.clone()).unwrap_or_default(),
            created_at: now,
            expires_at: Some(end),
        };
        self.stores.tokens.add(record.clone()).await?;
        Ok(Granted {
            token,
            record,
            expires_in: end.0.saturating_sub(now.0),
            refresh_token: None,
            grant_type: issue.grant_type,
            user: issue.user,
            application: issue.application.cloned(),
        })
    }
}

/// An access token about to be made.
struct Issue<'a> {
    grant_type: GrantType,
    application: Option<&'a ApplicationRecord>,
    user: User,
    scopes: Scopes,
    family: Option<String>,
    /// It ends then, if it does not end earlier.
    not_after: Option<Second>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_two_errors_make_clients_try_again() {
        let others = [
            GrantError::Client,
            GrantError::GrantType("exp".to_owned()),
            GrantError::Missing("client_id"),
            GrantError::Subject,
            GrantError::Spent,
            GrantError::NotApproved,
            GrantError::Assertion(BadAssertion::Wrong("The assertion is too long.")),
        ];
        for error in others {
            let text = error.to_string();
            assert!(!text.contains("exp") && !text.contains("jti"), "{text}");
        }
        assert!(GrantError::Assertion(BadAssertion::OutOfDate).to_string().contains("'exp'"));
        assert!(GrantError::AssertionSeen.to_string().contains("A unique 'jti' value is required"));
    }
}
