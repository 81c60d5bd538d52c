//! `POST /api/v1/events`: publishing (design, section 5).

use super::body::whole;
use crate::http::Server;
use crate::http::box_api::events::json_body;
use crate::http::caller::Asking;
use crate::http::error::ApiError;
use crate::service::{Outcome, Receipt};
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use feed::event::FeedKind;
use feed::intake::Format;
use feed::limits::PUBLISH_BYTES_MAX;
use http::{HeaderMap, header};
use serde_json::{Value, json};

/// Publishes one draft, an array, or NDJSON. Answered once everything is durable, with one result per draft.
pub async fn post(
    State(server): State<Server>,
    Asking(caller): Asking,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let format = format_of(&headers)?;
    let body = whole(body, PUBLISH_BYTES_MAX).await?;
    let receipts = server.services.publish(&caller, &body, format).await?;
    let results: Vec<Value> = receipts.iter().enumerate().map(|(index, receipt)| result(index, receipt)).collect();
    Ok(json_body(json!({ "results": results }).to_string()))
}

/// The form of the body, by its media type; JSON if there is none.
fn format_of(headers: &HeaderMap) -> Result<Format, ApiError> {
    let Some(value) = headers.get(header::CONTENT_TYPE) else { return Ok(Format::Json) };
    let text = value.to_str().map_err(|_| ApiError::MediaType)?;
    let essence = text.split(';').next().unwrap_or_default().trim();
    match essence.to_ascii_lowercase().as_str() {
        // The last is what `curl -d` says of any body; a form would be refused as no JSON.
        "application/json" | "application/x-www-form-urlencoded" => Ok(Format::Json),
        "application/x-ndjson" | "application/ndjson" | "application/jsonl" => Ok(Format::Ndjson),
        _ => Err(ApiError::MediaType),
    }
}

fn result(index: usize, receipt: &Receipt) -> Value {
    json!({
        "index": index,
        "user": outcome(receipt.user.as_ref(), FeedKind::User),
        "enterprise": outcome(receipt.enterprise.as_ref(), FeedKind::Enterprise),
    })
}

/// Positions have the JSON types of the streams they can be used with.
fn outcome(outcome: Option<&Outcome>, kind: FeedKind) -> Value {
    match outcome {
        None => Value::Null,
        Some(Outcome::Withheld { event_id }) => json!({"event_id": event_id.as_str(), "withheld": "opt_in"}),
        Some(Outcome::Recorded { event_id, position, duplicate, differs }) => {
            let position = match kind {
                FeedKind::User => json!(position.number()),
                FeedKind::Enterprise => json!(position.to_string()),
            };
            json!({
                "event_id": event_id.as_str(), "position": position, "duplicate": duplicate, "differs": differs
            })
        }
    }
}
