//! `GET /2.0/events`: a page of events (protocol, section 4).

use super::page_body::page_body;
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
    let page = server.services.read_and_tell(&caller, &request).await?;
    let head = head(&page, request.stream);
    Ok(json_body(page_body(head, page.runs, b"]}")))
}

/// What stands before the entries, which are sent as they are. `next_stream_position` is a number in user streams and a
/// string in enterprise streams (trap 1).
fn head(page: &Page, stream: StreamType) -> String {
    let quote = match stream {
        StreamType::User(_) => "",
        StreamType::Enterprise(_) => "\"",
    };
    let (count, next) = (page.count, page.next);
    let mut head = String::with_capacity(96);
    // Writing to a string does not fail.
    let _ = write!(head, r#"{{"chunk_size":{count},"next_stream_position":{quote}{next}{quote},"entries":["#);
    head
}

/// An answer of JSON bytes.
pub(in crate::http) fn json_body(body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
