//! `/api/v1/folders`: the folder tree of the caller's enterprise.

use super::body::json;
use crate::http::Server;
use crate::http::box_api::events::json_body;
use crate::http::caller::Asking;
use crate::http::error::ApiError;
use crate::service::folders::{FolderChange, FolderView};
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use feed::id::{ItemId, UserId};
use http::StatusCode;
use serde_json::{Value, json};

/// Shows a folder, or a file: where it lies, and whose it is.
pub async fn show(
    State(server): State<Server>,
    Asking(caller): Asking,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    Ok(json_body(shown(&server.services.folder(&caller, &id).await?).to_string()))
}

/// Adds a folder.
pub async fn add(State(server): State<Server>, Asking(caller): Asking, body: Body) -> Result<Response, ApiError> {
    let change: FolderChange = json(body).await?;
    let mut response = json_body(shown(&server.services.add_folder(&caller, &change).await?).to_string());
    *response.status_mut() = StatusCode::CREATED;
    Ok(response)
}

/// Moves a folder, or gives it to another owner.
pub async fn edit(
    State(server): State<Server>,
    Asking(caller): Asking,
    Path(id): Path<String>,
    body: Body,
) -> Result<Response, ApiError> {
    let change: FolderChange = json(body).await?;
    if change.id.is_some() {
        return Err(ApiError::Body("The id of a folder cannot be changed; leave it out.".to_owned()));
    }
    Ok(json_body(shown(&server.services.move_folder(&caller, &id, &change).await?).to_string()))
}

fn shown(view: &FolderView) -> Value {
    let folder = &view.folder;
    json!({
        "type": "folder",
        "id": folder.id.as_str(),
        "parent": folder.parent.as_ref().map(ItemId::as_str),
        "path": view.above.iter().map(ItemId::as_str).collect::<Vec<_>>(),
        "owned_by": folder.owner.as_ref().map(UserId::as_str),
        "trashed": folder.trashed,
    })
}
