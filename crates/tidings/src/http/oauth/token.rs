//! `POST /oauth2/token` and `POST /oauth2/revoke`.

use super::form::Form;
use crate::auth::grant::Granted;
use crate::auth::grant::wish::GrantType;
use crate::http::Server;
use crate::http::box_api::events::json_body;
use crate::http::error::ApiError;
use crate::http::origin::Origin;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::json;

/// Grants a token.
pub async fn token(
    State(server): State<Server>,
    origin: Origin,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    body: Body,
) -> Result<Response, ApiError> {
    let form = Form::read(query.as_deref(), body).await?;
    let wish = form.wish(&headers, origin.base_url);
    let granted = server.services.grant(&wish, origin.ip).await?;
    Ok(answer(granted))
}

fn answer(granted: Granted) -> Response {
    let mut body = json!({
        "access_token": granted.token.secret,
        "expires_in": granted.expires_in,
        "restricted_to": [],
        "token_type": "bearer",
    });
    if let Some(refresh_token) = granted.refresh_token {
        body["refresh_token"] = json!(refresh_token.0);
    }
    if granted.grant_type == GrantType::TokenExchange {
        body["issued_token_type"] = json!("urn:ietf:params:oauth:token-type:access_token");
    }
    let mut response = json_body(body.to_string());
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Takes a token back: 200 without a body, also for one that is unknown.
pub async fn revoke(
    State(server): State<Server>,
    origin: Origin,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    body: Body,
) -> Result<Response, ApiError> {
    let form = Form::read(query.as_deref(), body).await?;
    let wish = form.wish(&headers, origin.base_url);
    server.services.revoke(&wish, form.get("token"), origin.ip).await?;
    Ok(StatusCode::OK.into_response())
}
