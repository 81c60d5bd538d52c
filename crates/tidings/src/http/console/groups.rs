//! *People*, by group: the groups of the enterprise and who is in them.

use super::page::{Frame, Section, html};
use super::visitor::Visitor;
use crate::http::Server;
use crate::http::error::ApiError;
use crate::http::query::Query;
use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use feed::directory::{GroupView, Person};
use feed::limits::LIST_ROWS_MAX;
use http::StatusCode;

/// Rows on a page of the list.
const ROWS: usize = 100;

#[derive(Template)]
#[template(path = "groups.html")]
struct GroupsPage {
    frame: Frame,
    groups: Vec<GroupView>,
    next: Option<String>,
}

#[derive(Template)]
#[template(path = "group.html")]
struct GroupPage {
    frame: Frame,
    group: GroupView,
    members: Vec<Person>,
    more: bool,
}

/// The list.
pub async fn list(
    State(server): State<Server>,
    visitor: Visitor,
    RawQuery(raw): RawQuery,
) -> Result<Response, ApiError> {
    let query = Query::of(raw.as_deref());
    let mut groups = server.services.groups(&visitor.caller, query.get("after"), ROWS + 1).await?;
    let more = groups.len() > ROWS;
    groups.truncate(ROWS);
    let next = groups.last().filter(|_| more).map(|group| group.id.to_string());
    let frame = Frame::of(&server, &visitor, Section::People).await?;
    html(StatusCode::OK, &GroupsPage { frame, groups, next })
}

/// One of them.
pub async fn show(
    State(server): State<Server>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let group = server.services.group(&visitor.caller, &id).await?;
    let members = server.services.members(&visitor.caller, &id, None, LIST_ROWS_MAX).await?;
    let frame = Frame::of(&server, &visitor, Section::People).await?;
    let more = members.len() == LIST_ROWS_MAX;
    html(StatusCode::OK, &GroupPage { frame, group, members, more })
}
