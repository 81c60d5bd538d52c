//! By a signed assertion. Each is good for one token.

use super::wish::{GrantType, GrantWish};
use super::{GrantError, Granted, Grants, Issue};
use crate::auth::assertion;
use store::access_store::AccessRecord;

impl Grants {
    pub(super) async fn jwt_bearer(&self, wish: &GrantWish) -> Result<Granted, GrantError> {
        let application = self.client(wish).await?;
        let assertion = wish.assertion.as_deref().ok_or(GrantError::Missing("assertion"))?;
        let asserted = assertion::read(assertion, &application, &wish.own_base, self.clock.now())
            .map_err(GrantError::Assertion)?;
        let user = self.subject(&application, &asserted.subject_type, &asserted.subject_id).await?;
        // Remembered before the token is made: of two that come at once, one is refused.
        if !self.stores.access.add(AccessRecord::Assertion(asserted.seen)).await? {
            return Err(GrantError::AssertionSeen);
        }
        self.issue(Issue {
            grant_type: GrantType::JwtBearer,
            application: Some(&application),
            user,
            scopes: application.scopes,
            family: None,
            not_after: None,
        })
        .await
    }
}
