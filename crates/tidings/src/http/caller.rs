//! From request headers to a Caller.

use super::Server;
use super::error::ApiError;
use super::origin::Origin;
use crate::auth::{AuthError, Caller};
use axum::extract::FromRequestParts;
use http::HeaderMap;
use http::request::Parts;

/// The caller of a request, authenticated and within the rate limit. A handler that takes one cannot be reached
/// without it.
pub struct Asking(pub Caller);

impl FromRequestParts<Server> for Asking {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, ApiError> {
        let token = bearer(&parts.headers).ok_or(AuthError::NoToken)?;
        let as_user = match parts.headers.get("as-user") {
            None => None,
            Some(value) => Some(value.to_str().map_err(|_| AuthError::ActingForNobody)?.trim()),
        };
        let caller = server.services.authenticator.caller(token, as_user.filter(|id| !id.is_empty())).await?;
        if let Some(limit) = &server.rate_limit {
            limit.check(caller.token_user().as_str()).map_err(|retry_after_s| ApiError::RateLimit { retry_after_s })?;
        }
        if let (Some(limit), Some(client_id)) = (&server.application_limit, caller.application()) {
            limit.check(client_id).map_err(|retry_after_s| ApiError::RateLimit { retry_after_s })?;
        }
        let caller = caller.from(Origin::ip_of(parts, server));
        server.services.record_sign_in(&caller).await;
        Ok(Asking(caller))
    }
}

/// The token of `Authorization: Bearer …`; the scheme is matched without regard to case (protocol, section 3).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(http::header::AUTHORIZATION)?.to_str().ok()?.trim();
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}
