//! `/api/v1/tokens`: access tokens of the caller's enterprise.

use super::body::json;
use crate::http::Server;
use crate::http::box_api::events::json_body;
use crate::http::caller::Asking;
use crate::http::error::ApiError;
use crate::service::TokenRecord;
use crate::service::administer::TokenWish;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use feed::permission::Scopes;
use http::StatusCode;
use serde_json::{Value, json};

/// Lists tokens, oldest first, without their secrets.
pub async fn list(State(server): State<Server>, Asking(caller): Asking) -> Result<Response, ApiError> {
    let tokens = server.services.tokens(&caller).await?;
    let entries: Vec<Value> = tokens.iter().map(shown).collect();
    Ok(json_body(json!({ "entries": entries }).to_string()))
}

/// Makes a token; its secret is in this answer and nowhere else.
pub async fn add(State(server): State<Server>, Asking(caller): Asking, body: Body) -> Result<Response, ApiError> {
    let wish: TokenWish = json(body).await?;
    let scopes = Scopes::parse(&wish.scopes).map_err(|wrong| ApiError::Body(format!("scopes: {wrong}.")))?;
    let (fresh, record) = server.services.make_token(&caller, &wish, scopes).await?;
    let mut answer = shown(&record);
    answer["access_token"] = Value::from(fresh.secret);
    let mut response = json_body(answer.to_string());
    *response.status_mut() = StatusCode::CREATED;
    Ok(response)
}

/// Revokes a token.
pub async fn delete(
    State(server): State<Server>,
    Asking(caller): Asking,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    server.services.revoke_token(&caller, &id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn shown(token: &TokenRecord) -> Value {
    json!({
        "type": "token",
        "id": token.id,
        "user": token.user.as_str(),
        "scopes": token.scopes.to_string(),
        "note": token.note,
        "created_at": token.created_at.to_string(),
        "expires_at": token.expires_at.map(|second| second.to_string()),
    })
}
