//! `GET /2.0/events`: a page of events (protocol, section 4).

use crate::http::Server;
use crate::http::caller::Asking;
use crate::http::error::ApiError;
use crate::http::query::Query;
use crate::service::read::Page;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use feed::stream_type::StreamType;
use http::{HeaderValue, header};
use std::fmt::Write;

/// Answers a page.
pub async fn get(
    State(server): State<Server>,
    Asking(caller): Asking,
    RawQuery(raw): RawQuery,
) -> Result<Response, ApiError> {
    let request = Query::of(raw.as_deref()).read_request()?;
    let page = server.services.read(&caller, &request).await?;
    Ok(json_body(to_bytes(&page, request.stream)))
}

/// The bytes of a page. `next_stream_position` is a number in user streams and a string in enterprise streams (trap 1);
/// entries are copied as they are.
fn to_bytes(page: &Page, stream: StreamType) -> Vec<u8> {
    let quote = match stream {
        StreamType::User(_) => "",
        StreamType::Enterprise(_) => "\"",
    };
    let (count, next) = (page.count, page.next);
    let mut head = String::with_capacity(96);
    // Writing to a string does not fail.
    let _ = write!(head, r#"{{"chunk_size":{count},"next_stream_position":{quote}{next}{quote},"entries":["#);
    let entries: usize = page.runs.iter().map(|run| run.len() + 1).sum();
    let mut body = Vec::with_capacity(head.len() + entries + 2);
    body.extend_from_slice(head.as_bytes());
    for (i, run) in page.runs.iter().enumerate() {
        if i > 0 {
            body.push(b',');
        }
        body.extend_from_slice(run);
    }
    body.extend_from_slice(b"]}");
    body
}

/// An answer of JSON bytes.
pub(in crate::http) fn json_body(body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
