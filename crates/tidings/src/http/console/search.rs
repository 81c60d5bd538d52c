//! *Search*: the history of the enterprise. The filters are the address of the page, so that it can be kept and passed on;
//! the histogram and the lists beside it are links that narrow them.

use super::entry::{Row, row};
use super::filters::{Address, Chip, field_time};
use super::page::{Frame, Section, html};
use super::people::complaint;
use super::telling::{count, moment, number};
use super::visitor::Visitor;
use crate::http::Server;
use crate::http::error::ApiError;
use crate::http::native_api::search::words;
use crate::http::query::Query;
use crate::service::administer::AdminError;
use crate::service::summary::{Summary, Top};
use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use feed::event::FeedKind;
use feed::permission::Action;
use feed::search::{Cursor, Filters, Order};
use feed::time::Second;
use http::StatusCode;

/// Rows on a page.
const ROWS: usize = 50;
/// Bars of the histogram, about.
const BARS: usize = 60;
/// Width and height of the histogram, in its own units.
const CHART: (u64, u64) = (1_200, 110);

/// A bar of the histogram.
struct Bar {
    x: u64,
    y: u64,
    width: u64,
    height: u64,
    count: u64,
    href: String,
    title: String,
}

/// A row of a list beside the search.
struct Narrower {
    label: String,
    count: String,
    href: String,
}

/// The histogram.
struct Chart {
    bars: Vec<Bar>,
    from: Second,
    to: Second,
    /// The address of the page without a window; the script puts the one that was dragged there.
    base: String,
}

#[derive(Template)]
#[template(path = "search.html")]
struct SearchPage<'a> {
    frame: Frame,
    address: Address,
    chips: Vec<Chip>,
    types: Vec<&'a str>,
    rows: Vec<Row>,
    chart: Option<Chart>,
    lists: Vec<(&'static str, Vec<Narrower>)>,
    total: String,
    /// What the lists are counted over, unless over everything.
    sampled: Option<String>,
    next: Option<String>,
    first: Option<String>,
    /// Where a report of the same is asked for, if the visitor may.
    report: Option<String>,
    /// The window as the fields want it.
    window: [String; 2],
    height: u64,
}

/// The page.
pub async fn get(
    State(server): State<Server>,
    visitor: Visitor,
    RawQuery(raw): RawQuery,
) -> Result<Response, ApiError> {
    let query = Query::of(raw.as_deref());
    let address = Address::of(&query);
    let order = if address.get("order") == "oldest" { Order::OldestFirst } else { Order::NewestFirst };
    let filters = match words(&query) {
        Ok(words) => server.services.filters(&visitor.caller, &words).await,
        Err(wrong) => Err(AdminError::Bad(wrong.answer().message)),
    };
    let filters = match filters {
        Ok(filters) => filters,
        Err(why) => {
            let told = complaint(&why).ok_or(ApiError::Admin(why))?;
            return page(&server, &visitor, address, Found::default(), Some(told)).await;
        }
    };
    let cursor = match query.get("cursor").map(|text| Cursor::parse(text, order)).transpose() {
        Ok(cursor) => cursor,
        Err(wrong) => {
            let told = (StatusCode::BAD_REQUEST, format!("{wrong}."));
            return page(&server, &visitor, address, Found::default(), Some(told)).await;
        }
    };
    let found = find(&server, &visitor, &filters, order, cursor).await?;
    page(&server, &visitor, address, found, None).await
}

/// What a search found.
#[derive(Default)]
struct Found {
    rows: Vec<Row>,
    next: Option<Cursor>,
    is_later_page: bool,
    summary: Summary,
}

async fn find(
    server: &Server,
    visitor: &Visitor,
    filters: &Filters,
    order: Order,
    cursor: Option<Cursor>,
) -> Result<Found, ApiError> {
    let (services, caller) = (&server.services, &visitor.caller);
    let page = services.search(caller, filters, order, cursor, ROWS).await?;
    let summary = services.summary(caller, filters, BARS).await?;
    let rows = page.entries.iter().map(|it| row(&String::from_utf8_lossy(&it.bytes))).collect();
    Ok(Found { rows, next: page.next.filter(|_| !page.end), is_later_page: cursor.is_some(), summary })
}

