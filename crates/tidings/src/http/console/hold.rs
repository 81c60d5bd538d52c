//! A legal hold on its own: what it keeps, who placed it and why; its name, reason and end can be changed here.

use super::filters::field_time;
use super::page::{Frame, Section, html};
use super::people::complaint;
use super::visitor::{Visitor, see_other};
use crate::http::Server;
use crate::http::error::ApiError;
use crate::http::oauth::form::Form;
use crate::service::administer::AdminError;
use crate::service::holds::{HoldChange, ShownHold};
use askama::Template;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use feed::hold::Hold;
use feed::permission::Action;
use feed::time::{ReadTime, Second};
use form_urlencoded::byte_serialize;
use http::StatusCode;

#[derive(Template)]
#[template(path = "hold.html")]
struct HoldPage {
    frame: Frame,
    it: ShownHold,
    /// The end as its field wants it.
    until: String,
    may_change: bool,
}

/// The path of a hold's page.
pub fn path_of(id: &str) -> String {
    format!("/console/holds/{}", byte_serialize(id.as_bytes()).collect::<String>())
}

/// Shows one.
pub async fn show(
    State(server): State<Server>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    page(&server, &visitor, &id, None).await
}

async fn page(
    server: &Server,
    visitor: &Visitor,
    id: &str,
    told: Option<(StatusCode, String)>,
) -> Result<Response, ApiError> {
    let it = server.services.hold(&visitor.caller, id).await?;
    let (status, told) = told.map_or((StatusCode::OK, None), |(status, why)| (status, Some(why)));
    let page = HoldPage {
        frame: Frame::of(server, visitor, Section::Retention).await?.complaining(told),
        until: it.hold.until.map(|until| field_time(&until.to_string())).unwrap_or_default(),
        may_change: it.in_effect && visitor.caller.may(Action::ManageRetention).is_ok(),
        it,
    };
    html(status, &page)
}

/// Changes one.
pub async fn edit(
    State(server): State<Server>,
    visitor: Visitor,
    Path(id): Path<String>,
    body: Body,
) -> Result<Response, ApiError> {
    let form = visitor.form(body).await?;
    let (services, caller) = (&server.services, &visitor.caller);
    caller.may(Action::ManageRetention).map_err(|why| ApiError::Admin(AdminError::Denied(why)))?;
    let there = services.hold(caller, &id).await?.hold;
    let changed = match change_of(&form, &there) {
        Ok(None) => Ok(()),
        Ok(Some(change)) => services.change_hold(caller, &id, &change).await.map(|_| ()),
        Err(why) => Err(why),
    };
    match changed {
        Ok(()) => Ok(see_other(&path_of(&id))),
        Err(why) => match complaint(&why) {
            Some(told) => page(&server, &visitor, &id, Some(told)).await,
            None => Err(why.into()),
        },
    }
}

/// What of a hold is to be otherwise. A form that is sent as it was shown changes nothing, and nothing is recorded.
fn change_of(form: &Form, there: &Hold) -> Result<Option<HoldChange>, AdminError> {
    let text = |name: &str, old: &str| {
        let new = form.get(name).unwrap_or_default();
        (new != old).then(|| new.to_owned())
    };
    let read = |text| ReadTime::parse(text).map(ReadTime::as_bound);
    let until: Option<Second> =
        form.get("until").map(read).transpose().map_err(|wrong| AdminError::Bad(format!("{wrong}.")))?;
    let change = HoldChange {
        name: text("name", &there.name),
        why: text("why", &there.why),
        until: Some(until).filter(|until| *until != there.until),
    };
    let changes = change.name.is_some() || change.why.is_some() || change.until.is_some();
    Ok(changes.then_some(change))
}
