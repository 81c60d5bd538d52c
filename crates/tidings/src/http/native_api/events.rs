//! `POST /api/v1/events`: publishing (design, section 5); and one event, whole, by its id.

use super::body::whole;
use crate::http::Server;
use crate::http::box_api::events::json_body;
use crate::http::caller::Asking;
use crate::http::error::ApiError;
use crate::service::{Outcome, Receipt};
use axum::body::Body;
use axum::extract::{FromRequestParts, Path, State};
use axum::response::Response;
use feed::event::FeedKind;
use feed::intake::Format;
use feed::limits::PUBLISH_BYTES_MAX;
use http::request::Parts;
use http::{HeaderMap, header};
use serde::Serialize;

/// Publishes one draft, an array, or NDJSON. Answered once everything is durable, with one result per draft.
pub async fn post(
    State(server): State<Server>,
    Asking(caller): Asking,
    Form(format): Form,
    body: Body,
) -> Result<Response, ApiError> {
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

/// The form of the body of a publish.
pub struct Form(pub(super) Format);

impl FromRequestParts<Server> for Form {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Server) -> Result<Self, ApiError> {
        format_of(&parts.headers).map(Form)
    }
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

/// About as many bytes as the result of a draft has that has both renderings.
const RESULT_BYTES: usize = 280;

/// The answer of a publish, with one result for each draft. It is written straight from the receipts: with a serializer
/// between them it took 7 % of the time of the threads that read publishes.
fn to_bytes(receipts: &[Receipt]) -> Vec<u8> {
    let mut answer = Vec::with_capacity(16 + receipts.len() * RESULT_BYTES);
    answer.extend_from_slice(b"{\"results\":[");
    for (index, receipt) in receipts.iter().enumerate() {
        answer.extend_from_slice(if index == 0 { b"{\"enterprise\":" } else { b",{\"enterprise\":" });
        write_outcome(&mut answer, receipt.enterprise.as_ref(), FeedKind::Enterprise);
        answer.extend_from_slice(b",\"index\":");
        write_value(&mut answer, &index);
        answer.extend_from_slice(b",\"user\":");
        write_outcome(&mut answer, receipt.user.as_ref(), FeedKind::User);
        answer.push(b'}');
    }
    answer.extend_from_slice(b"]}");
    answer
}

/// Writes what became of one rendering.
fn write_outcome(to: &mut Vec<u8>, outcome: Option<&Outcome>, kind: FeedKind) {
    let yes_or_no = |yes| if yes { "true" } else { "false" };
    let mut write = |parts: &[&str]| parts.iter().for_each(|part| to.extend_from_slice(part.as_bytes()));
    match outcome {
        None => write(&["null"]),
        Some(Outcome::Withheld { event_id }) => {
            write(&["{\"event_id\":"]);
            write_id(to, event_id.as_str());
            to.extend_from_slice(b",\"withheld\":\"opt_in\"}");
        }
        Some(Outcome::Recorded { event_id, position, duplicate, differs }) => {
            let (differs, duplicate) = (yes_or_no(*differs), yes_or_no(*duplicate));
            write(&["{\"differs\":", differs, ",\"duplicate\":", duplicate, ",\"event_id\":"]);
            write_id(to, event_id.as_str());
            // Positions have the JSON types of the streams they can be used with.
            let quote: &[u8] = if kind == FeedKind::Enterprise { b"\"" } else { b"" };
            to.extend_from_slice(b",\"position\":");
            to.extend_from_slice(quote);
            write_value(to, &position.number());
            to.extend_from_slice(quote);
            to.push(b'}');
        }
    }
}

/// Writes an id, which is visible ASCII, as a string.
fn write_id(to: &mut Vec<u8>, id: &str) {
    // All of it is looked at whatever is found, so that many bytes are looked at together.
    if id.bytes().fold(false, |special, byte| special | (byte == b'"') | (byte == b'\\')) {
        return write_value(to, id);
    }
    to.push(b'"');
    to.extend_from_slice(id.as_bytes());
    to.push(b'"');
}

fn write_value(to: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    serde_json::to_writer(to, value).expect("texts and numbers can always be written, and memory takes them");
}

#[cfg(test)]
mod tests {
    use super::*;
    use feed::id::EventId;
    use feed::position::{Family, Place, Position};
    use feed::time::Second;

    #[test]
    fn one_result_for_each_draft() {
        let event_id = EventId::new("e").unwrap();
        let quoted = EventId::new("a\"b\\c").unwrap();
        let position = |family| Position::new(Place { second: Second(1), ordinal: 2 }, family);
        let recorded = |family, duplicate| Outcome::Recorded {
            event_id: event_id.clone(),
            position: position(family),
            duplicate,
            differs: duplicate,
        };
        let receipts = [
            Receipt { user: Some(recorded(Family::User, false)), enterprise: Some(recorded(Family::Streaming, true)) },
            Receipt { user: None, enterprise: Some(Outcome::Withheld { event_id: quoted }) },
        ];
        let (user, streaming) = (position(Family::User).number(), position(Family::Streaming).number());
        let expected = format!(
            r#"{{"results":[{{"enterprise":{{"differs":true,"duplicate":true,"event_id":"e","position":"{streaming}"}},"index":0,"user":{{"differs":false,"duplicate":false,"event_id":"e","position":{user}}}}},{{"enterprise":{{"event_id":"a\"b\\c","withheld":"opt_in"}},"index":1,"user":null}}]}}"#
        );
        assert_eq!(String::from_utf8(to_bytes(&receipts)).unwrap(), expected);
    }
}
