//! *Applications*: who they are, what they may do, their secrets and their keys.

use super::page::{Frame, Section, html};
use super::people::complaint;
use super::visitor::{Visitor, see_other};
use crate::http::Server;
use crate::http::error::ApiError;
use crate::http::oauth::form::Form;
use crate::service::administer::AdminError;
use crate::service::applications::{ActsAsWish, ApplicationWish};
use crate::service::{ActsAs, ApplicationRecord};
use askama::Template;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use feed::id::UserId;
use feed::limits::CLIENT_LIST_MAX;
use feed::permission::Scopes;
use form_urlencoded::byte_serialize;
use http::StatusCode;
use rustc_hash::FxHashMap;

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
    /// What the users are called for whom it may have tokens, if they are listed.
    names: FxHashMap<UserId, String>,
    /// What was just made.
    fresh: Option<Fresh>,
}

/// What is shown once, on the answer that made it.
enum Fresh {
    /// A client secret.
    Secret(String),
    /// The configuration file of a key pair.
    Config { key: String, text: String },
}

/// The scopes that can be chosen: the word, and what it allows.
pub const SCOPE_CHOICES: [(&str, &str); 6] = [
    ("manage_enterprise_properties", "Read the enterprise feed, search, have reports made"),
    ("manage_managed_users", "Act for users"),
    ("publish", "Publish events"),
    ("publish_users", "Publish events that change users"),
    ("administer", "Administer users, tokens and applications"),
    ("import", "Import history from elsewhere"),
];

impl ApplicationsPage {
    fn scope_choices(&self) -> [(&'static str, &'static str); 6] {
        SCOPE_CHOICES
    }
}

impl ApplicationPage {
    /// The scopes that can be chosen: the word, what it allows, and whether the application has it.
    fn scope_choices(&self) -> Vec<(&'static str, &'static str, bool)> {
        let has = |word| Scopes::parse(word).is_ok_and(|scope| self.application.scopes.contains(scope));
        SCOPE_CHOICES.into_iter().map(|(word, label)| (word, label, has(word))).collect()
    }

    /// The listed users, one a line.
    fn listed(&self) -> String {
        match &self.application.acts_as {
            ActsAs::Users(users) => users.iter().map(UserId::as_str).collect::<Vec<_>>().join("\n"),
            _ => String::new(),
        }
    }

    fn acts_as_choices(&self) -> [(&'static str, &'static str, bool); 3] {
        let now = &self.application.acts_as;
        [
            ("nobody", "itself only", matches!(now, ActsAs::Nobody)),
            ("everybody", "every user", matches!(now, ActsAs::Everybody)),
            ("listed", "the users below", matches!(now, ActsAs::Users(_))),
        ]
    }

    /// Who is listed: the name, or the id.
    fn listed_names(&self) -> Vec<(String, &str)> {
        let ActsAs::Users(users) = &self.application.acts_as else { return Vec::new() };
        let known = |id| self.names.get(id).map(String::as_str);
        users.iter().map(|id| (super::people::path_of(id.as_str()), known(id).unwrap_or(id.as_str()))).collect()
    }
}

/// A text as an address that a link can save as a file; nothing is asked of a server for it.
fn as_address(text: &str) -> String {
    format!("data:application/json;base64,{}", STANDARD.encode(text))
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
        Ok((application, secret)) => {
            application_page(&server, &visitor, application, Some(Fresh::Secret(secret.0)), None).await
        }
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
    fresh: Option<Fresh>,
    complaint: Option<(StatusCode, String)>,
) -> Result<Response, ApiError> {
    let (status, complaint) = complaint.map_or((StatusCode::OK, None), |(status, why)| (status, Some(why)));
    let frame = Frame::of(server, visitor, Section::Applications).await?.complaining(complaint);
    let listed: Vec<&UserId> = match &application.acts_as {
        ActsAs::Users(users) => users.iter().collect(),
        _ => Vec::new(),
    };
    let names = server.services.names(&visitor.caller, &listed).await?;
    html(status, &ApplicationPage { frame, application, names, fresh })
}

/// The page again, saying what was wrong.
async fn complaining_page(server: &Server, visitor: &Visitor, id: &str, why: AdminError) -> Result<Response, ApiError> {
    match complaint(&why) {
        Some(complaint) => {
            let application = server.services.application(&visitor.caller, id).await?;
            application_page(server, visitor, application, None, Some(complaint)).await
        }
        None => Err(why.into()),
    }
}

