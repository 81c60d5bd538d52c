//! A weaker token for a token. The new one has at most the scopes of the old, and ends with it.

use super::wish::{GrantType, GrantWish};
use super::{GrantError, Granted, Grants, Issue};
use crate::auth::token::hash_of;
use feed::permission::Scopes;
use store::access_store::AccessKey;

impl Grants {
    /// The SDKs send no client with this grant: whoever holds the token could use it anyway, and gets no more.
    pub(super) async fn exchange(&self, wish: &GrantWish) -> Result<Granted, GrantError> {
        let client = match (&wish.client_id, &wish.client_secret) {
            (Some(_), Some(_)) => Some(self.client(wish).await?),
            _ => None,
        };
        let subject = wish.subject_token.as_deref().ok_or(GrantError::Missing("subject_token"))?;
        if wish.narrowed_to.is_some() {
            // Tokens here are narrowed by scope only; one that claims less than it does would be worse than none.
            return Err(GrantError::Unfit("A token cannot be narrowed to a resource here"));
        }
        let now = self.clock.now();
        let old = self.stores.tokens.find(&hash_of(subject)).await?.ok_or(GrantError::Spent)?;
        if old.expires_at.is_some_and(|end| end <= now) {
            return Err(GrantError::Spent);
        }
        if client.as_ref().is_some_and(|client| old.application.as_ref() != Some(&client.client_id)) {
            return Err(GrantError::Spent);
        }
        let application = match &old.application {
            None => None,
            Some(id) => Some(self.application(id).await?.filter(|it| it.enabled).ok_or(GrantError::Spent)?),
        };
        if let Some(family) = &old.family
            && self.stores.access.get(&AccessKey::family(family)).await?.is_none()
        {
            return Err(GrantError::Spent);
        }
        let user = self.user(&old.enterprise, &old.user).await?.ok_or(GrantError::Spent)?;
        self.issue(Issue {
            grant_type: GrantType::TokenExchange,
            application: application.as_ref(),
            user,
            scopes: old.scopes.within(known_scopes(wish.scope.as_deref().unwrap_or_default())),
            family: old.family,
            not_after: old.expires_at,
        })
        .await
    }
}

/// The scopes of ours among the words. SDKs ask for scopes of content, which give nothing here.
pub(super) fn known_scopes(words: &str) -> Scopes {
    words.split([' ', ',']).filter_map(|word| Scopes::parse(word).ok()).fold(Scopes::NONE, Scopes::and)
}
