//! By a refresh token, which is thereby spent: the answer has the next one. One that comes again was stolen, from the
//! client or from the thief, so its whole family ends.

use super::wish::{GrantType, GrantWish};
use super::{GrantError, Granted, Grants, Issue, Secret};
use crate::auth::token::hash_of;
use crate::entropy::random;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use feed::limits::REFRESH_LIFETIME_S;
use store::access_store::{AccessKey, AccessRecord, FamilyRecord};
use store::ledger::Unavailable;

/// A fresh refresh token of a family.
pub(super) fn fresh(family: &str) -> Secret {
    Secret(format!("{family}.{}", URL_SAFE_NO_PAD.encode(random::<32>())))
}

impl Grants {
    pub(super) async fn refresh(&self, wish: &GrantWish) -> Result<Granted, GrantError> {
        let application = self.client(wish).await?;
        let token = wish.refresh_token.as_deref().ok_or(GrantError::Missing("refresh_token"))?;
        let family = self.family_of(token).await?.ok_or(GrantError::Spent)?;
        if family.client_id != application.client_id {
            return Err(GrantError::Spent);
        }
        let now = self.clock.now();
        // Only who held a token of the family knows its name.
        if family.current != hash_of(token) || family.expires_at <= now {
            return self.end_family(&family.id).await;
        }
        let Some(user) = self.user(&family.enterprise, &family.user).await? else {
            return self.end_family(&family.id).await;
        };
        let next = fresh(&family.id);
        let turned =
            FamilyRecord { current: hash_of(&next.0), expires_at: now.ahead(REFRESH_LIFETIME_S), ..family.clone() };
        let old = AccessRecord::Family(family.clone());
        if !self.stores.access.replace(&old, AccessRecord::Family(turned)).await? {
            // Somebody used the same token at the same moment.
            return self.end_family(&family.id).await;
        }
        let granted = self
            .issue(Issue {
                grant_type: GrantType::RefreshToken,
                application: Some(&application),
                user,
                scopes: family.scopes.within(application.scopes),
                family: Some(family.id),
                not_after: None,
            })
            .await?;
        Ok(Granted { refresh_token: Some(next), ..granted })
    }

    /// The family that a refresh token names.
    pub(super) async fn family_of(&self, refresh_token: &str) -> Result<Option<FamilyRecord>, Unavailable> {
        let Some((id, _)) = refresh_token.split_once('.') else { return Ok(None) };
        match self.stores.access.get(&AccessKey::family(id)).await? {
            Some(AccessRecord::Family(family)) => Ok(Some(family)),
            _ => Ok(None),
        }
    }

    async fn end_family<T>(&self, id: &str) -> Result<T, GrantError> {
        self.stores.access.take(&AccessKey::family(id)).await?;
        Err(GrantError::Spent)
    }
}
