//! *Live*: the enterprise's events as they happen.
//!
//! The page comes with the newest events and the position after them; its script goes on from there over server-sent
//! events. A message holds all events of a page and its id is the position after them, so whoever is cut off and comes
//! back gets the rest, each once.

use super::entry::{Row, Sieve, rows};
use super::page::{Frame, HEADERS, Section, html};
use super::visitor::{Listener, Visitor};
use crate::auth::session::SessionSecret;
use crate::http::Server;
use crate::http::error::ApiError;
use crate::http::query::Query;
use crate::service::live::{LivePlace, Turn};
use crate::service::read::{Page, ReadError, ReadRequest};
use askama::Template;
use axum::body::{Body, Bytes};
use axum::extract::{RawQuery, State};
use axum::response::Response;
use feed::event::FeedKind;
use feed::filter::TypeFilter;
use feed::limits::{LIVE_ENTRIES_MAX, LIVE_SILENCE_S_MAX};
use feed::permission::Action;
use feed::position::{Position, Start};
use feed::stream_type::{EnterpriseStream, StreamType};
use form_urlencoded::Serializer;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use std::convert::Infallible;
use std::time::Duration;

/// What somebody wants to see.
struct Wish {
    types: String,
    filter: TypeFilter,
    sieve: Sieve,
}

impl Wish {
    fn of(query: &Query<'_>) -> Result<Self, ApiError> {
        let text = |name: &str| query.get(name).unwrap_or_default().to_owned();
        let types = text("type");
        let filter = TypeFilter::parse(&types.to_ascii_uppercase()).map_err(ApiError::TypeFilter)?;
        Ok(Wish { types, filter, sieve: Sieve { actor: text("actor"), text: text("text") } })
    }

    fn request(&self, start: Start) -> ReadRequest {
        let stream = StreamType::Enterprise(EnterpriseStream::Streaming);
        ReadRequest { types: self.filter.clone(), ..ReadRequest::new(stream, start, LIVE_ENTRIES_MAX) }
    }

    /// Where the events after a page are to be had.
    fn stream(&self, last: Option<&Page>) -> String {
        let mut query = Serializer::new(String::new());
        for (name, value) in [("type", &self.types), ("actor", &self.sieve.actor), ("text", &self.sieve.text)] {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        if let Some(last) = last {
            query.append_pair("after", &last.next.to_string());
        }
        format!("/console/live/stream?{}", query.finish())
    }

    fn is_empty(&self) -> bool {
        self.filter.takes_all() && self.sieve.actor.is_empty() && self.sieve.text.is_empty()
    }
}

#[derive(Template)]
#[template(path = "live.html")]
struct LivePage<'a> {
    frame: Frame,
    wish: &'a Wish,
    rows: Vec<Row>,
    types: Vec<&'a str>,
    stream: String,
    most: usize,
}

#[derive(Template)]
#[template(path = "rows.html")]
struct Rows {
    rows: Vec<Row>,
}

/// The page.
pub async fn get(
    State(server): State<Server>,
    visitor: Visitor,
    RawQuery(raw): RawQuery,
) -> Result<Response, ApiError> {
    let wish = Wish::of(&Query::of(raw.as_deref()))?;
    let pages = server.services.read_newest(&visitor.caller, &wish.request(Start::Now)).await?;
    let mut newest: Vec<Row> = pages.iter().flat_map(|page| rows(page, &wish.sieve)).collect();
    newest.reverse();
    newest.truncate(LIVE_ENTRIES_MAX);
    let catalogue = server.services.catalogue.types().iter();
    let page = LivePage {
        frame: Frame::of(&server, &visitor, Section::Live).await?,
        rows: newest,
        types: catalogue.filter(|it| it.feed == FeedKind::Enterprise).map(|it| it.name.as_str()).collect(),
        stream: wish.stream(pages.last()),
        most: LIVE_ENTRIES_MAX,
        wish: &wish,
    };
    html(StatusCode::OK, &page)
}

/// A live view under way.
struct View {
    server: Server,
    secret: SessionSecret,
    wish: Wish,
    after: Start,
    first: bool,
    _place: LivePlace,
}

/// The events from a position on, as server-sent events, for as long as the session lasts and somebody listens.
pub async fn stream(
    State(server): State<Server>,
    Listener(visitor): Listener,
    headers: HeaderMap,
    RawQuery(raw): RawQuery,
) -> Result<Response, ApiError> {
    const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
    visitor.caller.may(Action::ReadEnterpriseFeed).map_err(ApiError::Denied)?;
    let query = Query::of(raw.as_deref());
    let wish = Wish::of(&query)?;
    let came_back = headers.get(LAST_EVENT_ID).and_then(|value| value.to_str().ok());
    let after = match came_back.or(query.get("after")) {
        Some(text) => Start::parse(text).map_err(ApiError::Position)?,
        None => Start::Now,
    };
    let session = visitor.secret.form_key();
    let place = server.services.live_views.begin(&session);
    let place = place.ok_or(ApiError::RateLimit { retry_after_s: u64::from(LIVE_SILENCE_S_MAX) })?;
    let view = View { server, secret: visitor.secret, wish, after, first: true, _place: place };
    let turns = futures_util::stream::unfold(Some(view), async |view| match view {
        Some(view) => {
            let (message, view) = turn(view).await;
            Some((Ok::<Bytes, Infallible>(Bytes::from(message)), view))
        }
        None => None,
    });
    let mut response = Response::new(Body::from_stream(turns));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // A proxy that gathers up answers would hold events back.
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    Ok(response)
}

/// One message, and the view if it goes on.
async fn turn(mut view: View) -> (String, Option<View>) {
    if view.first {
        // At once, so that the browser knows that it is connected; and after how many ms to come back.
        view.first = false;
        return ("retry: 2000\n\n: connected\n\n".to_owned(), Some(view));
    }
    let services = &view.server.services;
    // Looked at in every turn: who signed out, or may no longer read, is told nothing more.
    let ended = ("event: ended\ndata: The session has ended.\n\n".to_owned(), None);
    let caller = match services.session(&view.secret, false).await {
        Ok(Some(caller)) => caller,
        Ok(None) => return ended,
        Err(_) => return (": the store cannot be asked\n\n".to_owned(), None),
    };
    let silence = Duration::from_secs(u64::from(LIVE_SILENCE_S_MAX));
    let turn = services.read_live(&caller, &view.wish.request(view.after), silence).await;
    let page = match turn {
        Ok(Turn::Page(page)) => page,
        Ok(Turn::Silence) => return (": still here\n\n".to_owned(), Some(view)),
        Ok(Turn::Closing) | Err(ReadError::Unavailable(_)) => return (": come back later\n\n".to_owned(), None),
        Err(ReadError::Denied(_)) => return ended,
    };
    // The wait may have been long.
    match services.session(&view.secret, false).await {
        Ok(Some(caller)) if caller.may(Action::ReadEnterpriseFeed).is_ok() => {}
        _ => return ended,
    }
    view.after = Start::After(page.next);
    (message(&page, page.next, &view.wish.sieve), Some(view))
}

/// A message with the rows of a page, oldest first. When none is wanted it moves the reader's position only.
fn message(page: &Page, next: Position, sieve: &Sieve) -> String {
    let rows = rows(page, sieve);
    let mut text = format!("id: {next}\n");
    if !rows.is_empty() {
        text.push_str("event: events\n");
        let html = Rows { rows }.render().unwrap_or_default();
        for line in html.lines().filter(|line| !line.trim().is_empty()) {
            text.push_str("data: ");
            text.push_str(line);
            text.push('\n');
        }
    }
    text.push('\n');
    text
}
