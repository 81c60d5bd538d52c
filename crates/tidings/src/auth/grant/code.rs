//! Authorization codes: a person of the directory signs in with a one-time code from their admin, consents, and the
//! application fetches a token for them.
//!
//! Nothing here is a password: sign-in codes have 160 random bits, work once and soon end, so nobody can guess, reuse
//! or choose a bad one, and no session has to be kept.

use super::exchange::known_scopes;
use super::refresh::fresh;
use super::wish::{GrantType, GrantWish};
use super::{GrantError, Granted, Grants, Issue, Secret};
use crate::auth::token::hash_of;
use crate::entropy::{hex, random};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use feed::directory::User;
use feed::limits::{CODE_LIFETIME_S, REFRESH_LIFETIME_S, SIGN_IN_LIFETIME_S};
use feed::permission::Scopes;
use store::access_store::{
    AccessKey, AccessKind, AccessRecord, ApplicationRecord, CodeRecord, FamilyRecord, SignInCodeRecord,
};
use store::ledger::Unavailable;

/// What a person is asked to consent to.
#[derive(Debug, Clone)]
pub struct Consent {
    /// The application that asks.
    pub application: ApplicationRecord,
    /// Where the person is sent back to.
    pub redirect_uri: String,
    /// What it asks for.
    pub scopes: Scopes,
}

/// Why a person is not asked, or did not get through. They are told on the page: nobody is sent back to a place that is
/// not known to be the application's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConsentError {
    /// No such application, or it is disabled.
    Application,
    /// The application has not registered this place to be sent back to.
    RedirectUri,
    /// Login and code do not fit. The user is whom the login names, if there is one.
    SignIn(Option<Box<User>>),
    /// The store cannot be asked.
    Unavailable(Unavailable),
}

impl From<Unavailable> for ConsentError {
    fn from(why: Unavailable) -> Self {
        ConsentError::Unavailable(why)
    }
}

/// The family that a code's tokens are of. A code that comes again is known by it, and ends it.
fn family_of_code(code: &str) -> String {
    hex(&hash_of(&format!("family of {code}")).0[..16])
}

impl Grants {
    /// What a person would consent to.
    ///
    /// # Errors
    /// [`ConsentError`].
    pub async fn consent(
        &self,
        client_id: &str,
        redirect_uri: Option<&str>,
        scope: Option<&str>,
    ) -> Result<Consent, ConsentError> {
        let application = self.application(client_id).await?.filter(|it| it.enabled);
        let application = application.ok_or(ConsentError::Application)?;
        let registered = &application.redirect_uris;
        let redirect_uri = match (redirect_uri, registered.as_slice()) {
            (Some(uri), all) if all.iter().any(|it| it == uri) => uri.to_owned(),
            (None, [only]) => only.clone(),
            _ => return Err(ConsentError::RedirectUri),
        };
        let scopes = scope.map_or(application.scopes, |words| known_scopes(words).within(application.scopes));
        Ok(Consent { application, redirect_uri, scopes })
    }

    /// Signs a person in and takes their consent: the code for the application, and who it was.
    ///
    /// # Errors
    /// [`ConsentError`].
    pub async fn sign_in(
        &self,
        consent: &Consent,
        login: &str,
        sign_in_code: &str,
    ) -> Result<(Secret, User), ConsentError> {
        let enterprise = &consent.application.enterprise;
        let named = self.stores.directory.user_by_login(enterprise, login).await?;
        let refused = || ConsentError::SignIn(named.clone().map(Box::new));
        let now = self.clock.now();
        let key = AccessKey::hashed(AccessKind::SignInCode, &hash_of(sign_in_code.trim()));
        let fits = |record: &AccessRecord| match (record, &named) {
            (AccessRecord::SignInCode(it), Some(user)) => {
                it.user == user.person.id && it.enterprise == *enterprise && now < it.expires_at
            }
            _ => false,
        };
        // Looked at before it is taken, so that a mistyped login does not spend it.
        if !self.stores.access.get(&key).await?.as_ref().is_some_and(fits) {
            return Err(refused());
        }
        let taken = self.stores.access.take(&key).await?;
        let Some(AccessRecord::SignInCode(record)) = taken.filter(fits) else { return Err(refused()) };
        let user = self.user(enterprise, &record.user).await?.ok_or_else(refused)?;
        let code = URL_SAFE_NO_PAD.encode(random::<32>());
        let kept = CodeRecord {
            hash: hash_of(&code),
            client_id: consent.application.client_id.clone(),
            enterprise: enterprise.clone(),
            user: user.person.id.clone(),
            scopes: consent.scopes,
            redirect_uri: consent.redirect_uri.clone(),
            expires_at: now.ahead(CODE_LIFETIME_S),
        };
        self.stores.access.add(AccessRecord::Code(kept)).await?;
        Ok((Secret(code), user))
    }

    /// Makes a one-time sign-in code for a person.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub async fn sign_in_code(&self, user: &User) -> Result<(Secret, SignInCodeRecord), Unavailable> {
        let code = hex(&random::<20>());
        let record = SignInCodeRecord {
            hash: hash_of(&code),
            enterprise: user.home.clone(),
            user: user.person.id.clone(),
            expires_at: self.clock.now().ahead(SIGN_IN_LIFETIME_S),
        };
        self.stores.access.add(AccessRecord::SignInCode(record.clone())).await?;
        Ok((Secret(code), record))
    }

    /// Fetches the tokens that a person consented to.
    pub(super) async fn authorization_code(&self, wish: &GrantWish) -> Result<Granted, GrantError> {
        let application = self.client(wish).await?;
        let code = wish.code.as_deref().ok_or(GrantError::Missing("code"))?;
        let key = AccessKey::hashed(AccessKind::Code, &hash_of(code));
        let family = family_of_code(code);
        let Some(AccessRecord::Code(record)) = self.stores.access.take(&key).await? else {
            // Spent before: whoever spent it may have been a thief.
            self.stores.access.take(&AccessKey::family(&family)).await?;
            return Err(GrantError::Spent);
        };
        let now = self.clock.now();
        let another_place = wish.redirect_uri.as_ref().is_some_and(|uri| *uri != record.redirect_uri);
        if record.client_id != application.client_id || record.expires_at <= now || another_place {
            return Err(GrantError::Spent);
        }
        let user = self.user(&record.enterprise, &record.user).await?.ok_or(GrantError::Spent)?;
        let refresh_token = fresh(&family);
        let kept = FamilyRecord {
            id: family.clone(),
            client_id: application.client_id.clone(),
            enterprise: record.enterprise,
            user: record.user,
            scopes: record.scopes,
            current: hash_of(&refresh_token.0),
            expires_at: now.ahead(REFRESH_LIFETIME_S),
        };
        self.stores.access.add(AccessRecord::Family(kept)).await?;
        let granted = self
            .issue(Issue {
                grant_type: GrantType::AuthorizationCode,
                application: Some(&application),
                user,
                scopes: record.scopes.within(application.scopes),
                family: Some(family),
                not_after: None,
            })
            .await?;
        Ok(Granted { refresh_token: Some(refresh_token), ..granted })
    }
}
