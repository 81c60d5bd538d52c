//! `POST /api/v1/events`: publishing (design, section 5); and one event, whole, by its id.

use super::body::whole;
use crate::http::Server;
use crate::http::box_api::events::json_body;
use crate::http::caller::Asking;
use crate::http::error::ApiError;
use crate::service::{Outcome, Receipt};
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use feed::event::FeedKind;
use feed::intake::Format;
use feed::limits::PUBLISH_BYTES_MAX;
use feed::position::Position;
use http::{HeaderMap, header};
use serde::{Serialize, Serializer};

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
    Ok(json_body(to_bytes(&receipts)))
}

/// Shows an event of the caller's enterprise: both renderings, byte for byte as readers get them.
pub async fn show(
    State(server): State<Server>,
    Asking(caller): Asking,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let event = server.services.event(&caller, &id).await?;
    let mut body = format!("{{\"recorded_at\":\"{}\"", event.recorded_at).into_bytes();
    let enterprise = event.for_enterprise.map(|(_, bytes)| bytes);
    for (name, bytes) in [("enterprise", enterprise), ("user", event.for_users)] {
        body.extend_from_slice(format!(",\"{name}\":").as_bytes());
        body.extend_from_slice(bytes.as_deref().unwrap_or(b"null"));
    }
    body.push(b'}');
    Ok(json_body(body))
}

/// The form of the body, by its media type; JSON if there is none.
pub(super) fn format_of(headers: &HeaderMap) -> Result<Format, ApiError> {
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

/// The answer of a publish. It is written straight from the receipts: a tree of values between them cost a sixth of the
/// server's time of a publish.
#[derive(Serialize)]
struct Answer<'a> {
    results: Vec<DraftResult<'a>>,
}

/// What became of one draft.
#[derive(Serialize)]
struct DraftResult<'a> {
    enterprise: Option<RenderingResult<'a>>,
    index: usize,
    user: Option<RenderingResult<'a>>,
}

/// What became of one rendering.
#[derive(Serialize)]
#[serde(untagged)]
enum RenderingResult<'a> {
    Withheld { event_id: &'a str, withheld: &'static str },
    Recorded { differs: bool, duplicate: bool, event_id: &'a str, position: ShownPosition<'a> },
}

/// Positions have the JSON types of the streams they can be used with.
enum ShownPosition<'a> {
    Number(&'a Position),
    Text(&'a Position),
}

impl Serialize for ShownPosition<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            ShownPosition::Number(position) => to.serialize_u64(position.number()),
            ShownPosition::Text(position) => to.collect_str(position),
        }
    }
}

fn to_bytes(receipts: &[Receipt]) -> Vec<u8> {
    let results = receipts.iter().enumerate().map(|(index, receipt)| DraftResult {
        enterprise: receipt.enterprise.as_ref().map(|outcome| result(outcome, FeedKind::Enterprise)),
        index,
        user: receipt.user.as_ref().map(|outcome| result(outcome, FeedKind::User)),
    });
    serde_json::to_vec(&Answer { results: results.collect() }).expect("texts and numbers can always be written")
}

fn result(outcome: &Outcome, kind: FeedKind) -> RenderingResult<'_> {
    match outcome {
        Outcome::Withheld { event_id } => RenderingResult::Withheld { event_id: event_id.as_str(), withheld: "opt_in" },
        Outcome::Recorded { event_id, position, duplicate, differs } => RenderingResult::Recorded {
            differs: *differs,
            duplicate: *duplicate,
            event_id: event_id.as_str(),
            position: match kind {
                FeedKind::User => ShownPosition::Number(position),
                FeedKind::Enterprise => ShownPosition::Text(position),
            },
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use feed::id::EventId;
    use feed::position::{Family, Place};
    use feed::time::Second;

    #[test]
    fn one_result_for_each_draft() {
        let event_id = EventId::new("e").unwrap();
        let position = |family| Position::new(Place { second: Second(1), ordinal: 2 }, family);
        let recorded = |family, duplicate| Outcome::Recorded {
            event_id: event_id.clone(),
            position: position(family),
            duplicate,
            differs: duplicate,
        };
        let receipts = [
            Receipt { user: Some(recorded(Family::User, false)), enterprise: Some(recorded(Family::Streaming, true)) },
            Receipt { user: None, enterprise: Some(Outcome::Withheld { event_id: event_id.clone() }) },
        ];
        let (user, streaming) = (position(Family::User).number(), position(Family::Streaming).number());
        let expected = format!(
            r#"{{"results":[{{"enterprise":{{"differs":true,"duplicate":true,"event_id":"e","position":"{streaming}"}},"index":0,"user":{{"differs":false,"duplicate":false,"event_id":"e","position":{user}}}}},{{"enterprise":{{"event_id":"e","withheld":"opt_in"}},"index":1,"user":null}}]}}"#
        );
        assert_eq!(String::from_utf8(to_bytes(&receipts)).unwrap(), expected);
    }
}
