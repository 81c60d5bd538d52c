//! `/oauth2/authorize`: a person signs in with a one-time code from their admin, and allows an application or not.
//!
//! There is no session and no cookie, so there is nothing that another site could make a browser send: what counts is
//! the code, which only the person has.

use super::form::Form;
use super::page;
use crate::auth::grant::{Consent, ConsentError};
use crate::http::Server;
use crate::http::error::ApiError;
use crate::http::origin::Origin;
use crate::service::oauth::SignIn;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use form_urlencoded::Serializer;
use http::{HeaderValue, StatusCode, header};

const STATE_BYTES_MAX: usize = 4 * 1024;

/// Shows the page.
pub async fn get(State(server): State<Server>, RawQuery(query): RawQuery) -> Result<Response, ApiError> {
    let form = Form::of(query.as_deref(), b"");
    match consent_of(&server, &form).await? {
        Ok((consent, state)) => Ok(page::ask(&consent, &state, None)),
        Err(response) => Ok(response),
    }
}

/// Takes what the person says, and sends them back to the application.
pub async fn post(State(server): State<Server>, origin: Origin, body: Body) -> Result<Response, ApiError> {
    let form = Form::read(None, body).await?;
    let (consent, state) = match consent_of(&server, &form).await? {
        Ok(both) => both,
        Err(response) => return Ok(response),
    };
    if form.get("consent") != Some("yes") {
        return Ok(back(&consent, &state, ("error", "access_denied")));
    }
    let (login, code) = (form.get("login").unwrap_or_default(), form.get("sign_in_code").unwrap_or_default());
    match server.services.sign_in(&consent, SignIn { login, code, ip: origin.ip }).await {
        Ok(code) => Ok(back(&consent, &state, ("code", &code.0))),
        Err(ConsentError::Unavailable(why)) => Err(ApiError::Unavailable(why)),
        Err(ConsentError::SignIn(_) | ConsentError::Application | ConsentError::RedirectUri) => {
            let complaint = "Login and code do not fit. Codes work once and for a day; ask your administrator for one.";
            Ok(page::ask(&consent, &state, Some(complaint)))
        }
    }
}

/// What is asked for, or the answer for who cannot be asked. Only a place that is the application's own is sent back to.
async fn consent_of(server: &Server, form: &Form) -> Result<Result<(Consent, String), Response>, ApiError> {
    let client_id = form.get("client_id").unwrap_or_default();
    let asked = server.services.grants.consent(client_id, form.get("redirect_uri"), form.get("scope")).await;
    let consent = match asked {
        Ok(consent) => consent,
        Err(ConsentError::Unavailable(why)) => return Err(ApiError::Unavailable(why)),
        Err(ConsentError::Application | ConsentError::SignIn(_)) => {
            return Ok(Err(page::refuse("The address names no application that may ask you (client_id).")));
        }
        Err(ConsentError::RedirectUri) => {
            let complaint = "The application has not registered the place it wants to send you back to (redirect_uri).";
            return Ok(Err(page::refuse(complaint)));
        }
    };
    let state = form.get("state").unwrap_or_default();
    if state.len() > STATE_BYTES_MAX {
        return Ok(Err(page::refuse("The state is too long.")));
    }
    if form.get("response_type") != Some("code") {
        return Ok(Err(back(&consent, state, ("error", "unsupported_response_type"))));
    }
    Ok(Ok((consent, state.to_owned())))
}

/// Sends the person back to the application.
fn back(consent: &Consent, state: &str, (name, value): (&str, &str)) -> Response {
    let mut query = Serializer::new(String::new());
    query.append_pair(name, value);
    if !state.is_empty() {
        query.append_pair("state", state);
    }
    let joint = if consent.redirect_uri.contains('?') { '&' } else { '?' };
    let location = format!("{}{joint}{}", consent.redirect_uri, query.finish());
    // Everything in it is visible ASCII by now; if not, nobody is sent anywhere.
    let Ok(location) = HeaderValue::from_str(&location) else { return page::refuse("The address cannot be used.") };
    let mut response = StatusCode::FOUND.into_response();
    response.headers_mut().insert(header::LOCATION, location);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
