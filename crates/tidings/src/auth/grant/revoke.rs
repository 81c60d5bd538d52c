//! Revoking: the token that an application gives back, and whatever descends from the same consent.

use super::wish::GrantWish;
use super::{GrantError, Grants};
use crate::auth::token::hash_of;
use store::access_store::{AccessKey, ApplicationRecord};
use store::token_store::TokenRecord;

/// What was revoked.
#[derive(Debug)]
pub enum Revoked {
    /// An access token, with its family if it has one.
    Access(Box<TokenRecord>),
    /// A refresh token, with its family.
    Refresh,
}

impl Grants {
    /// Revokes an access or refresh token of the client. A token that is unknown, or another's, is `None`: the client
    /// need not know (RFC 7009).
    ///
    /// # Errors
    /// [`GrantError`] for a wrong client.
    pub async fn revoke(
        &self,
        wish: &GrantWish,
        token: Option<&str>,
    ) -> Result<(ApplicationRecord, Option<Revoked>), GrantError> {
        let application = self.client(wish).await?;
        let token = token.ok_or(GrantError::Missing("token"))?;
        if let Some(record) = self.stores.tokens.find(&hash_of(token)).await? {
            if record.application.as_ref() != Some(&application.client_id) {
                return Ok((application, None));
            }
            if let Some(family) = &record.family {
                self.stores.access.take(&AccessKey::family(family)).await?;
            }
            self.stores.tokens.remove(&record.enterprise, &record.id).await?;
            return Ok((application, Some(Revoked::Access(Box::new(record)))));
        }
        let family = self.family_of(token).await?.filter(|family| family.client_id == application.client_id);
        let Some(family) = family else { return Ok((application, None)) };
        self.stores.access.take(&AccessKey::family(&family.id)).await?;
        Ok((application, Some(Revoked::Refresh)))
    }
}
