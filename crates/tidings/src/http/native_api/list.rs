//! What the lists of the native API have in common: how many rows, and where the next call goes on.

use crate::http::box_api::events::json_body;
use crate::http::query::Query;
use axum::response::Response;
use feed::limits::LIST_ROWS_MAX;
use serde_json::{Value, json};

/// How many rows are wanted: at least one, so that every list can be read to its end, and at most [`LIST_ROWS_MAX`].
pub(super) fn limit(query: &Query<'_>) -> usize {
    query.get("limit").and_then(|text| text.parse().ok()).unwrap_or(LIST_ROWS_MAX).clamp(1, LIST_ROWS_MAX)
}

/// The answer: the rows, and what to give as `after` for those behind them; `null` if there are none.
pub(super) fn listed(entries: &[Value], next: Option<&str>) -> Response {
    json_body(json!({"entries": entries, "next": next}).to_string())
}
