//! *Reports*: those that were asked for, how far they are, their files, and the schedules that ask for more. What can be
//! asked for is on a page of its own ([`super::report_form`]).

use super::filters::{Address, Chip};
use super::page::{Frame, HEADERS, Section, html};
use super::people::complaint;
use super::visitor::{Visitor, see_other};
use crate::http::Server;
use crate::http::error::ApiError;
use crate::http::native_api::reports::download;
use crate::service::administer::AdminError;
use crate::service::report::ShownReport;
use crate::service::report::manifest::MANIFEST;
use crate::service::{ReportState, ScheduleRecord};
use askama::Template;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use feed::id::UserId;
use feed::report::{Every, Format};
use form_urlencoded::byte_serialize;
use http::{HeaderValue, StatusCode, header};

/// The page.
pub const PATH: &str = "/console/reports";

/// A report in a list, or on its page.
struct Line {
    report: ShownReport,
    /// What it is of.
    address: Address,
    /// What its asker is called.
    asker: String,
}

impl Line {
    fn of(report: ShownReport, asker: String) -> Self {
        Line { address: Address::kept(&report.record.asked.filters), report, asker }
    }

    fn path(&self) -> String {
        path_of(&self.report.record.id)
    }

    fn format(&self) -> &'static str {
        format_in_words(self.report.record.asked.format)
    }

    fn is_under_way(&self) -> bool {
        is_under_way(self.report.record.state)
    }

    fn is_waiting(&self) -> bool {
        self.report.record.state == ReportState::Waiting
    }

    fn is_finished(&self) -> bool {
        self.report.record.state == ReportState::Finished
    }

    /// The word for how far it is, and the look of its badge.
    fn state(&self) -> (&'static str, &'static str) {
        match self.report.record.state {
            ReportState::Waiting => ("waiting", ""),
            ReportState::Running => ("being made", ""),
            ReportState::Finished => ("finished", "good"),
            ReportState::Cancelled => ("cancelled", ""),
            ReportState::Failed => ("failed", "bad"),
        }
    }

    /// How many of how many events, once that is known. What comes meanwhile never makes it more than all.
    fn share(&self) -> Option<(u64, u64)> {
        let all = self.report.record.expected_rows.filter(|_| self.report.record.state == ReportState::Running)?;
        Some((self.report.rows.min(all), all.max(1)))
    }

    /// The same of a hundred, rounded down.
    fn percent(&self) -> Option<u64> {
        self.share().map(|(rows, all)| rows.saturating_mul(100) / all)
    }

    fn columns(&self) -> String {
        let names: Vec<&str> = self.report.record.asked.columns.iter().map(|it| it.name()).collect();
        names.join(", ")
    }
}

/// A schedule in the list.
struct ScheduleLine {
    schedule: ScheduleRecord,
    /// What whoever made it is called.
    maker: String,
}

impl ScheduleLine {
    fn told(&self) -> String {
        let asked = &self.schedule.asked;
        format!("{} · {}", format_in_words(asked.format), Address::kept(&asked.filters).told())
    }

    fn every(&self) -> &'static str {
        match self.schedule.every {
            Every::Day => "every day, of the day before",
            Every::Week => "every Monday, of the week before",
            Every::Month => "on the 1st, of the month before",
        }
    }
}

#[derive(Template)]
#[template(path = "reports.html")]
struct ReportsPage {
    frame: Frame,
    reports: Vec<Line>,
    schedules: Vec<ScheduleLine>,
    fingerprint: String,
}

impl ReportsPage {
    /// How many are not finished.
    fn under_way(&self) -> usize {
        self.reports.iter().filter(|it| it.is_under_way()).count()
    }
}

#[derive(Template)]
#[template(path = "report.html")]
struct ReportPage {
    frame: Frame,
    it: Line,
    chips: Vec<Chip>,
    fingerprint: String,
}

/// What a format is called.
pub fn format_in_words(format: Format) -> &'static str {
    match format {
        Format::Csv => "CSV",
        Format::Ndjson => "NDJSON",
        Format::Parquet => "Parquet",
    }
}

fn is_under_way(state: ReportState) -> bool {
    matches!(state, ReportState::Waiting | ReportState::Running)
}

/// The path of a report's page.
pub fn path_of(id: &str) -> String {
    format!("{PATH}/{}", byte_serialize(id.as_bytes()).collect::<String>())
}

/// The list.
pub async fn list(State(server): State<Server>, visitor: Visitor) -> Result<Response, ApiError> {
    list_page(&server, &visitor, None).await
}

