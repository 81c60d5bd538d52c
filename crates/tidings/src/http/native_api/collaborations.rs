//! `/api/v1/collaborations` and `/api/v1/users/{id}/synced`: who is let in where, and which folders are synced.

use super::body::json;
use super::groups::created;
use super::list::{limit, listed};
use crate::http::Server;
use crate::http::box_api::events::json_body;
use crate::http::caller::Asking;
use crate::http::error::ApiError;
use crate::http::query::Query;
use crate::service::sharing::{CollaborationFilter, CollaborationWish};
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use feed::directory::{CollaborationStatus, CollaborationView, Collaborator};
use feed::id::ItemId;
use http::StatusCode;
use serde_json::{Value, json};

/// A change of a collaboration.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    role: Option<String>,
    status: Option<String>,
}

/// A folder to be synced.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Folder {
    folder: String,
}

/// Lists collaborations: all by id, or with `item`, `user` or `group` those on or of it.
pub async fn list(
    State(server): State<Server>,
    Asking(caller): Asking,
    RawQuery(raw): RawQuery,
) -> Result<Response, ApiError> {
    let query = Query::of(raw.as_deref());
    let limit = limit(&query);
    let text = |name| query.get(name).map(str::to_owned);
    let filter =
        CollaborationFilter { item: text("item"), user: text("user"), group: text("group"), after: text("after") };
    let all = filter.item.is_none() && filter.user.is_none() && filter.group.is_none();
    let found = server.services.collaborations(&caller, &filter, limit).await?;
    let next = found.last().filter(|_| all && found.len() == limit).map(|last| last.id.as_str());
    let entries: Vec<Value> = found.iter().map(shown).collect();
    Ok(listed(&entries, next))
}

/// Shows a collaboration.
pub async fn show(
    State(server): State<Server>,
    Asking(caller): Asking,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    Ok(json_body(shown(&server.services.collaboration(&caller, &id).await?).to_string()))
}

/// Lets somebody in.
pub async fn add(State(server): State<Server>, Asking(caller): Asking, body: Body) -> Result<Response, ApiError> {
    let wish: CollaborationWish = json(body).await?;
    Ok(created(&shown(&server.services.add_collaboration(&caller, &wish).await?)))
}

/// Changes the role of a collaborator, or accepts for one who is pending.
pub async fn edit(
    State(server): State<Server>,
    Asking(caller): Asking,
    Path(id): Path<String>,
    body: Body,
) -> Result<Response, ApiError> {
    let change: Change = json(body).await?;
    let accept = match change.status.as_deref() {
        None => false,
        Some("accepted") => true,
        Some(_) => return Err(ApiError::Body("status: a collaboration can only become 'accepted'.".to_owned())),
    };
    let changed = server.services.edit_collaboration(&caller, &id, change.role.as_deref(), accept).await?;
    Ok(json_body(shown(&changed).to_string()))
}

/// Ends a collaboration.
pub async fn delete(
    State(server): State<Server>,
    Asking(caller): Asking,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    server.services.end_collaboration(&caller, &id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Lists the folders that a user has synced.
pub async fn synced(
    State(server): State<Server>,
    Asking(caller): Asking,
    Path(user): Path<String>,
) -> Result<Response, ApiError> {
    let folders = server.services.synced(&caller, &user).await?;
    let entries: Vec<Value> = folders.iter().map(shown_folder).collect();
    Ok(json_body(json!({ "entries": entries }).to_string()))
}

/// Marks a folder as synced for a user.
pub async fn sync(
    State(server): State<Server>,
    Asking(caller): Asking,
    Path(user): Path<String>,
    body: Body,
) -> Result<Response, ApiError> {
    let Folder { folder } = json(body).await?;
    server.services.sync(&caller, &user, &folder, true).await?;
    Ok(created(&json!({"type": "folder", "id": folder})))
}

/// Unmarks a synced folder of a user.
pub async fn unsync(
    State(server): State<Server>,
    Asking(caller): Asking,
    Path((user, folder)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    server.services.sync(&caller, &user, &folder, false).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn shown_folder(folder: &ItemId) -> Value {
    json!({"type": "folder", "id": folder.as_str()})
}

fn shown(it: &CollaborationView) -> Value {
    let with = match &it.with {
        Collaborator::User(user) => json!({"type": "user", "id": user.as_str()}),
        Collaborator::Group(group) => json!({"type": "group", "id": group.as_str()}),
    };
    let status = if it.status == CollaborationStatus::Pending { "pending" } else { "accepted" };
    json!({
        "type": "collaboration",
        "id": it.id.as_str(),
        "item": it.item.as_str(),
        "accessible_by": with,
        "role": it.role.word(),
        "status": status,
        "created_at": it.since.second.to_string(),
    })
}
