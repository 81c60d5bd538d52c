//! *Retention*: how long events are kept, what the next sweep would remove, and the legal holds that suspend it.
//!
//! Periods are changed in two steps: first the page shows what a sweep would remove by the new ones, then they can be
//! saved.

use super::page::{Frame, Section, html};
use super::people::complaint;
use super::visitor::{Visitor, see_other};
use crate::http::Server;
use crate::http::error::ApiError;
use crate::http::oauth::form::Form;
use crate::http::query::Query;
use crate::service::Expired;
use crate::service::administer::AdminError;
use crate::service::holds::{HoldWish, ShownHold};
use crate::service::retention::{Keeping, PeriodsChange};
use askama::Template;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use feed::hold::Scope;
use feed::permission::Action;
use feed::retention::{BOUNDS, Days};
use feed::time::{ReadTime, Second};
use http::StatusCode;

/// The page.
const PATH: &str = "/console/retention";

/// A period as the page shows it.
struct Period {
    name: &'static str,
    label: &'static str,
    least: u32,
    most: u32,
    /// As it is.
    days: u32,
    /// As it would be.
    wanted: u32,
}

#[derive(Template)]
#[template(path = "retention.html")]
struct RetentionPage {
    frame: Frame,
    periods: Vec<Period>,
    /// Whether other periods than those in force are looked at.
    is_trial: bool,
    keeping: Keeping,
    holds: Vec<ShownHold>,
    may_change: bool,
}

impl RetentionPage {
    /// What would go, kind by kind.
    fn forecast(&self) -> [(&'static str, &Expired); 2] {
        [("User feeds", &self.keeping.forecast.user), ("Events", &self.keeping.forecast.events)]
    }
}

fn label(name: &str) -> &'static str {
    match name {
        "user" => "User feeds",
        "streaming" => "Enterprise feed, live (admin_logs_streaming)",
        "history" => "Enterprise feed, history (admin_logs)",
        _ => "The events themselves, for search and reports",
    }
}

fn days_of(days: &Days, name: &str) -> u32 {
    match name {
        "user" => days.user,
        "streaming" => days.streaming,
        "history" => days.history,
        _ => days.events,
    }
}

/// The periods that somebody asks for; what cannot be read is told.
fn change_of<'a>(value: impl Fn(&str) -> Option<&'a str>) -> Result<PeriodsChange, AdminError> {
    let days = |name: &str| match value(name).map(str::parse) {
        None => Ok(None),
        Some(Ok(days)) => Ok(Some(days)),
        Some(Err(_)) => Err(AdminError::BadText("A period is a whole number of days.")),
    };
    Ok(PeriodsChange {
        user: days("user")?,
        streaming: days("streaming")?,
        history: days("history")?,
        events: days("events")?,
    })
}

/// Shows everything; with periods in the query, what a sweep would remove by them.
pub async fn get(
    State(server): State<Server>,
    visitor: Visitor,
    RawQuery(raw): RawQuery,
) -> Result<Response, ApiError> {
    let query = Query::of(raw.as_deref());
    match change_of(|name| query.get(name)) {
        Ok(change) => page(&server, &visitor, &change, None).await,
        Err(why) => page(&server, &visitor, &PeriodsChange::default(), complaint(&why)).await,
    }
}

async fn page(
    server: &Server,
    visitor: &Visitor,
    change: &PeriodsChange,
    told: Option<(StatusCode, String)>,
) -> Result<Response, ApiError> {
    let (services, caller) = (&server.services, &visitor.caller);
    let now = services.keeping(caller, &PeriodsChange::default()).await?;
    let (keeping, told) = match services.keeping(caller, change).await {
        Ok(keeping) => (keeping, told),
        Err(why) => (now, Some(complaint(&why).ok_or(ApiError::Admin(why))?)),
    };
    let (old, new) = (Days::from(now.retention), Days::from(keeping.retention));
    let period = |(name, least, most): &(&'static str, u32, u32)| Period {
        name,
        label: label(name),
        least: *least,
        most: *most,
        days: days_of(&old, name),
        wanted: days_of(&new, name),
    };
    let mut holds = services.holds(caller).await?;
    holds.reverse();
    let (status, told) = told.map_or((StatusCode::OK, None), |(status, why)| (status, Some(why)));
    let page = RetentionPage {
        frame: Frame::of(server, visitor, Section::Retention).await?.complaining(told),
        periods: BOUNDS.iter().map(period).collect(),
        is_trial: now.retention != keeping.retention,
        keeping,
        holds,
        may_change: caller.may(Action::ManageRetention).is_ok(),
    };
    html(status, &page)
}

/// Changes the periods.
pub async fn edit(State(server): State<Server>, visitor: Visitor, body: Body) -> Result<Response, ApiError> {
    let form = visitor.form(body).await?;
    let changed = match change_of(|name| form.get(name)) {
        Ok(change) => server.services.change_periods(&visitor.caller, &change).await.map(|_| ()),
        Err(why) => Err(why),
    };
    answer(&server, &visitor, changed).await
}

/// Places a hold.
pub async fn add_hold(State(server): State<Server>, visitor: Visitor, body: Body) -> Result<Response, ApiError> {
    let form = visitor.form(body).await?;
    let placed = match wish_of(&form) {
        Ok(wish) => server.services.place_hold(&visitor.caller, wish).await.map(|_| ()),
        Err(why) => Err(why),
    };
    answer(&server, &visitor, placed).await
}

fn wish_of(form: &Form) -> Result<HoldWish, AdminError> {
    let text = |name: &str| form.get(name).unwrap_or_default().to_owned();
    let time = |name: &str| -> Result<Option<Second>, AdminError> {
        let read = |text| ReadTime::parse(text).map(ReadTime::as_bound);
        form.get(name).map(read).transpose().map_err(|wrong| AdminError::Bad(format!("{wrong}.")))
    };
    let scope = Scope { created_from: time("created_from")?, created_before: time("created_before")? };
    Ok(HoldWish { name: text("name"), why: text("why"), scope, until: time("until")? })
}

/// Releases a hold.
pub async fn release(
    State(server): State<Server>,
    visitor: Visitor,
    Path(id): Path<String>,
    body: Body,
) -> Result<Response, ApiError> {
    visitor.form(body).await?;
    let released = server.services.release_hold(&visitor.caller, &id).await.map(|_| ());
    answer(&server, &visitor, released).await
}

/// Back to the page; or the page again, saying what was wrong.
async fn answer(server: &Server, visitor: &Visitor, done: Result<(), AdminError>) -> Result<Response, ApiError> {
    match done {
        Ok(()) => Ok(see_other(PATH)),
        Err(why) => match complaint(&why) {
            Some(told) => page(server, visitor, &PeriodsChange::default(), Some(told)).await,
            None => Err(why.into()),
        },
    }
}
