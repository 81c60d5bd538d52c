//! `GET /api/v1/events/{id}/audience`: who heard an event, and why.

use crate::http::Server;
use crate::http::box_api::events::json_body;
use crate::http::caller::Asking;
use crate::http::error::ApiError;
use crate::http::query::Query;
use crate::service::explain::Hearer;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use serde_json::{Value, json};

/// Explains an event; with `user`, by id or login, also why that user heard it or did not.
pub async fn get(
    State(server): State<Server>,
    Asking(caller): Asking,
    Path(id): Path<String>,
    RawQuery(raw): RawQuery,
) -> Result<Response, ApiError> {
    let query = Query::of(raw.as_deref());
    let explained = server.services.explain(&caller, &id, query.get("user")).await?;
    let hearers: Vec<Value> = explained.hearers.iter().map(shown).collect();
    let lists: Vec<Value> =
        explained.lists.iter().map(|(name, count)| json!({"name": name, "members": count})).collect();
    Ok(json_body(
        json!({
            "event_id": id,
            "user_event_id": explained.user_event.as_ref().map(|id| id.as_str()),
            "event_type": explained.event_type,
            "heard_by": hearers,
            "lists": lists,
            "user": explained.asked.as_ref().map(shown),
        })
        .to_string(),
    ))
}

fn shown(hearer: &Hearer) -> Value {
    let person = &hearer.person;
    json!({
        "id": person.id.as_str(), "name": person.name.as_str(), "login": person.login.as_str(),
        "heard": hearer.heard, "reasons": hearer.reasons,
    })
}