async fn list_page(
    server: &Server,
    visitor: &Visitor,
    told: Option<(StatusCode, String)>,
) -> Result<Response, ApiError> {
    let (services, caller) = (&server.services, &visitor.caller);
    let mut reports = services.list_reports(caller).await?;
    // What is being made comes first, then what waits; else the newest.
    reports.sort_by_key(|it| match it.record.state {
        ReportState::Running => 0,
        ReportState::Waiting => 1,
        ReportState::Finished | ReportState::Cancelled | ReportState::Failed => 2,
    });
    let schedules = services.list_schedules(caller).await?;
    let askers = reports.iter().map(|it| &it.record.asked_by).chain(schedules.iter().map(|it| &it.made_by));
    let names = services.names(caller, &askers.collect::<Vec<&UserId>>()).await?;
    let name = |id: &UserId| names.get(id).map_or(id.as_str(), String::as_str).to_owned();
    let (status, told) = told.map_or((StatusCode::OK, None), |(status, why)| (status, Some(why)));
    let page = ReportsPage {
        frame: Frame::of(server, visitor, Section::Reports).await?.complaining(told),
        schedules: schedules
            .into_iter()
            .map(|schedule| ScheduleLine { maker: name(&schedule.made_by), schedule })
            .collect(),
        reports: reports
            .into_iter()
            .map(|report| {
                let asker = name(&report.record.asked_by);
                Line::of(report, asker)
            })
            .collect(),
        fingerprint: services.report_key(caller)?,
    };
    html(status, &page)
}

/// One of them.
pub async fn show(
    State(server): State<Server>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    report_page(&server, &visitor, &id, None).await
}

async fn report_page(
    server: &Server,
    visitor: &Visitor,
    id: &str,
    told: Option<(StatusCode, String)>,
) -> Result<Response, ApiError> {
    let (services, caller) = (&server.services, &visitor.caller);
    let report = services.report(caller, id).await?;
    let asked_by = report.record.asked_by.clone();
    let names = services.names(caller, &[&asked_by]).await?;
    let it = Line::of(report, names.get(&asked_by).map_or(asked_by.as_str(), String::as_str).to_owned());
    let (status, told) = told.map_or((StatusCode::OK, None), |(status, why)| (status, Some(why)));
    let page = ReportPage {
        frame: Frame::of(server, visitor, Section::Reports).await?.complaining(told),
        chips: it.address.chips(),
        it,
        fingerprint: services.report_key(caller)?,
    };
    html(status, &page)
}

/// Stops a report that is not finished.
pub async fn cancel(
    State(server): State<Server>,
    visitor: Visitor,
    Path(id): Path<String>,
    body: Body,
) -> Result<Response, ApiError> {
    visitor.form(body).await?;
    let done = server.services.cancel_report(&visitor.caller, &id).await.map(|_| ());
    answer(&server, &visitor, &id, done, &path_of(&id)).await
}

/// Deletes one that has ended.
pub async fn delete(
    State(server): State<Server>,
    visitor: Visitor,
    Path(id): Path<String>,
    body: Body,
) -> Result<Response, ApiError> {
    visitor.form(body).await?;
    let done = server.services.delete_report(&visitor.caller, &id).await;
    answer(&server, &visitor, &id, done, PATH).await
}

/// On to a page; or the page of the report, saying what was wrong: it may have ended while somebody looked at it.
async fn answer(
    server: &Server,
    visitor: &Visitor,
    id: &str,
    done: Result<(), AdminError>,
    next: &str,
) -> Result<Response, ApiError> {
    match done {
        Ok(()) => Ok(see_other(next)),
        Err(why) => match complaint(&why) {
            Some(told) => report_page(server, visitor, id, Some(told)).await,
            None => Err(why.into()),
        },
    }
}

/// Fetches a file of a finished report.
pub async fn file(
    State(server): State<Server>,
    visitor: Visitor,
    Path((id, name)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    let mut response = download(server.services.report_file(&visitor.caller, &id, &name).await?);
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    Ok(response)
}

/// Ends a schedule.
pub async fn end_schedule(
    State(server): State<Server>,
    visitor: Visitor,
    Path(id): Path<String>,
    body: Body,
) -> Result<Response, ApiError> {
    visitor.form(body).await?;
    server.services.delete_schedule(&visitor.caller, &id).await?;
    Ok(see_other(PATH))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::ReportRecord;
    use feed::id::EnterpriseId;
    use feed::report::Asked;
    use feed::search::Filters;
    use feed::time::Second;

    fn line(state: ReportState, rows: u64, expected_rows: Option<u64>) -> Line {
        let filters = Filters::default();
        let record = ReportRecord {
            id: "r".to_owned(),
            enterprise: EnterpriseId::new("1").unwrap(),
            asked_by: UserId::anonymous(),
            asked_at: Second(0),
            schedule: None,
            asked: Asked { name: String::new(), filters, format: Format::Csv, columns: Vec::new(), keep_days: 1 },
            state,
            oldest: Second(0),
            up_to: None,
            expected_rows,
            reached: None,
            parts: Vec::new(),
            started_at: None,
            ended_at: None,
            expires_at: None,
            problem: None,
        };
        Line::of(ShownReport { record, rows, bytes: 0, expected_end: None }, String::new())
    }

    #[test]
    fn a_share_is_known_only_while_it_is_made() {
        assert_eq!(line(ReportState::Waiting, 0, None).percent(), None);
        assert_eq!(line(ReportState::Running, 0, None).percent(), None);
        assert_eq!(line(ReportState::Running, 999, Some(2_000)).percent(), Some(49));
        assert_eq!(line(ReportState::Running, 7, Some(5)).share(), Some((5, 5)), "more came than was thought");
        assert_eq!(line(ReportState::Running, 0, Some(0)).percent(), Some(0));
        assert_eq!(line(ReportState::Finished, 5, Some(5)).share(), None);
    }
}
