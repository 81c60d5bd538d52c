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
use feed::permission::Scopes;
use http::StatusCode;

/// The page.
const PATH: &str = "/console/tokens";

#[derive(Template)]
#[template(path = "tokens.html")]
struct TokensPage {
    frame: Frame,
    tokens: Vec<TokenRecord>,
    sessions: Vec<SessionRecord>,
    /// A token that was just made.
    fresh: Option<String>,
}

impl TokensPage {
    fn scope_choices(&self) -> [(&'static str, &'static str); 4] {
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
    let (status, complaint) = complaint.map_or((StatusCode::OK, None), |(status, why)| (status, Some(why)));
    let frame = Frame::of(server, visitor, Section::Applications).await?.complaining(complaint);
    html(status, &TokensPage { frame, tokens, sessions, fresh })
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