/// Lets it have tokens, or no more; or changes what it is called and what it may.
pub async fn edit(
    State(server): State<Server>,
    visitor: Visitor,
    Path(id): Path<String>,
    body: Body,
) -> Result<Response, ApiError> {
    let form = visitor.form(body).await?;
    let changed = match wish_of(&server, &visitor, &id, &form).await {
        Ok(wish) => server.services.change_application(&visitor.caller, &id, &wish).await,
        Err(why) => Err(why),
    };
    match changed {
        Ok(_) => Ok(see_other(&path_of(&id))),
        Err(why) => complaining_page(&server, &visitor, &id, why).await,
    }
}

/// What a form asks of an application: one has a button only, the other all the fields, of which an empty one is meant so.
async fn wish_of(server: &Server, visitor: &Visitor, id: &str, form: &Form) -> Result<ApplicationWish, AdminError> {
    let enabled = match form.get("enabled") {
        Some("yes") => true,
        Some("no") => false,
        Some(_) => return Err(AdminError::BadText("An application is enabled or it is not.")),
        None => return settings_of(server, visitor, id, form).await,
    };
    Ok(ApplicationWish { enabled: Some(enabled), ..ApplicationWish::default() })
}

async fn settings_of(server: &Server, visitor: &Visitor, id: &str, form: &Form) -> Result<ApplicationWish, AdminError> {
    let words = |name: &str| form.get(name).unwrap_or_default().split_whitespace().map(str::to_owned).collect();
    let acts_as = match form.get("acts_as").unwrap_or_default() {
        "listed" => ActsAsWish::Users(listed_users(server, visitor, id, words("users")).await?),
        word => ActsAsWish::Word(word.to_owned()),
    };
    Ok(ApplicationWish {
        name: Some(form.get("name").unwrap_or_default().to_owned()),
        scopes: Some(form.all("scope").collect::<Vec<_>>().join(" ")),
        acts_as: Some(acts_as),
        redirect_uris: Some(words("redirect_uri")),
        enabled: None,
    })
}

/// The ids of users that are named by id or login. Who is listed already may have left since.
async fn listed_users(
    server: &Server,
    visitor: &Visitor,
    id: &str,
    words: Vec<String>,
) -> Result<Vec<String>, AdminError> {
    let application = server.services.application(&visitor.caller, id).await?;
    let listed = |word: &str| match &application.acts_as {
        ActsAs::Users(users) => users.iter().any(|user| user.as_str() == word),
        _ => false,
    };
    if words.is_empty() {
        return Err(AdminError::BadText("Name the users for whom it may have tokens, by login or id."));
    }
    if words.len() > CLIENT_LIST_MAX {
        return Err(AdminError::BadText("At most 100 users can be listed; choose every user instead."));
    }
    let mut ids = Vec::with_capacity(words.len());
    for word in words {
        let user = if listed(&word) {
            word
        } else {
            server.services.user(&visitor.caller, &word).await?.person.id.to_string()
        };
        if !ids.contains(&user) {
            ids.push(user);
        }
    }
    Ok(ids)
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
    application_page(&server, &visitor, application, Some(Fresh::Secret(secret.0)), None).await
}

/// Registers a public key; or makes a pair, whose private half is on this answer and nowhere else.
pub async fn add_key(
    State(server): State<Server>,
    visitor: Visitor,
    Path(id): Path<String>,
    body: Body,
) -> Result<Response, ApiError> {
    let form = visitor.form(body).await?;
    let (services, caller) = (&server.services, &visitor.caller);
    if form.get("make") != Some("pair") {
        return match services.add_key(caller, &id, form.get("public_key").unwrap_or_default()).await {
            Ok(_) => Ok(see_other(&path_of(&id))),
            Err(why) => complaining_page(&server, &visitor, &id, why).await,
        };
    }
    match services.generate_key(caller, &id, form.get("client_secret")).await {
        Ok((key, config)) => {
            let application = services.application(caller, &id).await?;
            let fresh = Fresh::Config { key: key.id, text: config.0 };
            application_page(&server, &visitor, application, Some(fresh), None).await
        }
        Err(why) => complaining_page(&server, &visitor, &id, why).await,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scope_can_be_chosen() {
        let known: Vec<&str> = Scopes::NAMES.iter().map(|(_, name)| *name).collect();
        assert_eq!(SCOPE_CHOICES.map(|(name, _)| name).to_vec(), known);
    }
}
