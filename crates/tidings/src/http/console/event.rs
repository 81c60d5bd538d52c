//! Everything about one event: what it says, who heard it and why, and the bytes that readers get.

use super::entry::{Row, indented, row};
use super::page::{Frame, Section, html};
use super::visitor::Visitor;
use crate::http::Server;
use crate::http::error::ApiError;
use crate::http::query::Query;
use crate::service::explain::Explanation;
use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use feed::permission::Action;
use feed::time::Second;
use http::StatusCode;
use serde_json::Value;

#[derive(Template)]
#[template(path = "event.html")]
struct EventPage<'a> {
    frame: Frame,
    row: Row,
    recorded_at: Second,
    /// Names and values of what else it says.
    details: Vec<(String, String)>,
    /// The renderings: a title, the bytes, and the same with its parts on lines of their own.
    renderings: Vec<(&'static str, String, String)>,
    explanation: Option<Explanation>,
    asked: &'a str,
    may_see_people: bool,
}

/// The page.
pub async fn get(
    State(server): State<Server>,
    visitor: Visitor,
    Path(id): Path<String>,
    RawQuery(raw): RawQuery,
) -> Result<Response, ApiError> {
    let services = &server.services;
    let event = services.event(&visitor.caller, &id).await?;
    let query = Query::of(raw.as_deref());
    let asked = query.get("user").unwrap_or_default();
    let mut complaint = None;
    let explanation = match visitor.caller.may(Action::ExplainAudience) {
        Err(_) => None,
        Ok(()) => match services.explain(&visitor.caller, &id, Some(asked).filter(|it| !it.is_empty())).await {
            Ok(explanation) => Some(explanation),
            Err(why) if asked.is_empty() => return Err(why.into()),
            Err(why) => {
                complaint = Some(why.to_string());
                Some(services.explain(&visitor.caller, &id, None).await?)
            }
        },
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut renderings = Vec::new();
    for (title, bytes) in [
        ("As the enterprise feed has it", event.for_enterprise.as_ref().map(|(_, bytes)| bytes)),
        ("As user feeds have it", event.for_users.as_ref()),
    ] {
        if let Some(bytes) = bytes {
            renderings.push((title, text(bytes), indented(&text(bytes))));
        }
    }
    let shown = renderings.first().map(|(_, raw, _)| raw.as_str()).unwrap_or_default();
    let page = EventPage {
        frame: Frame::of(&server, &visitor, Section::Live).await?.complaining(complaint),
        row: row(shown),
        recorded_at: event.recorded_at,
        details: details(shown),
        explanation,
        asked,
        may_see_people: Section::People.open_to(&visitor.caller),
        renderings,
    };
    html(StatusCode::OK, &page)
}

/// What an event says beside what every event says: the members of its source and its details, by their path.
fn details(raw: &str) -> Vec<(String, String)> {
    let event: Value = serde_json::from_str(raw).unwrap_or_default();
    let mut out = Vec::new();
    for name in ["source", "additional_details", "accessible_by", "action_by", "session_id"] {
        if let Some(value) = event.get(name) {
            flatten(name, value, &mut out);
        }
    }
    out
}

fn flatten(path: &str, value: &Value, out: &mut Vec<(String, String)>) {
    match value {
        Value::Null => {}
        Value::Object(members) => {
            members.iter().for_each(|(name, value)| flatten(&format!("{path}.{name}"), value, out));
        }
        Value::Array(parts) => {
            parts.iter().enumerate().for_each(|(at, value)| flatten(&format!("{path}.{at}"), value, out));
        }
        Value::String(text) => out.push((path.to_owned(), text.clone())),
        other => out.push((path.to_owned(), other.to_string())),
    }
}
