//! *Applications*: who they are, what they may do, their secrets and their keys.

use super::page::{Frame, Section, html};
use super::people::complaint;
use super::visitor::{Visitor, see_other};
use crate::http::Server;
use crate::http::error::ApiError;
use crate::service::administer::AdminError;
use crate::service::applications::{ActsAsWish, ApplicationWish};
use crate::service::{ActsAs, ApplicationRecord};
use askama::Template;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use feed::permission::Scopes;
use form_urlencoded::byte_serialize;
use http::StatusCode;

#[derive(Template)]
#[template(path = "applications.html")]
struct ApplicationsPage {
    frame: Frame,
    applications: Vec<ApplicationRecord>,
}

#[derive(Template)]
#[template(path = "application.html")]
struct ApplicationPage {
    frame: Frame,
    application: ApplicationRecord,
    /// A secret that was just made.
    secret: Option<String>,
}

/// The scopes that can be chosen: the word, and what it allows.
pub const SCOPE_CHOICES: [(&str, &str); 5] = [
    ("manage_enterprise_properties", "Read the enterprise feed"),
    ("manage_managed_users", "Act for users"),
    ("publish", "Publish events"),
    ("publish_users", "Publish events that change users"),
    ("administer", "Administer users, tokens and applications"),
];

impl ApplicationsPage {
    fn scope_choices(&self) -> [(&'static str, &'static str); 5] {
        SCOPE_CHOICES
    }
}

/// The scopes in words a person can read.
pub fn scopes_in_words(scopes: &Scopes) -> String {
    let held = Scopes::NAMES.into_iter().filter(|(scope, _)| scopes.contains(*scope));
    let words: Vec<&str> =
        held.filter_map(|(_, name)| SCOPE_CHOICES.into_iter().find(|it| it.0 == name)).map(|it| it.1).collect();
    if words.is_empty() { "Read its own user's feed only".to_owned() } else { words.join(", ") }
}

/// For whom an application may have tokens without asking them.
pub fn acts_as_in_words(acts_as: &ActsAs) -> String {
    match acts_as {
        ActsAs::Nobody => "itself only".to_owned(),
        ActsAs::Everybody => "everybody".to_owned(),
        ActsAs::Users(users) => super::telling::count(users.len(), "listed user"),
    }
}

/// The path of an application's page.
pub fn path_of(client_id: &str) -> String {
    format!("/console/applications/{}", byte_serialize(client_id.as_bytes()).collect::<String>())
}

/// The list.
pub async fn list(State(server): State<Server>, visitor: Visitor) -> Result<Response, ApiError> {
    list_page(&server, &visitor, None).await
}

async fn list_page(
    server: &Server,
    visitor: &Visitor,
    complaint: Option<(StatusCode, String)>,
) -> Result<Response, ApiError> {
    let mut applications = server.services.applications(&visitor.caller).await?;
    applications.sort_by(|one, other| one.name.cmp(&other.name));
    let (status, complaint) = complaint.map_or((StatusCode::OK, None), |(status, why)| (status, Some(why)));
    let frame = Frame::of(server, visitor, Section::Applications).await?.complaining(complaint);
    html(status, &ApplicationsPage { frame, applications })
}

/// Creates one; its secret is on this answer and nowhere else.
pub async fn add(State(server): State<Server>, visitor: Visitor, body: Body) -> Result<Response, ApiError> {
    let form = visitor.form(body).await?;
    let wish = ApplicationWish {
        name: Some(form.get("name").unwrap_or_default().to_owned()),
        scopes: Some(form.all("scope").collect::<Vec<_>>().join(" ")),
        acts_as: form.get("acts_as").map(|word| ActsAsWish::Word(word.to_owned())),
        redirect_uris: form.get("redirect_uri").map(|uris| uris.split_whitespace().map(str::to_owned).collect()),
        enabled: None,
    };
    match server.services.create_application(&visitor.caller, &wish).await {
        Ok((application, secret)) => application_page(&server, &visitor, application, Some(secret.0), None).await,
        Err(why) => match complaint(&why) {
            Some(complaint) => list_page(&server, &visitor, Some(complaint)).await,
            None => Err(why.into()),
        },
    }
}

/// One of them.
pub async fn show(
    State(server): State<Server>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let application = server.services.application(&visitor.caller, &id).await?;
    application_page(&server, &visitor, application, None, None).await
}

async fn application_page(
    server: &Server,
    visitor: &Visitor,
    application: ApplicationRecord,
    secret: Option<String>,
    complaint: Option<(StatusCode, String)>,
) -> Result<Response, ApiError> {
    let (status, complaint) = complaint.map_or((StatusCode::OK, None), |(status, why)| (status, Some(why)));
    let frame = Frame::of(server, visitor, Section::Applications).await?.complaining(complaint);
    html(status, &ApplicationPage { frame, application, secret })
}

/// Lets it have tokens, or no more.
pub async fn edit(
    State(server): State<Server>,
    visitor: Visitor,
    Path(id): Path<String>,
    body: Body,
) -> Result<Response, ApiError> {
    let form = visitor.form(body).await?;
    let enabled = match form.get("enabled") {
        Some("yes") => true,
        Some("no") => false,
        _ => return Err(AdminError::BadText("An application is enabled or it is not.").into()),
    };
    let wish = ApplicationWish { enabled: Some(enabled), ..ApplicationWish::default() };
    server.services.change_application(&visitor.caller, &id, &wish).await?;
    Ok(see_other(&path_of(&id)))
}

/// Gives it a new secret, which is on this answer and nowhere else; the old one goes on for as long as was chosen.
pub async fn rotate(
    State(server): State<Server>,
    visitor: Visitor,
    Path(id): Path<String>,
    body: Body,
) -> Result<Response, ApiError> {
    let form = visitor.form(body).await?;
    let overlap_s = match form.get("overlap_s").unwrap_or("0").parse() {
        Ok(seconds) => seconds,
        Err(_) => return Err(AdminError::BadText("The overlap is a number of seconds.").into()),
    };
    let (application, secret) = server.services.rotate_secret(&visitor.caller, &id, overlap_s).await?;
    application_page(&server, &visitor, application, Some(secret.0), None).await
}

/// Registers a public key.
pub async fn add_key(
    State(server): State<Server>,
    visitor: Visitor,
    Path(id): Path<String>,
    body: Body,
) -> Result<Response, ApiError> {
    let form = visitor.form(body).await?;
    match server.services.add_key(&visitor.caller, &id, form.get("public_key").unwrap_or_default()).await {
        Ok(_) => Ok(see_other(&path_of(&id))),
        Err(why) => match complaint(&why) {
            Some(complaint) => {
                let application = server.services.application(&visitor.caller, &id).await?;
                application_page(&server, &visitor, application, None, Some(complaint)).await
            }
            None => Err(why.into()),
        },
    }
}

/// Removes a public key.
pub async fn delete_key(
    State(server): State<Server>,
    visitor: Visitor,
    Path((id, key)): Path<(String, String)>,
    body: Body,
) -> Result<Response, ApiError> {
    visitor.form(body).await?;
    server.services.remove_key(&visitor.caller, &id, &key).await?;
    Ok(see_other(&path_of(&id)))
}
