//! `/api/v1/enterprise`: the settings of the caller's enterprise; `/api/v1/directory`: all of its directory.

use super::body::whole;
use crate::http::Server;
use crate::http::box_api::events::json_body;
use crate::http::caller::Asking;
use crate::http::error::ApiError;
use crate::operator::shown;
use crate::service::enterprise::EnterpriseChange;
use crate::service::roster::Roster;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use feed::limits::ROSTER_BYTES_MAX;
use serde_json::json;

/// Shows the settings.
pub async fn show(State(server): State<Server>, Asking(caller): Asking) -> Result<Response, ApiError> {
    Ok(json_body(shown(&server.services.enterprise(&caller).await?).to_string()))
}

/// Changes the settings.
pub async fn edit(State(server): State<Server>, Asking(caller): Asking, body: Body) -> Result<Response, ApiError> {
    let change: EnterpriseChange = super::body::json(body).await?;
    Ok(json_body(shown(&server.services.edit_enterprise(&caller, &change).await?).to_string()))
}

/// Exports the directory.
pub async fn export(State(server): State<Server>, Asking(caller): Asking) -> Result<Response, ApiError> {
    let roster = server.services.export_directory(&caller).await?;
    let text = serde_json::to_string(&roster).map_err(|_| ApiError::Bug)?;
    Ok(json_body(text))
}

/// Imports a directory: adds what is missing and changes what differs.
pub async fn import(State(server): State<Server>, Asking(caller): Asking, body: Body) -> Result<Response, ApiError> {
    let bytes = whole(body, ROSTER_BYTES_MAX).await?;
    let roster: Roster = serde_json::from_slice(&bytes)
        .map_err(|wrong| ApiError::Body(format!("The body is no directory: {wrong}.")))?;
    let changes = server.services.import_directory(&caller, &roster).await?;
    Ok(json_body(json!({ "changes": changes }).to_string()))
}
