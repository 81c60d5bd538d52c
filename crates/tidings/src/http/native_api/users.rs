//! `/api/v1/users`: the users of the caller's enterprise.

use super::body::json;
use super::list::{limit, listed};
use crate::auth::role_name;
use crate::http::Server;
use crate::http::box_api::events::json_body;
use crate::http::caller::Asking;
use crate::http::error::ApiError;
use crate::http::query::Query;
use crate::service::administer::UserChange;
use crate::service::last_active::LastActive;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use feed::directory::{Role, Status, User};
use feed::id::UserId;
use feed::limits::SEARCH_VALUES_MAX;
use http::StatusCode;
use serde_json::{Value, json};

/// Lists users, sorted by id; `after` goes on where a list ended, `limit` is at most 1000. With `last_active=true` it says
/// when each was last active, and `limit` is at most [`SEARCH_VALUES_MAX`].
pub async fn list(
    State(server): State<Server>,
    Asking(caller): Asking,
    RawQuery(raw): RawQuery,
) -> Result<Response, ApiError> {
    let query = Query::of(raw.as_deref());
    let after = query.get("after").and_then(|id| UserId::new(id).ok());
    let with_activity = query.get("last_active") == Some("true");
    let limit = limit(&query).min(if with_activity { SEARCH_VALUES_MAX } else { usize::MAX });
    let users = server.services.users(&caller, after.as_ref(), limit).await?;
    let next = users.last().filter(|_| users.len() == limit).map(|user| user.person.id.as_str());
    let mut entries: Vec<Value> = users.iter().map(shown).collect();
    if with_activity {
        let ids: Vec<UserId> = users.iter().map(|user| user.person.id.clone()).collect();
        let activity = server.services.last_active(&caller, &ids).await?;
        entries.iter_mut().zip(activity).for_each(|(entry, activity)| put_activity(entry, activity));
    }
    Ok(listed(&entries, next))
}

/// Shows a user, by id or login.
pub async fn show(
    State(server): State<Server>,
    Asking(caller): Asking,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let user = server.services.user(&caller, &id).await?;
    let mut entry = shown(&user);
    let activity = server.services.last_active(&caller, &[user.person.id]).await?;
    activity.into_iter().for_each(|activity| put_activity(&mut entry, activity));
    Ok(json_body(entry.to_string()))
}

/// Adds a user.
pub async fn add(State(server): State<Server>, Asking(caller): Asking, body: Body) -> Result<Response, ApiError> {
    let change: UserChange = json(body).await?;
    let user = server.services.add_user(&caller, &change).await?;
    let mut response = json_body(shown(&user).to_string());
    *response.status_mut() = StatusCode::CREATED;
    Ok(response)
}

/// Changes a user.
pub async fn edit(
    State(server): State<Server>,
    Asking(caller): Asking,
    Path(id): Path<String>,
    body: Body,
) -> Result<Response, ApiError> {
    let change: UserChange = json(body).await?;
    if change.id.is_some() {
        return Err(ApiError::Body("The id of a user cannot be changed; leave it out.".to_owned()));
    }
    let user = server.services.edit_user(&caller, &id, &change).await?;
    Ok(json_body(shown(&user).to_string()))
}

/// Deletes a user.
pub async fn delete(
    State(server): State<Server>,
    Asking(caller): Asking,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    server.services.delete_user(&caller, &id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// When somebody was last active; if that was not found, up to when they were not looked for, if they were not to the end.
fn put_activity(entry: &mut Value, activity: LastActive) {
    let (at, not_after) = match activity {
        LastActive::At(at) => (Some(at), None),
        LastActive::NotAfter(second) => (None, Some(second)),
        LastActive::Never => (None, None),
    };
    entry["last_active_at"] = json!(at.map(|at| at.to_string()));
    entry["not_active_after"] = json!(not_after.map(|second| second.to_string()));
}

fn shown(user: &User) -> Value {
    let permissions: Vec<&str> = match &user.role {
        Role::CoAdmin(rights) => {
            let all = [(rights.reports, "reports"), (rights.users, "users")];
            all.into_iter().filter(|(has, _)| *has).map(|(_, name)| name).collect()
        }
        Role::User | Role::Admin | Role::ServiceAccount => Vec::new(),
    };
    let status = match user.status {
        Status::Provisional => "provisional",
        Status::Active => "active",
        Status::Deleted => "deleted",
    };
    json!({
        "type": "user",
        "id": user.person.id.as_str(),
        "name": user.person.name.as_str(),
        "login": user.person.login.as_str(),
        "role": role_name(&user.role),
        "permissions": permissions,
        "status": status,
        "created_at": user.created_at.to_string(),
        "modified_at": user.modified_at.to_string(),
    })
}
