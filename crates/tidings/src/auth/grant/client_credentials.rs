//! By client id and secret: a token for the service account, or for a user whom the application may act for.

use super::wish::{GrantType, GrantWish};
use super::{GrantError, Granted, Grants, Issue};

impl Grants {
    pub(super) async fn client_credentials(&self, wish: &GrantWish) -> Result<Granted, GrantError> {
        let application = self.client(wish).await?;
        let subject_type = wish.subject_type.as_deref().ok_or(GrantError::Missing("box_subject_type"))?;
        let subject_id = wish.subject_id.as_deref().ok_or(GrantError::Missing("box_subject_id"))?;
        let user = self.subject(&application, subject_type, subject_id).await?;
        self.issue(Issue {
            grant_type: GrantType::ClientCredentials,
            application: Some(&application),
            user,
            scopes: application.scopes,
            family: None,
            not_after: None,
        })
        .await
    }
}