async fn page(
    server: &Server,
    visitor: &Visitor,
    address: Address,
    found: Found,
    told: Option<(StatusCode, String)>,
) -> Result<Response, ApiError> {
    let (status, told) = told.map_or((StatusCode::OK, None), |(status, why)| (status, Some(why)));
    let summary = &found.summary;
    let lists = [
        ("Types", "event_type", &summary.types),
        ("Actors", "actor", &summary.actors),
        ("Items", "item", &summary.items),
    ];
    let lists =
        lists.map(|(title, name, tops)| (title, tops.iter().map(|top| narrower(&address, name, top)).collect()));
    let seen: u64 = summary.buckets.iter().sum();
    let exact = summary.edges.first().is_none_or(|first| summary.counted_from <= *first);
    let catalogue = server.services.catalogue.types().iter();
    let page = SearchPage {
        frame: Frame::of(server, visitor, Section::Search).await?.complaining(told),
        chips: address.chips(),
        report: visitor.caller.may(Action::Report).is_ok().then(|| address.report_path()),
        types: catalogue.filter(|it| it.feed == FeedKind::Enterprise).map(|it| it.name.as_str()).collect(),
        rows: found.rows,
        chart: chart(&address, summary),
        lists: lists.into_iter().filter(|(_, rows): &(_, Vec<Narrower>)| !rows.is_empty()).collect(),
        total: format!("{}{}", if exact { "" } else { "at least " }, count(seen, "event")),
        sampled: (!summary.sampled_all && summary.sampled > 0).then(|| number(summary.sampled)),
        next: found.next.map(|cursor| address.path_with(&[("cursor", &cursor.to_string())])),
        first: found.is_later_page.then(|| address.path()),
        window: ["created_after", "created_before"].map(|name| field_time(address.get(name))),
        height: CHART.1,
        address,
    };
    html(status, &page)
}

fn narrower(address: &Address, name: &'static str, top: &Top) -> Narrower {
    let label = if top.name.is_empty() { &top.id } else { &top.name };
    Narrower { label: label.clone(), count: number(top.count), href: address.with(name, &top.id).path() }
}

/// The histogram; `None` when there is nothing to draw.
fn chart(address: &Address, summary: &Summary) -> Option<Chart> {
    let (from, to) = (*summary.edges.first()?, *summary.edges.last()?);
    let most = summary.buckets.iter().copied().max().filter(|most| *most > 0)?;
    let bars = summary.buckets.len() as u64;
    let step = (CHART.0 / bars).max(1);
    let bar = |((at, events), edges): ((usize, &u64), &[Second])| {
        let (first, end) = (edges.first().copied().unwrap_or_default(), edges.last().copied().unwrap_or_default());
        // Anything at all is to be seen.
        let height = if *events == 0 { 0 } else { (events * CHART.1 / most).max(2) };
        let window = address.with("created_after", &moment(first).machine());
        Bar {
            x: at as u64 * step,
            y: CHART.1 - height,
            width: step.saturating_sub(step / 6).max(1),
            height,
            count: *events,
            href: window.with("created_before", &moment(end).machine()).path(),
            title: format!("{} from {} to {}", count(*events, "event"), moment(first), moment(end)),
        }
    };
    let bars = summary.buckets.iter().enumerate().zip(summary.edges.windows(2)).map(bar).collect();
    let base = address.with("created_after", "").with("created_before", "").path();
    Some(Chart { bars, from, to, base })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(raw: &str) -> Address {
        Address::of(&Query::of(Some(raw)))
    }

    #[test]
    fn bars_are_links_to_their_windows() {
        let summary =
            Summary { edges: [0, 60, 120, 180].map(Second).to_vec(), buckets: vec![1, 0, 400], ..Summary::default() };
        let chart = chart(&address("actor=7"), &summary).unwrap();
        assert_eq!(chart.bars.iter().map(|bar| bar.height).collect::<Vec<_>>(), [2, 0, CHART.1]);
        let expected =
            "/console/search?actor=7&created_after=1970-01-01T00%3A00%3A00Z&created_before=1970-01-01T00%3A01%3A00Z";
        assert_eq!(chart.bars[0].href, expected);
        assert_eq!(chart.base, "/console/search?actor=7");
        assert!(super::chart(&address(""), &Summary::default()).is_none());
    }
}
