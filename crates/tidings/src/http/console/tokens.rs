//! *Applications*, by token: access tokens, and who is signed in to the console.

use super::applications::SCOPE_CHOICES;
use super::page::{Frame, Section, html};
use super::people::complaint;
use super::visitor::{Visitor, see_other};
use crate::http::Server;
use crate::http::error::ApiError;
use crate::service::administer::{AdminError, TokenWish};
use crate::service::{SessionRecord, TokenRecord};
use askama::Template;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use feed::id::UserId;
use feed::permission::Scopes;
use http::StatusCode;
use rustc_hash::FxHashMap;

/// The page.
const PATH: &str = "/console/tokens";

#[derive(Template)]
#[template(path = "tokens.html")]
struct TokensPage {
    frame: Frame,
    tokens: Vec<TokenRecord>,
    sessions: Vec<SessionRecord>,
    /// What their users are called, by id.
    names: FxHashMap<UserId, String>,
    /// A token that was just made.
    fresh: Option<String>,
}

impl TokensPage {
    /// What a user is called: the name, or the id.
    fn name<'a>(&'a self, user: &'a UserId) -> &'a str {
        self.names.get(user).map_or(user.as_str(), String::as_str)
    }

    fn scope_choices(&self) -> [(&'static str, &'static str); 6] {
        SCOPE_CHOICES
    }
}

/// Tokens and sessions.
pub async fn list(State(server): State<Server>, visitor: Visitor) -> Result<Response, ApiError> {
    page(&server, &visitor, None, None).await
}

async fn page(
    server: &Server,
    visitor: &Visitor,
    fresh: Option<String>,
    complaint: Option<(StatusCode, String)>,
) -> Result<Response, ApiError> {
    let mut tokens = server.services.tokens(&visitor.caller).await?;
    tokens.reverse();
    let sessions = server.services.sessions(&visitor.caller).await?;
    let users: Vec<&UserId> = tokens.iter().map(|it| &it.user).chain(sessions.iter().map(|it| &it.user)).collect();
    let names = server.services.names(&visitor.caller, &users).await?;
    let (status, complaint) = complaint.map_or((StatusCode::OK, None), |(status, why)| (status, Some(why)));
    let frame = Frame::of(server, visitor, Section::Applications).await?.complaining(complaint);
    html(status, &TokensPage { frame, tokens, sessions, names, fresh })
}

/// Makes a token, which is on this answer and nowhere else.
pub async fn add(State(server): State<Server>, visitor: Visitor, body: Body) -> Result<Response, ApiError> {
    let form = visitor.form(body).await?;
    let text = |name: &str| form.get(name).unwrap_or_default().to_owned();
    let expires_in = match form.get("expires_in").map(str::parse) {
        None => None,
        Some(Ok(seconds)) => Some(seconds),
        Some(Err(_)) => return Err(AdminError::BadText("The life of a token is a number of seconds.").into()),
    };
    let wish = TokenWish {
        user: text("user"),
        scopes: form.all("scope").collect::<Vec<_>>().join(" "),
        note: text("note"),
        expires_in,
    };
    let made = match Scopes::parse(&wish.scopes) {
        Ok(scopes) => server.services.make_token(&visitor.caller, &wish, scopes).await,
        Err(wrong) => Err(AdminError::BadScope(wrong)),
    };
    match made {
        Ok((token, _)) => page(&server, &visitor, Some(token.secret), None).await,
        Err(why) => match complaint(&why) {
            Some(complaint) => page(&server, &visitor, None, Some(complaint)).await,
            None => Err(why.into()),
        },
    }
}

/// Revokes a token.
pub async fn revoke(
    State(server): State<Server>,
    visitor: Visitor,
    Path(id): Path<String>,
    body: Body,
) -> Result<Response, ApiError> {
    visitor.form(body).await?;
    server.services.revoke_token(&visitor.caller, &id).await?;
    Ok(see_other(PATH))
}

/// Ends a session.
pub async fn end_session(
    State(server): State<Server>,
    visitor: Visitor,
    Path(id): Path<String>,
    body: Body,
) -> Result<Response, ApiError> {
    visitor.form(body).await?;
    server.services.revoke_session(&visitor.caller, &id).await?;
    Ok(see_other(PATH))
}
