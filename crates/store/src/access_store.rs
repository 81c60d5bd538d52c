//! What is kept of access beside tokens: applications, consents under way, refresh families, sign-in codes, the
//! assertions seen, and console sessions. Small records of a few kinds behind five verbs, so that a keeper needs one table for all of them.
//!
//! No secret is in them, only hashes.

use crate::ledger::Unavailable;
use crate::token_store::TokenHash;
use async_trait::async_trait;
use feed::id::{EnterpriseId, UserId};
use feed::permission::Scopes;
use feed::time::Second;
use serde::{Deserialize, Serialize};
use std::fmt;

/// An application that asks for tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApplicationRecord {
    /// Its public name for itself.
    pub client_id: String,
    /// Whose application it is.
    pub enterprise: EnterpriseId,
    /// What people call it.
    pub name: String,
    /// The user that it is when it acts for the enterprise.
    pub service_account: UserId,
    /// The most that its tokens can give.
    pub scopes: Scopes,
    /// For which users it may have tokens without asking them.
    pub acts_as: ActsAs,
    /// Where people may be sent back to after consenting; exact.
    pub redirect_uris: Vec<String>,
    /// Whether it gets tokens, and whether those it has work.
    pub enabled: bool,
    /// Its secrets: more than one while an old one still runs.
    pub secrets: Vec<SecretRecord>,
    /// The keys that its assertions may be signed with.
    pub keys: Vec<PublicKeyRecord>,
    /// When it was created.
    pub created_at: Second,
}

/// For which users of its enterprise an application may have tokens without asking them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum ActsAs {
    /// None; it is itself only.
    #[default]
    Nobody,
    /// All of them.
    Everybody,
    /// These.
    Users(Vec<UserId>),
}

/// A client secret, as kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretRecord {
    /// The hash of the secret.
    pub hash: TokenHash,
    /// When it was made.
    pub created_at: Second,
    /// From when on it is refused; `None` is never.
    pub ends_at: Option<Second>,
}

/// A public RSA key of an application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicKeyRecord {
    /// Its id, which assertions name in their head.
    pub id: String,
    /// The key as PEM (SubjectPublicKeyInfo).
    pub pem: String,
    /// When it was registered.
    pub created_at: Second,
}

/// Tokens that descend from one consent. Only the newest refresh token works; ending the family ends all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FamilyRecord {
    /// Its name; refresh tokens carry it.
    pub id: String,
    /// The application.
    pub client_id: String,
    /// The user's enterprise.
    pub enterprise: EnterpriseId,
    /// Who consented.
    pub user: UserId,
    /// To what.
    pub scopes: Scopes,
    /// The hash of the refresh token that works now.
    pub current: TokenHash,
    /// When that one ends.
    pub expires_at: Second,
}

/// An authorization code: a consent that has not been fetched yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeRecord {
    /// The hash of the code.
    pub hash: TokenHash,
    /// The application that it is for.
    pub client_id: String,
    /// The user's enterprise.
    pub enterprise: EnterpriseId,
    /// Who consented.
    pub user: UserId,
    /// To what.
    pub scopes: Scopes,
    /// Where the person was sent back to.
    pub redirect_uri: String,
    /// When it ends.
    pub expires_at: Second,
}

/// A one-time sign-in code, handed to a person by their admin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInCodeRecord {
    /// The hash of the code.
    pub hash: TokenHash,
    /// The person's enterprise.
    pub enterprise: EnterpriseId,
    /// Who may sign in with it.
    pub user: UserId,
    /// When it ends.
    pub expires_at: Second,
}

/// The id of an assertion that was used: it may not come again while it would still be good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssertionRecord {
    /// The hash of client and id.
    pub hash: TokenHash,
    /// The application's enterprise.
    pub enterprise: EnterpriseId,
    /// From when on the assertion is out of date anyway.
    pub expires_at: Second,
}

/// A person signed in to the console. It is found by the hash of what their browser holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionRecord {
    /// A short name for it in lists; not secret.
    pub id: String,
    /// The hash of the secret that the browser holds.
    pub hash: TokenHash,
    /// The user's enterprise.
    pub enterprise: EnterpriseId,
    /// Who signed in.
    pub user: UserId,
    /// The id of the access token that they signed in with, and whose end ends the session; `None` with a one-time
    /// code.
    pub token: Option<String>,
    /// When they signed in.
    pub created_at: Second,
    /// When they last asked for something, to the minute.
    pub seen_at: Second,
    /// When it ends: so long after `seen_at`, and so long after `created_at` at the latest.
    pub expires_at: Second,
}

