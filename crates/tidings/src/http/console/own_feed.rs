//! *Your feed*: what the visitor's own user feed brought lately. Everybody has one.

use super::entry::{Row, Sieve, rows};
use super::page::{Frame, Section, html};
use super::visitor::Visitor;
use crate::http::Server;
use crate::http::error::ApiError;
use crate::service::read::ReadRequest;
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use feed::limits::LIVE_ENTRIES_MAX;
use feed::position::Start;
use feed::stream_type::{StreamType, UserStream};
use http::StatusCode;

#[derive(Template)]
#[template(path = "own_feed.html")]
struct OwnFeedPage {
    frame: Frame,
    rows: Vec<Row>,
    most: usize,
}

/// The page.
pub async fn get(State(server): State<Server>, visitor: Visitor) -> Result<Response, ApiError> {
    let request = ReadRequest::new(StreamType::User(UserStream::All), Start::Now, LIVE_ENTRIES_MAX);
    let pages = server.services.read_newest(&visitor.caller, &request).await?;
    let mut newest: Vec<Row> = pages.iter().flat_map(|page| rows(page, &Sieve::default())).collect();
    newest.reverse();
    newest.truncate(LIVE_ENTRIES_MAX);
    let frame = Frame::of(&server, &visitor, Section::Feed).await?;
    html(StatusCode::OK, &OwnFeedPage { frame, rows: newest, most: LIVE_ENTRIES_MAX })
}
