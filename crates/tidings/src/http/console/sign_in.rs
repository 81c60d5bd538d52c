//! Signing in and out.

use super::page::{self, html};
use super::visitor::{SignInForm, Visitor, next_page, see_other, signed_in, signed_out};
use super::{ROOT, assets};
use crate::http::Server;
use crate::http::error::ApiError;
use crate::http::origin::Origin;
use crate::http::query::Query;
use crate::service::sessions::{Credential, SessionError};
use askama::Template;
use axum::body::Body;
use axum::extract::{RawQuery, Request, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode, header};

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage<'a> {
    next: &'a str,
    form_key: String,
    complaint: Option<String>,
    login: &'a str,
    mark: &'static str,
}

/// `/console/` leads to the first page that somebody may see.
pub async fn home(visitor: Visitor) -> Response {
    see_other(page::home(&visitor.caller))
}

/// `/console` without its stroke.
pub async fn bare() -> Response {
    see_other(ROOT)
}

/// Shows the form.
pub async fn get(
    State(server): State<Server>,
    RawQuery(raw): RawQuery,
    request: Request,
) -> Result<Response, ApiError> {
    let query = Query::of(raw.as_deref());
    let (parts, _) = request.into_parts();
    if Visitor::of(&parts, &server, false).await?.is_some() {
        return Ok(see_other(next_page(query.get("next"))));
    }
    let base_url = Origin::of(&parts, &server).base_url;
    form(&base_url, StatusCode::OK, next_page(query.get("next")), "", None)
}

fn form(
    base_url: &str,
    status: StatusCode,
    next: &str,
    login: &str,
    complaint: Option<String>,
) -> Result<Response, ApiError> {
    let (form_key, cookie) = SignInForm::fresh(base_url);
    let mut response = html(status, &SignInPage { next, form_key, complaint, login, mark: assets::mark() })?;
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(response)
}

/// Lets somebody in.
pub async fn post(
    State(server): State<Server>,
    origin: Origin,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let sent = SignInForm::read(&headers, &origin.base_url, body).await?;
    let next = next_page(sent.get("next"));
    let login = sent.get("login").unwrap_or_default();
    let credential = match sent.get("token") {
        Some(token) => Credential::Token(token),
        None => Credential::Code { login, code: sent.get("sign_in_code").unwrap_or_default() },
    };
    let complaint = match server.services.open_session(credential, origin.ip).await {
        Ok(secret) => {
            let mut response = see_other(next);
            for cookie in signed_in(&secret, &origin.base_url) {
                response.headers_mut().append(header::SET_COOKIE, cookie);
            }
            return Ok(response);
        }
        Err(SessionError::Unavailable(why)) => return Err(ApiError::Unavailable(why)),
        Err(SessionError::TooManyFailures { retry_after_s }) => {
            return Err(ApiError::RateLimit { retry_after_s });
        }
        Err(SessionError::SignIn) => match credential {
            Credential::Token(_) => "This token is unknown, expired or revoked.",
            Credential::Code { .. } => {
                "Login and code do not fit. Codes work once and for a day; ask your administrator for one."
            }
        },
    };
    form(&origin.base_url, StatusCode::FORBIDDEN, next, login, Some(complaint.to_owned()))
}

/// Lets somebody out.
pub async fn sign_out(State(server): State<Server>, visitor: Visitor, body: Body) -> Result<Response, ApiError> {
    visitor.form(body).await?;
    server.services.end_session(&visitor.secret).await?;
    let mut response = see_other("/console/sign-in");
    response.headers_mut().append(header::SET_COOKIE, signed_out(visitor.is_encrypted()));
    Ok(response)
}
