//! `POST /api/v1/events/import`: bringing in history from elsewhere (design, section 7).

use super::body::whole;
use super::events::Form;
use crate::http::Server;
use crate::http::box_api::events::json_body;
use crate::http::caller::Asking;
use crate::http::error::ApiError;
use crate::service::import::Imported;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use feed::limits::PUBLISH_BYTES_MAX;
use serde_json::{Value, json};

/// Brings in a batch of bare events, as a list or as NDJSON. Answered once everything is durable, with counts.
pub async fn post(
    State(server): State<Server>,
    Asking(caller): Asking,
    Form(format): Form,
    body: Body,
) -> Result<Response, ApiError> {
    let body = whole(body, PUBLISH_BYTES_MAX).await?;
    let done = server.services.import(&caller, &body, format).await?;
    Ok(json_body(shown(&done).to_string()))
}

fn shown(done: &Imported) -> Value {
    json!({
        "imported": done.imported,
        "known": done.known,
        "differing": done.differing,
        "differing_ids": done.differing_ids.iter().map(|id| id.as_str()).collect::<Vec<_>>(),
        "expired": done.expired,
        "withheld": done.withheld,
    })
}
