//! Directory, tokens and secrets of the memory keeper.

use super::MemoryStore;
use crate::access_store::{AccessKey, AccessRecord};
use crate::directory_store::{DirectoryStore, Question};
use crate::ledger::Unavailable;
use crate::report_store::KeptReport;
use crate::token_store::{TokenHash, TokenRecord, TokenStore};
use async_trait::async_trait;
use feed::directory::{Enterprise, ListSpan, User};
use feed::id::{EnterpriseId, UserId};
use feed::limits::LIST_ROWS_MAX;
use feed::time::Second;
use std::collections::BTreeMap;

/// Tokens and secrets.
#[derive(Debug, Default)]
pub(super) struct SmallState {
    tokens: Vec<TokenRecord>,
    secrets: BTreeMap<String, [u8; 32]>,
    pub(super) access: BTreeMap<AccessKey, AccessRecord>,
    /// By id.
    pub(super) reports: BTreeMap<String, KeptReport>,
}

#[async_trait]
impl DirectoryStore for MemoryStore {
    async fn enterprise(&self, id: &EnterpriseId) -> Result<Option<Enterprise>, Unavailable> {
        Ok(self.state().directory.enterprise(id).cloned())
    }

    async fn enterprises(&self) -> Result<Vec<Enterprise>, Unavailable> {
        let mut all: Vec<Enterprise> = self.state().directory.enterprises().cloned().collect();
        all.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(all)
    }

    async fn user(&self, id: &UserId) -> Result<Option<User>, Unavailable> {
        Ok(self.state().directory.user(id).cloned())
    }

    async fn user_by_login(&self, enterprise: &EnterpriseId, login: &str) -> Result<Option<User>, Unavailable> {
        Ok(self.state().directory.user_by_login(enterprise, login).cloned())
    }

    async fn users(
        &self,
        enterprise: &EnterpriseId,
        after: Option<&UserId>,
        limit: usize,
    ) -> Result<Vec<User>, Unavailable> {
        let state = self.state();
        let theirs = state.directory.users().filter(|user| user.home == *enterprise);
        let mut found: Vec<&User> = theirs.filter(|user| after.is_none_or(|after| *after < user.person.id)).collect();
        found.sort_by(|a, b| a.person.id.cmp(&b.person.id));
        Ok(found.into_iter().take(limit.min(LIST_ROWS_MAX)).cloned().collect())
    }

    async fn lists(&self, user: &UserId) -> Result<Vec<ListSpan>, Unavailable> {
        Ok(self.state().directory.lists(user))
    }

    async fn consult(&self, question: Question<'_>) -> Result<(), Unavailable> {
        question(&self.state().directory);
        Ok(())
    }
}

#[async_trait]
impl TokenStore for MemoryStore {
    async fn add(&self, token: TokenRecord) -> Result<(), Unavailable> {
        self.small().tokens.push(token);
        Ok(())
    }

    async fn find(&self, hash: &TokenHash) -> Result<Option<TokenRecord>, Unavailable> {
        Ok(self.small().tokens.iter().find(|token| token.hash == *hash).cloned())
    }

    async fn find_by_id(&self, id: &str) -> Result<Option<TokenRecord>, Unavailable> {
        Ok(self.small().tokens.iter().find(|token| token.id == id).cloned())
    }

    async fn list(&self, enterprise: &EnterpriseId) -> Result<Vec<TokenRecord>, Unavailable> {
        let small = self.small();
        let theirs = small.tokens.iter().filter(|token| token.enterprise == *enterprise);
        Ok(theirs.take(LIST_ROWS_MAX).cloned().collect())
    }

    async fn remove(&self, enterprise: &EnterpriseId, id: &str) -> Result<bool, Unavailable> {
        let mut small = self.small();
        let before = small.tokens.len();
        small.tokens.retain(|token| !(token.id == id && token.enterprise == *enterprise));
        Ok(small.tokens.len() < before)
    }

    async fn forget_expired(&self, now: Second) -> Result<u64, Unavailable> {
        let mut small = self.small();
        let before = small.tokens.len();
        small.tokens.retain(|token| token.expires_at.is_none_or(|expires| now < expires));
        Ok((before - small.tokens.len()) as u64)
    }

    async fn secret(&self, name: &str, fresh: [u8; 32]) -> Result<[u8; 32], Unavailable> {
        Ok(*self.small().secrets.entry(name.to_owned()).or_insert(fresh))
    }
}
