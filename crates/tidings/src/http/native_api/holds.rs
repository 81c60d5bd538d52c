//! `/api/v1/holds`: legal holds of the caller's enterprise.

use super::body::json;
use crate::http::Server;
use crate::http::box_api::events::json_body;
use crate::http::caller::Asking;
use crate::http::error::ApiError;
use crate::service::holds::{HoldChange, HoldWish, ShownHold};
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use feed::hold::Scope;
use feed::time::{ReadTime, Second};
use http::StatusCode;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

/// A hold as it is asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    name: String,
    #[serde(default)]
    why: String,
    created_from: Option<String>,
    created_before: Option<String>,
    until: Option<String>,
}

/// A change as it is asked for. `"until": null` takes the end away; without `until` it stays.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AskedChange {
    name: Option<String>,
    why: Option<String>,
    #[serde(default, deserialize_with = "given")]
    until: Option<Option<String>>,
}

fn given<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(from).map(Some)
}

/// Lists the holds, also those that ended, oldest first.
pub async fn list(State(server): State<Server>, Asking(caller): Asking) -> Result<Response, ApiError> {
    let holds = server.services.holds(&caller).await?;
    let entries: Vec<Value> = holds.iter().map(shown).collect();
    Ok(json_body(json!({ "entries": entries }).to_string()))
}

/// Shows one.
pub async fn show(
    State(server): State<Server>,
    Asking(caller): Asking,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    Ok(json_body(shown(&server.services.hold(&caller, &id).await?).to_string()))
}

/// Places one.
pub async fn add(State(server): State<Server>, Asking(caller): Asking, body: Body) -> Result<Response, ApiError> {
    let asked: Asked = json(body).await?;
    let scope = Scope {
        created_from: bound("created_from", asked.created_from)?,
        created_before: bound("created_before", asked.created_before)?,
    };
    let until = bound("until", asked.until)?;
    let wish = HoldWish { name: asked.name, why: asked.why, scope, until };
    let mut response = json_body(shown(&server.services.place_hold(&caller, wish).await?).to_string());
    *response.status_mut() = StatusCode::CREATED;
    Ok(response)
}

/// Changes one.
pub async fn edit(
    State(server): State<Server>,
    Asking(caller): Asking,
    Path(id): Path<String>,
    body: Body,
) -> Result<Response, ApiError> {
    let asked: AskedChange = json(body).await?;
    let until = asked.until.map(|until| bound("until", until)).transpose()?;
    let change = HoldChange { name: asked.name, why: asked.why, until };
    Ok(json_body(shown(&server.services.change_hold(&caller, &id, &change).await?).to_string()))
}

/// Releases one. It stays in the list as ended.
pub async fn delete(
    State(server): State<Server>,
    Asking(caller): Asking,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    server.services.release_hold(&caller, &id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn bound(name: &'static str, text: Option<String>) -> Result<Option<Second>, ApiError> {
    let read = text.map(|text| ReadTime::parse(&text).map(ReadTime::as_bound));
    read.transpose().map_err(|wrong| ApiError::Time { name, wrong })
}

fn shown(it: &ShownHold) -> Value {
    let time = |second: Option<Second>| second.map(|second| second.to_string());
    let hold = &it.hold;
    let placed_by = it.placed_by.as_ref();
    json!({
        "type": "hold",
        "id": hold.id,
        "name": hold.name,
        "why": hold.why,
        "created_from": time(hold.scope.created_from),
        "created_before": time(hold.scope.created_before),
        "placed_by": {
            "type": "user",
            "id": hold.placed_by.as_str(),
            "name": placed_by.map(|person| person.name.as_str()),
            "login": placed_by.map(|person| person.login.as_str()),
        },
        "from": time(Some(hold.placed_at)),
        "until": time(hold.until),
        "released_at": time(hold.released.as_ref().map(|release| release.at)),
        "released_by": hold.released.as_ref().map(|release| release.by.as_str()),
        "in_effect": it.in_effect,
    })
}
