//! What every answer gets on its way out: a request id, the body of an error, a count, a line in the log. A handler that
//! panics is answered like any other fault.

use super::error::{ApiError, Failed};
use super::{Server, console};
use crate::entropy::{distinct, hex};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use http::{HeaderName, HeaderValue, StatusCode, header};
use std::panic::AssertUnwindSafe;

const REQUEST_ID: HeaderName = HeaderName::from_static("box-request-id");

/// Finishes an answer.
pub async fn finish(State(server): State<Server>, request: Request, next: Next) -> Response {
    let request_id = hex(&distinct());
    let method = request.method().clone();
    // Only the path: a query may hold a channel or a token.
    let path = request.uri().path().to_owned();
    // A panic is a bug in one handler; nothing shared is left half-changed, as every lock guards whole changes.
    let caught = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    let mut response = caught.unwrap_or_else(|_| ApiError::Bug.into_response());
    if let Some(Failed(answer)) = response.extensions_mut().remove::<Failed>() {
        for (name, value) in answer.headers() {
            response.headers_mut().insert(name, value);
        }
        // It was that of the empty body before.
        response.headers_mut().remove(header::CONTENT_LENGTH);
        if console::page::is_page(&path) {
            console::page::put_failure(&mut response, &answer, &request_id);
        } else if let Some(body) = answer.body(&request_id) {
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            *response.body_mut() = Body::from(body);
        }
    }
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    let status = response.status();
    let metrics = &server.services.metrics;
    metrics.requests.inc();
    match status {
        StatusCode::UNAUTHORIZED => drop(metrics.unauthorized.inc()),
        StatusCode::TOO_MANY_REQUESTS => drop(metrics.limited.inc()),
        _ if status.is_server_error() => {
            metrics.failed.inc();
            tracing::error!(%method, path, status = status.as_u16(), request_id, "a request failed");
        }
        _ => {}
    }
    tracing::debug!(%method, path, status = status.as_u16(), request_id, "answered");
    response
}
