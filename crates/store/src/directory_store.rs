//! The directory as kept: read here, changed only by events through the ledger.

use crate::ledger::Unavailable;
use async_trait::async_trait;
use feed::directory::{Directory, Enterprise, ListSpan, User};
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

    /// The lists of a user's home to which the user belongs or belonged, and where: at least up to the last place that
    /// a scan begun before this call may have seen. (The directory may run ahead of what is visible, never behind it.)
    async fn lists(&self, user: &UserId) -> Result<Vec<ListSpan>, Unavailable>;

    /// Lets a question look at the whole directory. It must be a short one: nothing is recorded meanwhile.
    async fn consult(&self, question: Question<'_>) -> Result<(), Unavailable>;
}

/// A question to the directory; it keeps the answer itself.
pub type Question<'q> = Box<dyn FnOnce(&Directory) + Send + 'q>;

impl dyn DirectoryStore {
    /// Asks the directory a short question.
    ///
    /// # Errors
    /// [`Unavailable`] when it cannot be read.
    pub async fn ask<A: Send>(&self, question: impl FnOnce(&Directory) -> A + Send) -> Result<A, Unavailable> {
        let mut answer = None;
        self.consult(Box::new(|directory| answer = Some(question(directory)))).await?;
        answer.ok_or_else(|| Unavailable::Failed("the directory did not answer".to_owned()))
    }
}