/// A record of any kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum AccessRecord {
    /// An application.
    Application(ApplicationRecord),
    /// A family of tokens.
    Family(FamilyRecord),
    /// An authorization code.
    Code(CodeRecord),
    /// A one-time sign-in code.
    SignInCode(SignInCodeRecord),
    /// An assertion seen.
    Assertion(AssertionRecord),
    /// A person signed in to the console.
    Session(SessionRecord),
}

/// The kinds of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum AccessKind {
    /// Applications, by client id.
    Application,
    /// Families, by id.
    Family,
    /// Authorization codes, by hash.
    Code,
    /// Sign-in codes, by hash.
    SignInCode,
    /// Assertions, by hash.
    Assertion,
    /// Console sessions, by hash.
    Session,
}

/// What a record is found by. Its text (`application/…`) is unique among all kinds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccessKey {
    /// The kind.
    pub kind: AccessKind,
    /// The name within the kind.
    pub name: String,
}

impl AccessKey {
    /// The key of an application.
    pub fn application(client_id: &str) -> Self {
        AccessKey { kind: AccessKind::Application, name: client_id.to_owned() }
    }

    /// The key of a family.
    pub fn family(id: &str) -> Self {
        AccessKey { kind: AccessKind::Family, name: id.to_owned() }
    }

    /// The key of a record that is found by a hash.
    pub fn hashed(kind: AccessKind, hash: &TokenHash) -> Self {
        let digits = hash.0.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        AccessKey { kind, name: digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect() }
    }
}

impl fmt::Display for AccessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            AccessKind::Application => "application",
            AccessKind::Family => "family",
            AccessKind::Code => "code",
            AccessKind::SignInCode => "sign-in-code",
            AccessKind::Assertion => "assertion",
            AccessKind::Session => "session",
        };
        write!(f, "{kind}/{}", self.name)
    }
}

impl AccessRecord {
    /// What it is found by.
    pub fn key(&self) -> AccessKey {
        match self {
            AccessRecord::Application(it) => AccessKey::application(&it.client_id),
            AccessRecord::Family(it) => AccessKey::family(&it.id),
            AccessRecord::Code(it) => AccessKey::hashed(AccessKind::Code, &it.hash),
            AccessRecord::SignInCode(it) => AccessKey::hashed(AccessKind::SignInCode, &it.hash),
            AccessRecord::Assertion(it) => AccessKey::hashed(AccessKind::Assertion, &it.hash),
            AccessRecord::Session(it) => AccessKey::hashed(AccessKind::Session, &it.hash),
        }
    }

    /// Whose it is.
    pub fn enterprise(&self) -> &EnterpriseId {
        match self {
            AccessRecord::Application(it) => &it.enterprise,
            AccessRecord::Family(it) => &it.enterprise,
            AccessRecord::Code(it) => &it.enterprise,
            AccessRecord::SignInCode(it) => &it.enterprise,
            AccessRecord::Assertion(it) => &it.enterprise,
            AccessRecord::Session(it) => &it.enterprise,
        }
    }

    /// From when on it may be forgotten; `None` is never.
    pub fn expires_at(&self) -> Option<Second> {
        match self {
            AccessRecord::Application(_) => None,
            AccessRecord::Family(it) => Some(it.expires_at),
            AccessRecord::Code(it) => Some(it.expires_at),
            AccessRecord::SignInCode(it) => Some(it.expires_at),
            AccessRecord::Assertion(it) => Some(it.expires_at),
            AccessRecord::Session(it) => Some(it.expires_at),
        }
    }
}

/// What a keeper keeps of access. Each verb is one step: nobody sees or makes half of it. What was answered is durable.
#[async_trait]
pub trait AccessStore: Send + Sync {
    /// Keeps a record if there is none with its key; answers whether it was kept.
    ///
    /// # Errors
    /// [`Unavailable`] when it cannot be kept; so with the others.
    async fn add(&self, record: AccessRecord) -> Result<bool, Unavailable>;

    /// Puts `new` in the place of `old`, which has the same key, if that is still as it was; answers whether it was.
    async fn replace(&self, old: &AccessRecord, new: AccessRecord) -> Result<bool, Unavailable>;

    /// The record with this key.
    async fn get(&self, key: &AccessKey) -> Result<Option<AccessRecord>, Unavailable>;

    /// Removes and answers the record with this key: of two who take it, one gets it.
    async fn take(&self, key: &AccessKey) -> Result<Option<AccessRecord>, Unavailable>;

    /// The records of a kind and an enterprise, sorted by key, at most [`feed::limits::LIST_ROWS_MAX`].
    async fn list(&self, kind: AccessKind, enterprise: &EnterpriseId) -> Result<Vec<AccessRecord>, Unavailable>;

    /// Forgets what expired at or before `now`; answers how many records that were.
    async fn forget_expired(&self, now: Second) -> Result<u64, Unavailable>;
}
