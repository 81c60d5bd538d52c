//! The directory as kept: read here, changed only by events through the ledger.

use crate::ledger::Unavailable;
use async_trait::async_trait;
use feed::directory::{Enterprise, User};
use feed::id::{EnterpriseId, UserId};

/// What a keeper answers about enterprises and users. It agrees with the last append that was answered.
#[async_trait]
pub trait DirectoryStore: Send + Sync {
    /// The enterprise with this id.
    ///
    /// # Errors
    /// [`Unavailable`] when it cannot be read; so with the others.
    async fn enterprise(&self, id: &EnterpriseId) -> Result<Option<Enterprise>, Unavailable>;

    /// All enterprises, sorted by id.
    async fn enterprises(&self) -> Result<Vec<Enterprise>, Unavailable>;

    /// The user with this id.
    async fn user(&self, id: &UserId) -> Result<Option<User>, Unavailable>;

    /// The user of an enterprise with this login, compared without regard to ASCII case.
    async fn user_by_login(&self, enterprise: &EnterpriseId, login: &str) -> Result<Option<User>, Unavailable>;

    /// Up to `limit` users of an enterprise, sorted by id, after the id given.
    async fn users(
        &self,
        enterprise: &EnterpriseId,
        after: Option<&UserId>,
        limit: usize,
    ) -> Result<Vec<User>, Unavailable>;
}
