//! `/api/v1/reports` and `/api/v1/report-schedules`: reports of the caller's enterprise.

use super::body::json;
use crate::http::Server;
use crate::http::box_api::events::json_body;
use crate::http::caller::Asking;
use crate::http::error::ApiError;
use crate::service::ScheduleRecord;
use crate::service::report::manifest::MANIFEST;
use crate::service::report::{ReportFile, ReportWish, ShownReport, filter_words};
use crate::service::search::FilterWords;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use feed::report::{Every, Format};
use feed::time::{ReadTime, Second};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

/// What is asked for.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    #[serde(default)]
    name: String,
    #[serde(default)]
    filters: Filters,
    format: Format,
    #[serde(default)]
    columns: Vec<String>,
    keep_days: Option<u32>,
    /// Only for a schedule.
    every: Option<Every>,
}

#[derive(serde::Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Filters {
    created_after: Option<String>,
    created_before: Option<String>,
    event_types: Vec<String>,
    actors: Vec<String>,
    items: Vec<String>,
    folders: Vec<String>,
    groups: Vec<String>,
    ip_addresses: Vec<String>,
    text: String,
}

impl Filters {
    fn words(self) -> Result<FilterWords, ApiError> {
        let time = |name, text: Option<String>| -> Result<Option<Second>, ApiError> {
            let read = |text: String| ReadTime::parse(&text).map_err(|wrong| ApiError::Time { name, wrong });
            Ok(text.map(read).transpose()?.map(ReadTime::as_bound))
        };
        Ok(FilterWords {
            created_after: time("created_after", self.created_after)?,
            created_before: time("created_before", self.created_before)?,
            event_types: self.event_types,
            actors: self.actors,
            items: self.items,
            folders: self.folders,
            groups: self.groups,
            ip_addresses: self.ip_addresses,
            text: self.text,
        })
    }
}

async fn wish(
    server: &Server,
    caller: &crate::auth::Caller,
    body: Body,
) -> Result<(ReportWish, Option<Every>), ApiError> {
    let Wish { name, filters, format, columns, keep_days, every } = json(body).await?;
    let filters = server.services.filters(caller, &filters.words()?).await?;
    Ok((ReportWish { name, filters, format, columns, keep_days }, every))
}

fn shown(report: &ShownReport) -> Value {
    let record = &report.record;
    let time = |time: Option<Second>| time.map(|time| time.to_string());
    json!({
        "id": record.id,
        "name": record.asked.name,
        "state": record.state,
        "asked_by": record.asked_by.as_str(),
        "asked_at": record.asked_at.to_string(),
        "schedule": record.schedule,
        "format": record.asked.format.word(),
        "columns": record.asked.columns.iter().map(|column| column.name()).collect::<Vec<_>>(),
        "filters": filter_words(&record.asked.filters),
        "rows": report.rows,
        "bytes": report.bytes,
        "expected_rows": record.expected_rows,
        "expected_end": time(report.expected_end),
        "parts": record.parts,
        "started_at": time(record.started_at),
        "ended_at": time(record.ended_at),
        "expires_at": time(record.expires_at),
        "problem": record.problem,
    })
}

fn shown_schedule(schedule: &ScheduleRecord) -> Value {
    json!({
        "id": schedule.id,
        "name": schedule.asked.name,
        "every": schedule.every.word(),
        "made_by": schedule.made_by.as_str(),
        "made_at": schedule.made_at.to_string(),
        "next_at": schedule.next_at.to_string(),
        "format": schedule.asked.format.word(),
        "columns": schedule.asked.columns.iter().map(|column| column.name()).collect::<Vec<_>>(),
        "filters": filter_words(&schedule.asked.filters),
    })
}

fn created(body: &Value) -> Response {
    let mut response = json_body(body.to_string());
    *response.status_mut() = StatusCode::CREATED;
    response
}

