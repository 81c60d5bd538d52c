//! Access tokens and the server's own secrets, as kept. Tokens are kept as hashes only (design, section 10).

use crate::ledger::Unavailable;
use async_trait::async_trait;
use feed::id::{EnterpriseId, UserId};
use feed::permission::Scopes;
use feed::time::Second;
use serde::{Deserialize, Serialize};

/// The SHA-256 of a token. The token itself is shown once, when it is made.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TokenHash(pub [u8; 32]);

impl std::fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenHash(…)")
    }
}

/// What is known of a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenRecord {
    /// A short name for it in lists and logs; not secret.
    pub id: String,
    /// The hash of the token.
    pub hash: TokenHash,
    /// Whose token it is.
    pub user: UserId,
    /// That user's enterprise.
    pub enterprise: EnterpriseId,
    /// What its application was granted.
    pub scopes: Scopes,
    /// The client id of the application that it was issued to; `None` for one made by hand.
    #[serde(default)]
    pub application: Option<String>,
    /// The family of tokens that it belongs to, and ends with.
    #[serde(default)]
    pub family: Option<String>,
    /// What it is for, in its maker's words.
    pub note: String,
    /// When it was made.
    pub created_at: Second,
    /// From when on it is refused; `None` is never.
    pub expires_at: Option<Second>,
}

/// What a keeper keeps of access.
#[async_trait]
pub trait TokenStore: Send + Sync {
    /// Keeps a new token.
    ///
    /// # Errors
    /// [`Unavailable`] when it cannot be kept; so with the others.
    async fn add(&self, token: TokenRecord) -> Result<(), Unavailable>;

    /// The token with this hash.
    async fn find(&self, hash: &TokenHash) -> Result<Option<TokenRecord>, Unavailable>;

    /// The token with this id.
    async fn find_by_id(&self, id: &str) -> Result<Option<TokenRecord>, Unavailable>;

    /// The tokens of an enterprise, oldest first, at most [`feed::limits::LIST_ROWS_MAX`].
    async fn list(&self, enterprise: &EnterpriseId) -> Result<Vec<TokenRecord>, Unavailable>;

    /// Forgets the token with this id, if it is the enterprise's; answers whether there was one.
    async fn remove(&self, enterprise: &EnterpriseId, id: &str) -> Result<bool, Unavailable>;

    /// Forgets the tokens that expired at or before `now`; answers how many they were.
    async fn forget_expired(&self, now: Second) -> Result<u64, Unavailable>;

    /// The secret of this name, which is `fresh` if none was kept yet. The first one kept stays.
    async fn secret(&self, name: &str, fresh: [u8; 32]) -> Result<[u8; 32], Unavailable>;
}
