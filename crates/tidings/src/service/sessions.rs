//! Console sessions: signing in to the console, being known there, signing out.
//!
//! A person signs in with the one-time code that their admin made, as on the consent page, or with an access token. A
//! session gives what the token gives, or, with a code, what the person's own role gives: never more than the API.

use super::Services;
use super::administer::AdminError;
use super::audit::{Deed, user_source};
use crate::auth::session::{SessionSecret, end_of, seen};
use crate::auth::token::hash_of;
use crate::auth::{AuthError, Caller};
use crate::entropy::{hex, random};
use feed::directory::User;
use feed::limits::{SESSION_SEEN_STEP_S, SESSIONS_PER_USER_MAX};
use feed::permission::{Action, Scopes};
use serde_json::json;
use std::net::IpAddr;
use store::access_store::{AccessKey, AccessKind, AccessRecord, SessionRecord};
use store::ledger::Unavailable;
use store::token_store::TokenRecord;

/// What somebody shows to be let in.
#[derive(Clone, Copy)]
pub enum Credential<'a> {
    /// Their login and a one-time code from their admin.
    Code {
        /// Who they say they are.
        login: &'a str,
        /// The code.
        code: &'a str,
    },
    /// An access token.
    Token(&'a str),
}

/// Why nobody was signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionError {
    /// What was shown is not good. What of it is wrong is not told.
    SignIn,
    /// Too many failed from there; nothing was looked at.
    TooManyFailures {
        /// When to come back, in whole seconds.
        retry_after_s: u64,
    },
    /// The store cannot be asked.
    Unavailable(Unavailable),
}

impl From<Unavailable> for SessionError {
    fn from(why: Unavailable) -> Self {
        SessionError::Unavailable(why)
    }
}

/// The name under which failed sign-ins to the console are counted; no client id is one.
const CONSOLE: &str = "console";

/// The key under which a session is kept.
fn key_of(secret: &SessionSecret) -> AccessKey {
    AccessKey::hashed(AccessKind::Session, &hash_of(secret.text()))
}

impl Services {
    /// Signs somebody in to the console. The secret is for their browser.
    ///
    /// # Errors
    /// [`SessionError`].
    pub async fn open_session(
        &self,
        credential: Credential<'_>,
        ip: Option<IpAddr>,
    ) -> Result<SessionSecret, SessionError> {
        if let Some(retry_after_s) = self.sign_in_limit.wait(CONSOLE, ip) {
            self.metrics.sign_ins_failed.inc();
            return Err(SessionError::TooManyFailures { retry_after_s });
        }
        let shown = match credential {
            Credential::Code { login, code } => self.by_code(login, code).await?.map(|user| (user, None)),
            Credential::Token(token) => self.by_token(token).await?,
        };
        let Some((user, token)) = shown else {
            self.metrics.sign_ins_failed.inc();
            if self.sign_in_limit.count(CONSOLE, ip)
                && let Credential::Code { login, .. } = credential
            {
                // Somebody whom no directory knows is nobody's failed login.
                for user in self.all_with_login(login).await? {
                    self.audit_sign_in("FAILED_LOGIN", &user, ip).await;
                }
            }
            return Err(SessionError::SignIn);
        };
        self.end_surplus(&user).await?;
        let (secret, now) = (SessionSecret::make(), self.clock.now());
        let record = SessionRecord {
            id: hex(&random::<6>()),
            hash: hash_of(secret.text()),
            enterprise: user.home.clone(),
            user: user.person.id.clone(),
            token,
            created_at: now,
            seen_at: now,
            expires_at: end_of(now, now),
        };
        self.stores.access.add(AccessRecord::Session(record)).await?;
        self.audit_sign_in("LOGIN", &user, ip).await;
        Ok(secret)
    }

    /// Who is signed in with this secret, as things stand now; `None` when the session ended. With `in_use` the session
    /// lives on from now: a page that merely stays open does not keep it alive.
    ///
    /// # Errors
    /// [`Unavailable`] when the store cannot be asked.
    pub async fn session(&self, secret: &SessionSecret, in_use: bool) -> Result<Option<Caller>, Unavailable> {
        let Some(AccessRecord::Session(record)) = self.stores.access.get(&key_of(secret)).await? else {
            return Ok(None);
        };
        let now = self.clock.now();
        if record.expires_at <= now {
            self.stores.access.take(&key_of(secret)).await?;
            return Ok(None);
        }
        let caller = match self.session_caller(&record).await {
            Ok(caller) => caller,
            Err(AuthError::Unavailable(why)) => return Err(why),
            Err(_) => return Ok(None),
        };
        if in_use && record.seen_at.ahead(SESSION_SEEN_STEP_S) <= now {
            let used = AccessRecord::Session(seen(&record, now));
            // If another request was faster, that one has written the same.
            self.stores.access.replace(&AccessRecord::Session(record), used).await?;
        }
        Ok(Some(caller))
    }

