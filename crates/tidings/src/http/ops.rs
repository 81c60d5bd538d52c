//! What operators ask: is it alive, is it ready, how much has it done.

use super::Server;
use super::box_api::events::json_body;
use super::error::ApiError;
use axum::extract::State;
use axum::response::Response;
use http::{HeaderValue, header};

/// The process answers.
pub async fn live() -> Response {
    json_body(r#"{"status":"live"}"#)
}

/// The store answers, too. If it has a clock of its own that this machine's differs from, that is said.
pub async fn ready(State(server): State<Server>) -> Result<Response, ApiError> {
    Ok(match server.services.ready().await?.clock_off_s {
        None => json_body(r#"{"status":"ready"}"#),
        Some(seconds) => json_body(format!(r#"{{"status":"ready","clock_off_s":{seconds}}}"#)),
    })
}

/// The figures, for Prometheus.
pub async fn metrics(State(server): State<Server>) -> Result<Response, ApiError> {
    if !server.metrics_shown {
        return Err(ApiError::NotFound);
    }
    let mut response = json_body(server.services.figures().await);
    let text = HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, text);
    Ok(response)
}

/// A word for whoever opens the base URL in a browser.
pub async fn root() -> Response {
    json_body(concat!(
        r#"{"name":"tidings","version":""#,
        env!("CARGO_PKG_VERSION"),
        r#"","events":"/2.0/events","publish":"/api/v1/events","console":"/console/","health":"/health/ready"}"#
    ))
}

/// What the codes of errors mean; `help_url` points here.
pub async fn errors() -> Response {
    let mut response = json_body(include_str!("errors.md"));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/markdown; charset=utf-8"));
    response
}
