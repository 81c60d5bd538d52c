//! Asking for a report, now or again and again: one form with all that can be asked for. The filters of a search come
//! along in the address.

use super::filters::{Address, field_time};
use super::page::{Frame, Section, html};
use super::people::complaint;
use super::reports::{PATH, format_in_words, path_of};
use super::visitor::{Visitor, see_other};
use crate::http::Server;
use crate::http::error::ApiError;
use crate::http::oauth::form::Form;
use crate::http::query::Query;
use crate::service::administer::AdminError;
use crate::service::report::{KEEP_DAYS_DEFAULT, ReportWish};
use askama::Template;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use feed::event::FeedKind;
use feed::limits::{REPORT_KEPT_DAYS_MAX, REPORT_NAME_CHARS_MAX};
use feed::permission::Action;
use feed::report::{Column, Every, Format};
use http::StatusCode;

/// The formats, as the form has them.
const FORMATS: [Format; 3] = [Format::Csv, Format::Ndjson, Format::Parquet];
/// How often: the value, and what it is called.
const EVERY: [(&str, &str, Option<Every>); 4] = [
    ("", "once, now", None),
    ("day", "every day, of the day before", Some(Every::Day)),
    ("week", "every Monday, of the week before", Some(Every::Week)),
    ("month", "on the 1st, of the month before", Some(Every::Month)),
];

/// What the fields hold.
struct Fields {
    address: Address,
    name: String,
    format: String,
    every: String,
    keep_days: String,
    columns: Vec<String>,
}

impl Fields {
    /// Those of a form that nobody has filled in but for the filters.
    fn fresh(address: Address) -> Self {
        Fields {
            address,
            name: String::new(),
            format: Format::Csv.word().to_owned(),
            every: String::new(),
            keep_days: KEEP_DAYS_DEFAULT.to_string(),
            columns: Column::usual().into_iter().map(|it| it.name().to_owned()).collect(),
        }
    }

    fn sent(form: &Form) -> Self {
        let text = |name: &str| form.get(name).unwrap_or_default().to_owned();
        Fields {
            address: Address::sent(form).with("order", ""),
            name: text("name"),
            format: text("format"),
            every: text("every"),
            keep_days: text("keep_days"),
            columns: form.all("column").map(str::to_owned).collect(),
        }
    }

    /// What is asked for by them.
    async fn wish(&self, server: &Server, visitor: &Visitor) -> Result<(ReportWish, Option<Every>), AdminError> {
        let bad = AdminError::BadText;
        let format = FORMATS.into_iter().find(|it| it.word() == self.format);
        let format = format.ok_or(bad("The format is CSV, NDJSON or Parquet."))?;
        let every = EVERY.into_iter().find(|(word, ..)| *word == self.every);
        let (.., every) = every.ok_or(bad("A report is made once, or every day, week or month."))?;
        let keep_days = Some(self.keep_days.as_str()).filter(|days| !days.is_empty()).map(str::parse).transpose();
        let keep_days = keep_days.map_err(|_| bad("A report is kept for a whole number of days."))?;
        let words = self.address.words().map_err(|wrong| AdminError::Bad(wrong.answer().message))?;
        let filters = server.services.filters(&visitor.caller, &words).await?;
        // The boxes are there whatever the format; whole events have no columns.
        let columns = if format == Format::Ndjson { Vec::new() } else { self.columns.clone() };
        Ok((ReportWish { name: self.name.clone(), filters, format, columns, keep_days }, every))
    }
}

#[derive(Template)]
#[template(path = "report_form.html")]
struct ReportFormPage<'a> {
    frame: Frame,
    fields: Fields,
    types: Vec<&'a str>,
    /// The window as the fields want it.
    window: [String; 2],
}

impl ReportFormPage<'_> {
    fn formats(&self) -> [(&'static str, &'static str); 3] {
        FORMATS.map(|it| (it.word(), format_in_words(it)))
    }

    fn rhythms(&self) -> [(&'static str, &'static str); 4] {
        EVERY.map(|(value, label, _)| (value, label))
    }

    /// The columns, and whether each is chosen.
    fn columns(&self) -> Vec<(&'static str, bool)> {
        Column::EVERY.iter().map(|(_, name)| (*name, self.fields.columns.iter().any(|it| it == name))).collect()
    }

    fn name_most(&self) -> usize {
        REPORT_NAME_CHARS_MAX
    }

    fn days_most(&self) -> u32 {
        REPORT_KEPT_DAYS_MAX
    }
}

/// The form, with the filters that the address brings.
pub async fn get(
    State(server): State<Server>,
    visitor: Visitor,
    RawQuery(raw): RawQuery,
) -> Result<Response, ApiError> {
    visitor.caller.may(Action::Report).map_err(|why| ApiError::Admin(AdminError::Denied(why)))?;
    let address = Address::of(&Query::of(raw.as_deref())).with("order", "");
    page(&server, &visitor, Fields::fresh(address), None).await
}

async fn page(
    server: &Server,
    visitor: &Visitor,
    fields: Fields,
    told: Option<(StatusCode, String)>,
) -> Result<Response, ApiError> {
    let (status, told) = told.map_or((StatusCode::OK, None), |(status, why)| (status, Some(why)));
    let catalogue = server.services.catalogue.types().iter();
    let page = ReportFormPage {
        frame: Frame::of(server, visitor, Section::Reports).await?.complaining(told),
        types: catalogue.filter(|it| it.feed == FeedKind::Enterprise).map(|it| it.name.as_str()).collect(),
        window: ["created_after", "created_before"].map(|name| field_time(fields.address.get(name))),
        fields,
    };
    html(status, &page)
}

/// Asks for a report, or has one made again and again.
pub async fn ask(State(server): State<Server>, visitor: Visitor, body: Body) -> Result<Response, ApiError> {
    let fields = Fields::sent(&visitor.form(body).await?);
    let (services, caller) = (&server.services, &visitor.caller);
    let asked = match fields.wish(&server, &visitor).await {
        Ok((wish, None)) => services.ask_report(caller, &wish).await.map(|it| path_of(&it.record.id)),
        Ok((wish, Some(every))) => services.schedule_report(caller, &wish, every).await.map(|_| PATH.to_owned()),
        Err(why) => Err(why),
    };
    match asked {
        Ok(path) => Ok(see_other(&path)),
        Err(why) => match complaint(&why) {
            Some(told) => page(&server, &visitor, fields, Some(told)).await,
            None => Err(why.into()),
        },
    }
}
