//! `GET /api/v1/search` and `GET /api/v1/search/summary`: the history of the caller's enterprise.

use crate::http::Server;
use crate::http::box_api::events::json_body;
use crate::http::caller::Asking;
use crate::http::error::ApiError;
use crate::http::query::Query;
use crate::service::search::{FilterWords, FoundPage};
use crate::service::summary::Top;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use feed::limits::HISTOGRAM_BUCKETS_MAX;
use feed::search::{Cursor, Order};
use serde_json::{Value, json};

/// Buckets of a histogram when the request does not say.
const BUCKETS_DEFAULT: usize = 60;

/// The filters of a request.
pub(in crate::http) fn words(query: &Query<'_>) -> Result<FilterWords, ApiError> {
    Ok(FilterWords {
        created_after: query.time("created_after")?,
        created_before: query.time("created_before")?,
        event_types: query.list("event_type"),
        actors: query.list("actor"),
        items: query.list("item"),
        folders: query.list("folder"),
        groups: query.list("group"),
        ip_addresses: query.list("ip"),
        text: query.get("text").unwrap_or_default().to_owned(),
    })
}

/// Finds a page of events.
pub async fn get(
    State(server): State<Server>,
    Asking(caller): Asking,
    RawQuery(raw): RawQuery,
) -> Result<Response, ApiError> {
    let query = Query::of(raw.as_deref());
    let order = match query.get("order") {
        None | Some("newest") => Order::NewestFirst,
        Some("oldest") => Order::OldestFirst,
        Some(_) => return Err(ApiError::Body("order must be 'newest' or 'oldest'.".to_owned())),
    };
    let cursor = query.get("cursor").map(|text| Cursor::parse(text, order)).transpose();
    let cursor = cursor.map_err(|wrong| ApiError::Body(format!("{wrong}.")))?;
    let filters = server.services.filters(&caller, &words(&query)?).await?;
    let page = server.services.search(&caller, &filters, order, cursor, query.limit()?).await?;
    Ok(json_body(to_bytes(&page)))
}

/// The bytes of a page; entries are copied as they are.
fn to_bytes(page: &FoundPage) -> Vec<u8> {
    let next = page.next.map_or("null".to_owned(), |cursor| format!("\"{cursor}\""));
    let mut body = format!(r#"{{"count":{},"next":{next},"end":{},"entries":["#, page.entries.len(), page.end);
    let entries: usize = page.entries.iter().map(|entry| entry.bytes.len() + 1).sum();
    body.reserve(entries + 2);
    let mut body = body.into_bytes();
    for (number, entry) in page.entries.iter().enumerate() {
        if number > 0 {
            body.push(b',');
        }
        body.extend_from_slice(&entry.bytes);
    }
    body.extend_from_slice(b"]}");
    body
}

/// Summarises what a search would find.
pub async fn summary(
    State(server): State<Server>,
    Asking(caller): Asking,
    RawQuery(raw): RawQuery,
) -> Result<Response, ApiError> {
    let query = Query::of(raw.as_deref());
    let buckets = match query.get("buckets").map(str::parse) {
        None => BUCKETS_DEFAULT,
        Some(Ok(buckets @ 1..=HISTOGRAM_BUCKETS_MAX)) => buckets,
        Some(_) => {
            return Err(ApiError::Body(format!("buckets must be a whole number from 1 to {HISTOGRAM_BUCKETS_MAX}.")));
        }
    };
    let filters = server.services.filters(&caller, &words(&query)?).await?;
    let summary = server.services.summary(&caller, &filters, buckets).await?;
    let bars =
        summary.edges.windows(2).zip(&summary.buckets).map(
            |(edges, count)| json!({"from": edges[0].to_string(), "before": edges[1].to_string(), "count": count}),
        );
    let shown = |rows: &[Top]| -> Vec<Value> {
        rows.iter().map(|row| json!({"id": row.id, "name": row.name, "count": row.count})).collect()
    };
    let first = summary.edges.first().copied().unwrap_or_default();
    Ok(json_body(
        json!({
            "total": summary.buckets.iter().sum::<u64>(),
            "total_is_exact": summary.counted_from <= first,
            "counted_from": summary.counted_from.to_string(),
            "buckets": bars.collect::<Vec<_>>(),
            "sampled": summary.sampled,
            "sampled_all": summary.sampled_all,
            "event_types": shown(&summary.types),
            "actors": shown(&summary.actors),
            "items": shown(&summary.items),
        })
        .to_string(),
    ))
}