/// Lists reports, the newest first, with the short name of the key that signs them.
pub async fn list(State(server): State<Server>, Asking(caller): Asking) -> Result<Response, ApiError> {
    let reports = server.services.list_reports(&caller).await?;
    let entries: Vec<Value> = reports.iter().map(shown).collect();
    let key = server.services.report_key(&caller)?;
    Ok(json_body(json!({"entries": entries, "key_fingerprint": key}).to_string()))
}

/// Asks for a report.
pub async fn ask(State(server): State<Server>, Asking(caller): Asking, body: Body) -> Result<Response, ApiError> {
    let (wish, every) = wish(&server, &caller, body).await?;
    if every.is_some() {
        return Err(ApiError::Body("every is for /api/v1/report-schedules; leave it out.".to_owned()));
    }
    Ok(created(&shown(&server.services.ask_report(&caller, &wish).await?)))
}

/// Shows a report, and how far it is.
pub async fn show(
    State(server): State<Server>,
    Asking(caller): Asking,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    Ok(json_body(shown(&server.services.report(&caller, &id).await?).to_string()))
}

/// Stops a report.
pub async fn cancel(
    State(server): State<Server>,
    Asking(caller): Asking,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    Ok(json_body(shown(&server.services.cancel_report(&caller, &id).await?).to_string()))
}

/// Deletes a report.
pub async fn delete(
    State(server): State<Server>,
    Asking(caller): Asking,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    server.services.delete_report(&caller, &id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Fetches the manifest of a finished report.
pub async fn manifest(
    State(server): State<Server>,
    Asking(caller): Asking,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    Ok(download(server.services.report_file(&caller, &id, MANIFEST).await?))
}

/// Fetches a part of a finished report.
pub async fn part(
    State(server): State<Server>,
    Asking(caller): Asking,
    Path((id, name)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    Ok(download(server.services.report_file(&caller, &id, &name).await?))
}

/// A file as an answer, piece by piece: memory does not grow with it.
pub(in crate::http) fn download(file: ReportFile) -> Response {
    let kind = match file.name.rsplit('.').next() {
        Some("csv") => "text/csv; charset=utf-8",
        Some("ndjson") => "application/x-ndjson",
        Some("json") => "application/json",
        _ => "application/vnd.apache.parquet",
    };
    let (length, disposition) = (file.bytes, format!("attachment; filename=\"{}\"", file.name));
    let pieces = futures_util::stream::unfold(Some(file), async |file| {
        let mut file = file?;
        match file.next_piece().await {
            Ok(piece) if piece.is_empty() => None,
            Ok(piece) => Some((Ok(Bytes::from(piece)), Some(file))),
            // The answer ends short of its length, so that nobody takes it for whole.
            Err(why) => Some((Err(why), None)),
        }
    });
    let mut response = Response::new(Body::from_stream(pieces));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    if let Ok(disposition) = HeaderValue::from_str(&disposition) {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    response
}

/// Lists schedules.
pub async fn schedules(State(server): State<Server>, Asking(caller): Asking) -> Result<Response, ApiError> {
    let schedules = server.services.list_schedules(&caller).await?;
    let entries: Vec<Value> = schedules.iter().map(shown_schedule).collect();
    Ok(json_body(json!({"entries": entries}).to_string()))
}

/// Has a report made again and again.
pub async fn schedule(State(server): State<Server>, Asking(caller): Asking, body: Body) -> Result<Response, ApiError> {
    let (wish, every) = wish(&server, &caller, body).await?;
    let every = every.ok_or_else(|| ApiError::Body("every must be 'day', 'week' or 'month'.".to_owned()))?;
    Ok(created(&shown_schedule(&server.services.schedule_report(&caller, &wish, every).await?)))
}

/// Ends a schedule.
pub async fn unschedule(
    State(server): State<Server>,
    Asking(caller): Asking,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    server.services.delete_schedule(&caller, &id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
