//! Who is looking at the console: from the session cookie to a Caller; and the forms they send.
//!
//! A browser sends its cookies also when another site makes it ask. So a form counts only with the key of its session,
//! which no other site can know, and only when the browser does not say that it comes from elsewhere.

use super::ROOT;
use crate::auth::Caller;
use crate::auth::session::SessionSecret;
use crate::http::Server;
use crate::http::error::ApiError;
use crate::http::oauth::form::Form;
use crate::http::origin::Origin;
use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use form_urlencoded::byte_serialize;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};

/// The cookie that holds the secret of the session.
const SESSION_COOKIE: &str = "tidings_session";
/// The cookie that ties the sign-in form to the browser it was shown in.
const SIGN_IN_COOKIE: &str = "tidings_sign_in";
/// The field of forms that holds their key.
pub const FORM_KEY: &str = "form_key";

/// Somebody who is signed in to the console. A handler that takes one cannot be reached without.
pub struct Visitor {
    /// Who, with rights.
    pub caller: Caller,
    /// The secret of their session.
    pub secret: SessionSecret,
    /// The key that a form of theirs must carry.
    pub form_key: String,
    headers: HeaderMap,
    base_url: String,
}

impl FromRequestParts<Server> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, Response> {
        // A page that keeps its figures fresh by itself says so.
        let in_use = !parts.headers.contains_key("tidings-refresh");
        match Visitor::of(parts, server, in_use).await {
            Ok(Some(visitor)) => Ok(visitor),
            Ok(None) => Err(to_sign_in(parts)),
            Err(why) => Err(why.into_response()),
        }
    }
}

/// Somebody whose page stays open and listens; that alone does not keep their session alive.
pub struct Listener(pub Visitor);

impl FromRequestParts<Server> for Listener {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, Response> {
        match Visitor::of(parts, server, false).await {
            Ok(Some(visitor)) => Ok(Listener(visitor)),
            Ok(None) => Err(to_sign_in(parts)),
            Err(why) => Err(why.into_response()),
        }
    }
}

impl Visitor {
    /// Who sent this request, if they are signed in.
    ///
    /// # Errors
    /// [`ApiError`] when the store cannot be asked, or they ask too often.
    pub async fn of(parts: &Parts, server: &Server, in_use: bool) -> Result<Option<Self>, ApiError> {
        let Some(secret) = cookie(&parts.headers, SESSION_COOKIE) else { return Ok(None) };
        let origin = Origin::of(parts, server);
        let Some(caller) = server.services.session(&secret, in_use).await? else { return Ok(None) };
        if let Some(limit) = &server.rate_limit {
            limit.check(caller.token_user().as_str()).map_err(|retry_after_s| ApiError::RateLimit { retry_after_s })?;
        }
        if let (Some(limit), Some(client_id)) = (&server.application_limit, caller.application()) {
            limit.check(client_id).map_err(|retry_after_s| ApiError::RateLimit { retry_after_s })?;
        }
        let form_key = secret.form_key();
        let (caller, headers) = (caller.from(origin.ip), parts.headers.clone());
        Ok(Some(Visitor { caller, secret, form_key, headers, base_url: origin.base_url }))
    }

    /// The form that they sent.
    ///
    /// # Errors
    /// [`ApiError::ForeignForm`] for one that is not ours.
    pub async fn form(&self, body: Body) -> Result<Form, ApiError> {
        comes_from_here(&self.headers, &self.base_url)?;
        let form = Form::read(None, body).await?;
        match form.get(FORM_KEY) {
            Some(key) if self.secret.is_form_key(key) => Ok(form),
            _ => Err(ApiError::ForeignForm),
        }
    }

    /// Whether their connection is encrypted, as far as the server can know.
    pub fn is_encrypted(&self) -> bool {
        is_encrypted(&self.base_url)
    }
}

/// The form for signing in, which belongs to no session yet: its key is tied to a cookie of its own.
pub struct SignInForm;

impl SignInForm {
    /// The key for a new form, and the cookie that goes with it.
    pub fn fresh(base_url: &str) -> (String, HeaderValue) {
        let secret = SessionSecret::make();
        (secret.form_key(), set_cookie(SIGN_IN_COOKIE, secret.text(), "Strict", is_encrypted(base_url)))
    }

    /// Reads one that was sent.
    ///
    /// # Errors
    /// [`ApiError::ForeignForm`] for one that was not shown in this browser.
    pub async fn read(headers: &HeaderMap, base_url: &str, body: Body) -> Result<Form, ApiError> {
        comes_from_here(headers, base_url)?;
        let form = Form::read(None, body).await?;
        let shown = cookie(headers, SIGN_IN_COOKIE);
        let fits = shown.is_some_and(|shown| form.get(FORM_KEY).is_some_and(|key| shown.is_form_key(key)));
        if fits { Ok(form) } else { Err(ApiError::ForeignForm) }
    }
}

/// The cookies for somebody who just signed in.
pub fn signed_in(secret: &SessionSecret, base_url: &str) -> [HeaderValue; 2] {
    let encrypted = is_encrypted(base_url);
    [set_cookie(SESSION_COOKIE, secret.text(), "Lax", encrypted), end_cookie(SIGN_IN_COOKIE, encrypted)]
}

