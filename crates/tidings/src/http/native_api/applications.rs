//! `/api/v1/applications`: the applications of the caller's enterprise, their secrets and keys.

use super::body::json;
use crate::http::Server;
use crate::http::box_api::events::json_body;
use crate::http::caller::Asking;
use crate::http::error::ApiError;
use crate::service::applications::ApplicationWish;
use crate::service::{ActsAs, ApplicationRecord, PublicKeyRecord, SecretRecord};
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};

/// Lists applications, sorted by client id, without their secrets.
pub async fn list(State(server): State<Server>, Asking(caller): Asking) -> Result<Response, ApiError> {
    let applications = server.services.applications(&caller).await?;
    let entries: Vec<Value> = applications.iter().map(shown).collect();
    Ok(json_body(json!({ "entries": entries }).to_string()))
}

/// Shows one.
pub async fn show(
    State(server): State<Server>,
    Asking(caller): Asking,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    Ok(json_body(shown(&server.services.application(&caller, &id).await?).to_string()))
}

/// Creates one; its secret is in this answer and nowhere else.
pub async fn add(State(server): State<Server>, Asking(caller): Asking, body: Body) -> Result<Response, ApiError> {
    let wish: ApplicationWish = json(body).await?;
    let (application, secret) = server.services.create_application(&caller, &wish).await?;
    let mut answer = shown(&application);
    answer["client_secret"] = Value::from(secret.0);
    Ok(created(&answer))
}

/// Changes one.
pub async fn edit(
    State(server): State<Server>,
    Asking(caller): Asking,
    Path(id): Path<String>,
    body: Body,
) -> Result<Response, ApiError> {
    let wish: ApplicationWish = json(body).await?;
    let application = server.services.change_application(&caller, &id, &wish).await?;
    Ok(json_body(shown(&application).to_string()))
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct SecretWish {
    #[serde(default)]
    overlap: u32,
}

/// Makes a new secret; it is in this answer and nowhere else. `overlap` is for how many seconds old ones run on.
pub async fn add_secret(
    State(server): State<Server>,
    Asking(caller): Asking,
    Path(id): Path<String>,
    body: Body,
) -> Result<Response, ApiError> {
    let wish: SecretWish = json(body).await?;
    let (application, secret) = server.services.rotate_secret(&caller, &id, wish.overlap).await?;
    let mut answer = shown(&application);
    answer["client_secret"] = Value::from(secret.0);
    Ok(created(&answer))
}

/// Lists the public keys of one.
pub async fn list_keys(
    State(server): State<Server>,
    Asking(caller): Asking,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let application = server.services.application(&caller, &id).await?;
    let entries: Vec<Value> = application.keys.iter().map(shown_key).collect();
    Ok(json_body(json!({ "entries": entries }).to_string()))
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyWish {
    /// A public key in PEM; without it a pair is made.
    public_key: Option<String>,
    /// The client secret, if it should stand in the configuration file.
    client_secret: Option<String>,
}

/// Registers a public key, or makes a pair: the JWT configuration file, with the private half, is in this answer and
/// nowhere else.
pub async fn add_key(
    State(server): State<Server>,
    Asking(caller): Asking,
    Path(id): Path<String>,
    body: Body,
) -> Result<Response, ApiError> {
    let wish: KeyWish = json(body).await?;
    if let Some(pem) = &wish.public_key {
        return Ok(created(&shown_key(&server.services.add_key(&caller, &id, pem).await?)));
    }
    let (key, config) = server.services.generate_key(&caller, &id, wish.client_secret.as_deref()).await?;
    let mut answer = shown_key(&key);
    answer["jwt_config"] = serde_json::from_str(&config.0).unwrap_or_default();
    Ok(created(&answer))
}

/// Removes a public key.
pub async fn delete_key(
    State(server): State<Server>,
    Asking(caller): Asking,
    Path((id, key)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    server.services.remove_key(&caller, &id, &key).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Makes a one-time sign-in code for a user; it is in this answer and nowhere else.
pub async fn add_sign_in_code(
    State(server): State<Server>,
    Asking(caller): Asking,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let (code, expires_at) = server.services.make_sign_in_code(&caller, &id).await?;
    Ok(created(&json!({"type": "sign_in_code", "code": code.0, "expires_at": expires_at.to_string()})))
}

fn created(answer: &Value) -> Response {
    let mut response = json_body(answer.to_string());
    *response.status_mut() = StatusCode::CREATED;
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn shown(application: &ApplicationRecord) -> Value {
    let acts_as = match &application.acts_as {
        ActsAs::Nobody => json!("nobody"),
        ActsAs::Everybody => json!("everybody"),
        ActsAs::Users(users) => users.iter().map(|user| Value::from(user.as_str())).collect(),
    };
    let secret = |it: &SecretRecord| json!({"created_at": it.created_at.to_string(), "ends_at": it.ends_at.map(|ends| ends.to_string())});
    json!({
        "type": "application",
        "client_id": application.client_id,
        "name": application.name,
        "service_account": application.service_account.as_str(),
        "scopes": application.scopes.to_string(),
        "acts_as": acts_as,
        "redirect_uris": application.redirect_uris,
        "enabled": application.enabled,
        "secrets": application.secrets.iter().map(secret).collect::<Vec<Value>>(),
        "keys": application.keys.iter().map(shown_key).collect::<Vec<Value>>(),
        "created_at": application.created_at.to_string(),
    })
}

fn shown_key(key: &PublicKeyRecord) -> Value {
    json!({
        "type": "public_key",
        "id": key.id,
        "public_key": key.pem,
        "created_at": key.created_at.to_string(),
    })
}
