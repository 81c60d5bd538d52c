//! `/api/v1/retention`: how long events are kept, and what the next sweep would remove.

use super::body::json;
use crate::http::Server;
use crate::http::box_api::events::json_body;
use crate::http::caller::Asking;
use crate::http::error::ApiError;
use crate::service::retention::{Keeping, PeriodsChange};
use crate::service::{Expired, Forecast};
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use feed::retention::BOUNDS;
use serde_json::{Map, Value, json};

/// Shows the periods, their bounds, and what the next sweep will remove.
pub async fn show(State(server): State<Server>, Asking(caller): Asking) -> Result<Response, ApiError> {
    let keeping = server.services.keeping(&caller, &PeriodsChange::default()).await?;
    Ok(json_body(shown(&keeping).to_string()))
}

/// Shows what a sweep would remove if the periods were changed like the query says.
pub async fn forecast(
    State(server): State<Server>,
    Asking(caller): Asking,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let change = change_of(query.as_deref().unwrap_or_default())?;
    Ok(json_body(shown(&server.services.keeping(&caller, &change).await?).to_string()))
}

/// Changes the periods.
pub async fn edit(State(server): State<Server>, Asking(caller): Asking, body: Body) -> Result<Response, ApiError> {
    let change: PeriodsChange = json(body).await?;
    Ok(json_body(shown(&server.services.change_periods(&caller, &change).await?).to_string()))
}

fn change_of(query: &str) -> Result<PeriodsChange, ApiError> {
    let mut change = PeriodsChange::default();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let period = match name.as_ref() {
            "user" => &mut change.user,
            "streaming" => &mut change.streaming,
            "history" => &mut change.history,
            "events" => &mut change.events,
            _ => continue,
        };
        let wrong = || ApiError::Body(format!("{name}: '{}' is not a number of days.", value.escape_debug()));
        *period = Some(value.parse().map_err(|_| wrong())?);
    }
    Ok(change)
}

fn shown(keeping: &Keeping) -> Value {
    let bounds = BOUNDS.iter().map(|(name, least, most)| ((*name).to_owned(), json!([least, most])));
    json!({
        "type": "retention",
        "periods": keeping.retention,
        "bounds": bounds.collect::<Map<String, Value>>(),
        "holds_in_effect": keeping.holds,
        "next_sweep": shown_forecast(&keeping.forecast),
    })
}

fn shown_forecast(forecast: &Forecast) -> Value {
    json!({
        "user": shown_expired(&forecast.user),
        "events": shown_expired(&forecast.events),
        "at_least": forecast.more,
    })
}

fn shown_expired(expired: &Expired) -> Value {
    json!({
        "renderings": expired.renderings,
        "bytes": expired.bytes,
        "held": expired.held,
        "oldest": expired.oldest.map(|second| second.to_string()),
        "oldest_left": expired.oldest_left.map(|second| second.to_string()),
    })
}