    /// Signs out: the secret is worth nothing from now on.
    ///
    /// # Errors
    /// [`Unavailable`] when the store cannot be asked.
    pub async fn end_session(&self, secret: &SessionSecret) -> Result<(), Unavailable> {
        self.stores.access.take(&key_of(secret)).await.map(|_| ())
    }

    /// The console sessions of the caller's enterprise that have not ended.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn sessions(&self, caller: &Caller) -> Result<Vec<SessionRecord>, AdminError> {
        caller.may(Action::ManageTokens).map_err(AdminError::Denied)?;
        let now = self.clock.now();
        let records = self.stores.access.list(AccessKind::Session, caller.enterprise()).await?;
        let mut sessions: Vec<SessionRecord> = records.into_iter().filter_map(session_of).collect();
        sessions.retain(|it| now < it.expires_at);
        sessions.sort_by_key(|it| std::cmp::Reverse(it.seen_at));
        Ok(sessions)
    }

    /// Ends a session of the caller's enterprise by its short name.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn revoke_session(&self, caller: &Caller, id: &str) -> Result<(), AdminError> {
        let missing = || AdminError::Missing("session", id.chars().take(60).collect());
        let record = self.sessions(caller).await?.into_iter().find(|it| it.id == id).ok_or_else(missing)?;
        let key = AccessKey::hashed(AccessKind::Session, &record.hash);
        self.stores.access.take(&key).await?.map(|_| ()).ok_or_else(missing)
    }

    async fn by_code(&self, login: &str, code: &str) -> Result<Option<User>, Unavailable> {
        let now = self.clock.now();
        let key = AccessKey::hashed(AccessKind::SignInCode, &hash_of(code.trim()));
        let Some(AccessRecord::SignInCode(record)) = self.stores.access.get(&key).await? else { return Ok(None) };
        let user = self.stores.directory.user_by_login(&record.enterprise, login.trim()).await?;
        let Some(user) = user.filter(|user| user.person.id == record.user && now < record.expires_at) else {
            // Looked at before it is taken, so that a mistyped login does not spend it.
            return Ok(None);
        };
        let taken = self.stores.access.take(&key).await?;
        Ok(taken.map(|_| user))
    }

    async fn by_token(&self, token: &str) -> Result<Option<(User, Option<String>)>, Unavailable> {
        match self.authenticator.caller(token.trim(), None).await {
            Ok(caller) => Ok(Some((caller.user().clone(), Some(caller.token_id().to_owned())))),
            Err(AuthError::Unavailable(why)) => Err(why),
            Err(_) => Ok(None),
        }
    }

    async fn session_caller(&self, record: &SessionRecord) -> Result<Caller, AuthError> {
        let token = match &record.token {
            Some(id) => self.stores.tokens.find_by_id(id).await?.ok_or(AuthError::BadToken)?,
            // What a person may do is what their role gives.
            None => TokenRecord {
                id: format!("session-{}", record.id),
                hash: record.hash,
                user: record.user.clone(),
                enterprise: record.enterprise.clone(),
                scopes: Scopes::EVERY,
                application: None,
                family: None,
                note: String::new(),
                created_at: record.created_at,
                expires_at: Some(record.expires_at),
            },
        };
        self.authenticator.caller_of(token, None).await
    }

    async fn all_with_login(&self, login: &str) -> Result<Vec<User>, Unavailable> {
        let login = login.trim();
        let ask = |directory: &feed::directory::Directory| {
            let homes = directory.enterprises();
            homes.filter_map(|home| directory.user_by_login(&home.id, login)).cloned().collect()
        };
        self.stores.directory.ask(ask).await
    }

    /// Ends the oldest sessions of somebody who has as many as they can have.
    async fn end_surplus(&self, user: &User) -> Result<(), Unavailable> {
        let records = self.stores.access.list(AccessKind::Session, &user.home).await?;
        let mut theirs: Vec<SessionRecord> = records.into_iter().filter_map(session_of).collect();
        theirs.retain(|it| it.user == user.person.id);
        theirs.sort_by_key(|it| it.seen_at);
        let surplus = (theirs.len() + 1).saturating_sub(SESSIONS_PER_USER_MAX);
        for record in theirs.into_iter().take(surplus) {
            self.stores.access.take(&AccessKey::hashed(AccessKind::Session, &record.hash)).await?;
        }
        Ok(())
    }

    async fn audit_sign_in(&self, event_type: &'static str, user: &User, ip: Option<IpAddr>) {
        self.audit(Deed {
            event_type,
            enterprise: &user.home,
            actor: Some(&user.person),
            ip,
            source: user_source(&user.person),
            details: json!({"service_id": CONSOLE, "service_name": "Tidings console"}),
        })
        .await;
    }
}

fn session_of(record: AccessRecord) -> Option<SessionRecord> {
    match record {
        AccessRecord::Session(session) => Some(session),
        _ => None,
    }
}
