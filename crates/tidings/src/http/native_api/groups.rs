//! `/api/v1/groups`: the groups of the caller's enterprise and who is in them.

use super::body::json;
use super::list::{limit, listed};
use crate::http::Server;
use crate::http::box_api::events::json_body;
use crate::http::caller::Asking;
use crate::http::error::ApiError;
use crate::http::query::Query;
use crate::service::sharing::GroupChange;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use feed::directory::{GroupView, Person};
use feed::id::UserId;
use http::StatusCode;
use serde_json::{Value, json};

/// A member to be added.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Member {
    user: String,
}

/// Lists groups, sorted by id; `after` goes on where a list ended, `limit` is at most 1000.
pub async fn list(
    State(server): State<Server>,
    Asking(caller): Asking,
    RawQuery(raw): RawQuery,
) -> Result<Response, ApiError> {
    let query = Query::of(raw.as_deref());
    let limit = limit(&query);
    let groups = server.services.groups(&caller, query.get("after"), limit).await?;
    let next = groups.last().filter(|_| groups.len() == limit).map(|group| group.id.as_str());
    let entries: Vec<Value> = groups.iter().map(shown).collect();
    Ok(listed(&entries, next))
}

/// Shows a group.
pub async fn show(
    State(server): State<Server>,
    Asking(caller): Asking,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    Ok(json_body(shown(&server.services.group(&caller, &id).await?).to_string()))
}

/// Adds a group.
pub async fn add(State(server): State<Server>, Asking(caller): Asking, body: Body) -> Result<Response, ApiError> {
    let change: GroupChange = json(body).await?;
    Ok(created(&shown(&server.services.add_group(&caller, &change).await?)))
}

/// Renames a group.
pub async fn edit(
    State(server): State<Server>,
    Asking(caller): Asking,
    Path(id): Path<String>,
    body: Body,
) -> Result<Response, ApiError> {
    let change: GroupChange = json(body).await?;
    if change.id.is_some() {
        return Err(ApiError::Body("The id of a group cannot be changed; leave it out.".to_owned()));
    }
    Ok(json_body(shown(&server.services.edit_group(&caller, &id, &change).await?).to_string()))
}

/// Removes a group.
pub async fn delete(
    State(server): State<Server>,
    Asking(caller): Asking,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    server.services.delete_group(&caller, &id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Lists the members of a group; `after` goes on where a list ended.
pub async fn members(
    State(server): State<Server>,
    Asking(caller): Asking,
    Path(id): Path<String>,
    RawQuery(raw): RawQuery,
) -> Result<Response, ApiError> {
    let query = Query::of(raw.as_deref());
    let (limit, after) = (limit(&query), query.get("after").and_then(|id| UserId::new(id).ok()));
    let members = server.services.members(&caller, &id, after.as_ref(), limit).await?;
    let next = members.last().filter(|_| members.len() == limit).map(|person| person.id.as_str());
    let entries: Vec<Value> = members.iter().map(shown_person).collect();
    Ok(listed(&entries, next))
}

/// Puts a user into a group.
pub async fn add_member(
    State(server): State<Server>,
    Asking(caller): Asking,
    Path(id): Path<String>,
    body: Body,
) -> Result<Response, ApiError> {
    let member: Member = json(body).await?;
    Ok(created(&shown_person(&server.services.add_member(&caller, &id, &member.user).await?)))
}

/// Takes a user out of a group.
pub async fn remove_member(
    State(server): State<Server>,
    Asking(caller): Asking,
    Path((id, user)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    server.services.remove_member(&caller, &id, &user).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

pub(super) fn created(shown: &Value) -> Response {
    let mut response = json_body(shown.to_string());
    *response.status_mut() = StatusCode::CREATED;
    response
}

fn shown(group: &GroupView) -> Value {
    json!({
        "type": "group",
        "id": group.id.as_str(),
        "name": group.name.as_str(),
        "created_at": group.created_at.to_string(),
    })
}

fn shown_person(person: &Person) -> Value {
    json!({"type": "user", "id": person.id.as_str(), "name": person.name.as_str(), "login": person.login.as_str()})
}
