//! `OPTIONS /2.0/events` and the channel it leads to (protocol, section 9).

use super::events::json_body;
use crate::http::Server;
use crate::http::caller::Asking;
use crate::http::error::ApiError;
use crate::http::origin::Origin;
use crate::http::query::Query;
use crate::service::watch::Message;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use feed::stream_type::StreamType;
use http::{HeaderMap, StatusCode, header};
use serde_json::json;

/// The path of the channel.
pub const CHANNEL_PATH: &str = "/realtime/subscribe";

/// Whether a request is a browser's question before a call from another origin. Only that has both headers; every other
/// `OPTIONS` is an ordinary, authenticated call (trap 6).
fn is_preflight(headers: &HeaderMap) -> bool {
    headers.contains_key(header::ORIGIN) && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// Answers where to long-poll.
pub async fn options(
    State(server): State<Server>,
    headers: HeaderMap,
    origin: Origin,
    asking: Result<Asking, ApiError>,
    RawQuery(raw): RawQuery,
) -> Result<Response, ApiError> {
    if is_preflight(&headers) {
        // No other origin is granted anything; the browser keeps the call to itself.
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let Asking(caller) = asking?;
    let StreamType::User(stream) = Query::of(raw.as_deref()).stream()? else { return Err(ApiError::NoLongPoll) };
    let channel = server.services.open_channel(&caller, stream).await?;
    let base = origin.base_url;
    let stream = StreamType::User(stream).name();
    // Legacy Java blindly adds `&stream_position=…`, so the URL has a parameter already.
    let url = format!("{base}{CHANNEL_PATH}?channel={channel}&stream_type={stream}");
    let body = json!({
        "chunk_size": 1,
        "entries": [
            {"type": "realtime_server", "url": url, "ttl": "10", "max_retries": "10", "retry_timeout": 610}
        ],
    });
    Ok(json_body(body.to_string()))
}

/// The long poll. Whoever knows the URL may poll; the answer holds no data. It is always 200 with a body, also for a
/// channel that is no good, because clients stop or raise on anything else.
pub async fn subscribe(State(server): State<Server>, RawQuery(raw): RawQuery) -> Result<Response, ApiError> {
    let query = Query::of(raw.as_deref());
    // A position that cannot be read is as good as none: this answer must be a 200.
    let start = query.position().ok().flatten();
    let channel = query.get("channel").unwrap_or_default();
    let metrics = &server.services.metrics.readers_waiting;
    metrics.inc();
    let _waiting = Leaving(metrics);
    let message = server.services.watch(channel, start).await?;
    Ok(json_body(match message {
        Message::NewChange => r#"{"version":1,"message":"new_change"}"#,
        Message::Reconnect => r#"{"version":1,"message":"reconnect"}"#,
    }))
}

/// Counts a waiting reader down again, also when the client hangs up and the poll is dropped.
struct Leaving<'a>(&'a prometheus_client::metrics::gauge::Gauge);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.0.dec();
    }
}
