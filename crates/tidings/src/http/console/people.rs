//! *People*: the users of the enterprise, one by one and in a list.

use super::page::{Frame, Section, html};
use super::visitor::{Visitor, see_other};
use crate::auth::role_name;
use crate::http::Server;
use crate::http::error::ApiError;
use crate::http::query::Query;
use crate::service::administer::{AdminError, UserChange};
use crate::service::last_active::LastActive;
use askama::Template;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use feed::directory::{GroupView, Role, Status, User};
use feed::id::{ItemId, UserId};
use feed::permission::Action;
use feed::time::Second;
use form_urlencoded::byte_serialize;
use http::StatusCode;

/// Rows on a page of the list.
const ROWS: usize = 100;

#[derive(Template)]
#[template(path = "people.html")]
struct PeoplePage<'a> {
    frame: Frame,
    /// Users, and when they were last active.
    users: Vec<(User, LastActive)>,
    /// The id after which the next page begins.
    next: Option<String>,
    after: Option<&'a str>,
    sought: &'a str,
    may_give_roles: bool,
}

#[derive(Template)]
#[template(path = "person.html")]
struct PersonPage {
    frame: Frame,
    user: User,
    active: LastActive,
    groups: Vec<GroupView>,
    synced: Vec<ItemId>,
    may_give_roles: bool,
    may_make_codes: bool,
    may_see_events: bool,
    /// A code that was just made, and when it ends.
    code: Option<(String, Second)>,
}

/// What a role is called, with the rights of a co-admin.
pub fn role_in_words(role: &Role) -> String {
    match role {
        Role::User => "User".to_owned(),
        Role::Admin => "Admin".to_owned(),
        Role::ServiceAccount => "Service account".to_owned(),
        Role::CoAdmin(rights) => match (rights.reports, rights.users) {
            (true, true) => "Co-admin (reports, users)".to_owned(),
            (true, false) => "Co-admin (reports)".to_owned(),
            (false, true) => "Co-admin (users)".to_owned(),
            (false, false) => "Co-admin (no rights)".to_owned(),
        },
    }
}

/// The word for where an account stands.
pub fn status_in_words(status: &Status) -> &'static str {
    match status {
        Status::Provisional => "Named by an event",
        Status::Active => "Active",
        Status::Deleted => "Deleted",
    }
}

/// The path of somebody's page.
pub fn path_of(id: &str) -> String {
    format!("/console/people/{}", byte_serialize(id.as_bytes()).collect::<String>())
}

impl PersonPage {
    /// The value of the field for the role.
    fn chosen_role(&self) -> &'static str {
        match &self.user.role {
            Role::CoAdmin(rights) => match (rights.reports, rights.users) {
                (true, true) => "coadmin reports users",
                (true, false) => "coadmin reports",
                (false, true) => "coadmin users",
                (false, false) => "coadmin",
            },
            role => role_name(role),
        }
    }

    fn role_choices(&self) -> [(&'static str, &'static str); 7] {
        ROLE_CHOICES
    }
}

impl PeoplePage<'_> {
    fn role_choices(&self) -> [(&'static str, &'static str); 7] {
        ROLE_CHOICES
    }
}

/// What can be chosen as a role: the value, and what it is called.
const ROLE_CHOICES: [(&str, &str); 7] = [
    ("user", "User"),
    ("coadmin", "Co-admin without rights"),
    ("coadmin reports", "Co-admin: reports"),
    ("coadmin users", "Co-admin: users"),
    ("coadmin reports users", "Co-admin: reports and users"),
    ("admin", "Admin"),
    ("service_account", "Service account"),
];

/// The role and the rights that a choice stands for.
fn chosen(role: Option<&str>) -> (Option<String>, Option<Vec<String>>) {
    let Some(role) = role else { return (None, None) };
    let mut words = role.split(' ').map(str::to_owned);
    let word = words.next();
    let rights: Vec<String> = words.collect();
    let is_co_admin = word.as_deref() == Some("coadmin");
    (word, is_co_admin.then_some(rights))
}

/// The list; or, with `q`, the page of whom it names by login or id.
pub async fn list(
    State(server): State<Server>,
    visitor: Visitor,
    RawQuery(raw): RawQuery,
) -> Result<Response, ApiError> {
    let query = Query::of(raw.as_deref());
    let sought = query.get("q").unwrap_or_default();
    if sought.is_empty() {
        return list_page(&server, &visitor, query.get("after"), sought, None).await;
    }
    match server.services.user(&visitor.caller, sought).await {
        Ok(user) => Ok(see_other(&path_of(user.person.id.as_str()))),
        Err(why @ AdminError::NoSuchUser(_)) => {
            list_page(&server, &visitor, None, sought, Some((StatusCode::NOT_FOUND, why.to_string()))).await
        }
        Err(why) => Err(why.into()),
    }
}