/// The cookie for somebody who just signed out.
pub fn signed_out(encrypted: bool) -> HeaderValue {
    end_cookie(SESSION_COOKIE, encrypted)
}

/// Sends the browser to another page, with `GET`.
pub fn see_other(path: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let location = HeaderValue::from_str(path).unwrap_or(HeaderValue::from_static(ROOT));
    response.headers_mut().insert(header::LOCATION, location);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A page of the console to go to after signing in; anything else is the first page.
pub fn next_page(asked: Option<&str>) -> &str {
    let ours = |path: &&str| {
        let plain = path.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
        path.starts_with(ROOT) && !path.contains("..") && plain
    };
    asked.filter(ours).unwrap_or(ROOT)
}

fn to_sign_in(parts: &Parts) -> Response {
    let asked = parts.uri.path_and_query().map(|it| it.as_str());
    let next = asked.filter(|path| parts.method == Method::GET && *path != ROOT && next_page(Some(path)) == *path);
    match next {
        Some(path) => {
            see_other(&format!("/console/sign-in?next={}", byte_serialize(path.as_bytes()).collect::<String>()))
        }
        None => see_other("/console/sign-in"),
    }
}

fn is_encrypted(base_url: &str) -> bool {
    base_url.starts_with("https://")
}

fn cookie(headers: &HeaderMap, name: &str) -> Option<SessionSecret> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, _)| *key == name).and_then(|(_, value)| SessionSecret::sent(value.trim()))
}

fn set_cookie(name: &str, value: &str, same_site: &str, encrypted: bool) -> HeaderValue {
    let secure = if encrypted { "; Secure" } else { "" };
    let text = format!("{name}={value}; Path=/console; HttpOnly; SameSite={same_site}{secure}");
    // Names and values are ours: letters, digits, hyphens and underlines.
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
}

fn end_cookie(name: &str, encrypted: bool) -> HeaderValue {
    let secure = if encrypted { "; Secure" } else { "" };
    let text = format!("{name}=; Path=/console; Max-Age=0; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
}

/// Refuses what a browser sends for another site. Only hosts are compared: a proxy may have taken the encryption off.
fn comes_from_here(headers: &HeaderMap, base_url: &str) -> Result<(), ApiError> {
    const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
    let text = |name: &HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("unreadable"));
    if text(&FETCH_SITE).is_some_and(|site| !matches!(site, "same-origin" | "none")) {
        return Err(ApiError::ForeignForm);
    }
    let Some(origin) = text(&header::ORIGIN) else { return Ok(()) };
    let authority = |url: &str| url.split_once("://").map(|(_, rest)| rest.trim_end_matches('/').to_ascii_lowercase());
    let from = authority(origin).ok_or(ApiError::ForeignForm)?;
    let ours = authority(base_url).is_some_and(|ours| ours.split('/').next() == Some(from.as_str()));
    let host = text(&header::HOST).is_some_and(|host| host.eq_ignore_ascii_case(&from));
    if ours || host { Ok(()) } else { Err(ApiError::ForeignForm) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn what_another_site_sends_is_refused() {
        let ours = |pairs: &[(&'static str, &'static str)]| {
            comes_from_here(&headers(pairs), "https://tidings.example").is_ok()
        };
        assert!(ours(&[]), "a browser that does not say; the key of the form decides");
        assert!(ours(&[("origin", "https://tidings.example"), ("sec-fetch-site", "same-origin")]));
        assert!(ours(&[("origin", "http://127.0.0.1:8080"), ("host", "127.0.0.1:8080")]));
        for wrong in
            ["https://evil.example", "null", "https://tidings.example.evil.example", "https://tidings.example:8443"]
        {
            assert!(!ours(&[("origin", wrong), ("host", "tidings.example")]), "{wrong}");
        }
        for site in ["cross-site", "same-site"] {
            assert!(!ours(&[("sec-fetch-site", site), ("origin", "https://tidings.example")]), "{site}");
        }
    }

    #[test]
    fn only_pages_of_the_console_are_gone_to() {
        assert_eq!(next_page(Some("/console/search?type=LOGIN")), "/console/search?type=LOGIN");
        for wrong in
            ["https://evil.example/", "//evil.example", "/console/../x", "/consolex", "/console/\\x", "/console/ x"]
        {
            assert_eq!(next_page(Some(wrong)), ROOT, "{wrong}");
        }
        assert_eq!(next_page(None), ROOT);
    }

    #[test]
    fn a_cookie_is_found_among_others() {
        let secret = SessionSecret::make();
        let line = format!("a=b; {SESSION_COOKIE}={}; {SIGN_IN_COOKIE}=x y", secret.text());
        let headers = HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_str(&line).unwrap())]);
        assert_eq!(cookie(&headers, SESSION_COOKIE), Some(secret));
        assert_eq!(cookie(&headers, SIGN_IN_COOKIE), None, "not one of ours");
        assert_eq!(cookie(&headers, "tidings"), None);
    }
}
