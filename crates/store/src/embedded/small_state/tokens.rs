//! Tokens in the small state.

use super::{Change, SmallState};
use crate::ledger::Unavailable;
use crate::token_store::{TokenHash, TokenRecord};
use feed::id::EnterpriseId;
use feed::limits::LIST_ROWS_MAX;
use feed::time::Second;

impl SmallState {
    pub(in super::super) fn add_token(&self, token: TokenRecord) -> Result<(), Unavailable> {
        self.change(|kept| {
            let number = kept.tokens.last_key_value().map_or(0, |(last, _)| last + 1);
            ((), vec![Change::Token(number, token)])
        })
    }

    pub(in super::super) fn token_by_hash(&self, hash: &TokenHash) -> Option<TokenRecord> {
        let kept = self.kept();
        kept.tokens.get(kept.hashes.get(&hash.0)?).cloned()
    }

    pub(in super::super) fn token_by_id(&self, id: &str) -> Option<TokenRecord> {
        let kept = self.kept();
        kept.tokens.get(kept.ids.get(id)?).cloned()
    }

    pub(in super::super) fn tokens(&self, enterprise: &EnterpriseId) -> Vec<TokenRecord> {
        let kept = self.kept();
        let theirs = kept.tokens.values().filter(|token| token.enterprise == *enterprise);
        theirs.take(LIST_ROWS_MAX).cloned().collect()
    }

    pub(in super::super) fn remove_token(&self, enterprise: &EnterpriseId, id: &str) -> Result<bool, Unavailable> {
        self.change(|kept| {
            let number = kept.ids.get(id).copied();
            let is_theirs = |number: &u64| kept.tokens.get(number).is_some_and(|token| token.enterprise == *enterprise);
            match number.filter(is_theirs) {
                Some(number) => (true, vec![Change::NoToken(number)]),
                None => (false, Vec::new()),
            }
        })
    }

    pub(in super::super) fn forget_expired_tokens(&self, now: Second) -> Result<u64, Unavailable> {
        self.change(|kept| {
            let expired = |token: &TokenRecord| token.expires_at.is_some_and(|expires| expires <= now);
            let gone = kept.tokens.iter().filter(|(_, token)| expired(token));
            let changes: Vec<Change> = gone.map(|(number, _)| Change::NoToken(*number)).collect();
            (changes.len() as u64, changes)
        })
    }
}