async fn list_page(
    server: &Server,
    visitor: &Visitor,
    after: Option<&str>,
    sought: &str,
    complaint: Option<(StatusCode, String)>,
) -> Result<Response, ApiError> {
    let after_id = after.and_then(|id| UserId::new(id).ok());
    let mut users = server.services.users(&visitor.caller, after_id.as_ref(), ROWS + 1).await?;
    let more = users.len() > ROWS;
    users.truncate(ROWS);
    let next = users.last().filter(|_| more).map(|user| user.person.id.to_string());
    users.retain(|user| user.status != Status::Deleted);
    let ids: Vec<UserId> = users.iter().map(|user| user.person.id.clone()).collect();
    let active = server.services.last_active(&visitor.caller, &ids).await?;
    let (status, complaint) = complaint.map_or((StatusCode::OK, None), |(status, why)| (status, Some(why)));
    let page = PeoplePage {
        frame: Frame::of(server, visitor, Section::People).await?.complaining(complaint),
        users: users.into_iter().zip(active).collect(),
        next,
        after,
        sought,
        may_give_roles: visitor.caller.may(Action::ManageTokens).is_ok(),
    };
    html(status, &page)
}

/// Adds somebody.
pub async fn add(State(server): State<Server>, visitor: Visitor, body: Body) -> Result<Response, ApiError> {
    let form = visitor.form(body).await?;
    let text = |name: &str| form.get(name).map(str::to_owned);
    let (role, permissions) = chosen(form.get("role").filter(|role| *role != "user"));
    let change = UserChange { id: None, name: text("name"), login: text("login"), role, permissions };
    match server.services.add_user(&visitor.caller, &change).await {
        Ok(user) => Ok(see_other(&path_of(user.person.id.as_str()))),
        Err(why) => match complaint(&why) {
            Some(complaint) => list_page(&server, &visitor, None, "", Some(complaint)).await,
            None => Err(why.into()),
        },
    }
}

/// What can be mended in a form, for the page to say beside it.
pub fn complaint(why: &AdminError) -> Option<(StatusCode, String)> {
    match why {
        AdminError::LoginTaken(_) | AdminError::UserExists(_) | AdminError::Taken(..) => {
            Some((StatusCode::CONFLICT, why.to_string()))
        }
        AdminError::BadText(_)
        | AdminError::BadRole(_)
        | AdminError::BadId(_)
        | AdminError::BadKey(_)
        | AdminError::BadScope(_)
        | AdminError::Bad(_)
        | AdminError::NoSuchUser(_) => Some((StatusCode::BAD_REQUEST, why.to_string())),
        AdminError::ScopeBeyondOwn(_) => Some((StatusCode::FORBIDDEN, why.to_string())),
        _ => None,
    }
}

/// Somebody's page.
pub async fn show(
    State(server): State<Server>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    person_page(&server, &visitor, &id, None, None).await
}

async fn person_page(
    server: &Server,
    visitor: &Visitor,
    id: &str,
    code: Option<(String, Second)>,
    complaint: Option<(StatusCode, String)>,
) -> Result<Response, ApiError> {
    let (services, caller) = (&server.services, &visitor.caller);
    let user = services.user(caller, id).await?;
    let id = user.person.id.as_str();
    let active = services.last_active(caller, std::slice::from_ref(&user.person.id)).await?;
    let (status, complaint) = complaint.map_or((StatusCode::OK, None), |(status, why)| (status, Some(why)));
    let page = PersonPage {
        frame: Frame::of(server, visitor, Section::People).await?.complaining(complaint),
        groups: services.groups_of(caller, id).await?,
        synced: services.synced(caller, id).await?,
        may_give_roles: caller.may(Action::ManageTokens).is_ok(),
        may_make_codes: caller.may(Action::ManageTokens).is_ok(),
        may_see_events: caller.may(Action::ReadEnterpriseFeed).is_ok(),
        active: active.first().copied().unwrap_or(LastActive::Never),
        user,
        code,
    };
    html(status, &page)
}

/// Changes somebody.
pub async fn edit(
    State(server): State<Server>,
    visitor: Visitor,
    Path(id): Path<String>,
    body: Body,
) -> Result<Response, ApiError> {
    let form = visitor.form(body).await?;
    let user = server.services.user(&visitor.caller, &id).await?;
    let changed = |name: &str, old: &str| form.get(name).filter(|new| *new != old).map(str::to_owned);
    let (role, permissions) = chosen(form.get("role"));
    let same_role = form.get("role") == form.get("old_role");
    let change = UserChange {
        id: None,
        name: changed("name", &user.person.name),
        login: changed("login", &user.person.login),
        role: role.filter(|_| !same_role),
        permissions: permissions.filter(|_| !same_role),
    };
    match server.services.edit_user(&visitor.caller, &id, &change).await {
        Ok(user) => Ok(see_other(&path_of(user.person.id.as_str()))),
        Err(why) => match complaint(&why) {
            Some(complaint) => person_page(&server, &visitor, &id, None, Some(complaint)).await,
            None => Err(why.into()),
        },
    }
}

/// Deletes somebody.
pub async fn delete(
    State(server): State<Server>,
    visitor: Visitor,
    Path(id): Path<String>,
    body: Body,
) -> Result<Response, ApiError> {
    visitor.form(body).await?;
    server.services.delete_user(&visitor.caller, &id).await?;
    Ok(see_other(Section::People.path()))
}

/// Makes a one-time code with which somebody can sign in; it is shown on this answer and nowhere else.
pub async fn sign_in_code(
    State(server): State<Server>,
    visitor: Visitor,
    Path(id): Path<String>,
    body: Body,
) -> Result<Response, ApiError> {
    visitor.form(body).await?;
    let (code, ends) = server.services.make_sign_in_code(&visitor.caller, &id).await?;
    person_page(&server, &visitor, &id, Some((code.0, ends)), None).await
}
