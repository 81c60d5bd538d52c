//! The consent page: plain HTML without script, from nowhere but here, in no frame.

use crate::auth::grant::Consent;
use axum::body::Body;
use axum::response::Response;
use feed::permission::Scopes;
use http::{HeaderValue, StatusCode, header};
use std::fmt::Write;

/// Text as it may stand in HTML, also within quotes.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
    out
}

/// What a scope lets an application do, for people.
fn told(scope: Scopes) -> &'static str {
    match scope {
        Scopes::ENTERPRISE => "read the enterprise's audit log, as far as you may",
        Scopes::USERS => "act for other users, as far as you may",
        Scopes::PUBLISH => "publish events in your enterprise",
        Scopes::PUBLISH_USERS => "add, change and delete users by events, as far as you may",
        Scopes::ADMINISTER => "administer users, tokens and applications, as far as you may",
        _ => "something",
    }
}

/// Asks a person to sign in and consent. `state` is what the application wants back.
pub fn ask(consent: &Consent, state: &str, complaint: Option<&str>) -> Response {
    let mut html = String::new();
    let name = escaped(&consent.application.name);
    if let Some(complaint) = complaint {
        // Writing to a string does not fail.
        let _ = write!(html, "<p role=\"alert\"><strong>{}</strong></p>", escaped(complaint));
    }
    let _ = write!(html, "<p><strong>{name}</strong> asks to read your event feed");
    for (scope, _) in Scopes::NAMES.iter().filter(|(scope, _)| consent.scopes.contains(*scope)) {
        let _ = write!(html, ", to {}", told(*scope));
    }
    html.push_str(".</p><form method=\"post\" action=\"/oauth2/authorize\">");
    let scopes = consent.scopes.to_string();
    let hidden = [
        ("client_id", consent.application.client_id.as_str()),
        ("redirect_uri", &consent.redirect_uri),
        ("scope", if scopes.is_empty() { "none" } else { &scopes }),
        ("state", state),
        ("response_type", "code"),
    ];
    for (name, value) in hidden {
        let _ = write!(html, "<input type=\"hidden\" name=\"{name}\" value=\"{}\">", escaped(value));
    }
    html.push_str(
        "<p><label>Your login <input name=\"login\" autocomplete=\"username\"></label></p>\
         <p><label>One-time code from your administrator \
         <input name=\"sign_in_code\" type=\"password\" autocomplete=\"one-time-code\"></label></p>\
         <p><button name=\"consent\" value=\"yes\">Sign in and allow</button> \
         <button name=\"consent\" value=\"no\">Refuse</button></p></form>",
    );
    let status = if complaint.is_some() { StatusCode::FORBIDDEN } else { StatusCode::OK };
    page(status, &format!("Allow {name}?"), &html)
}

/// Tells a person why they are not asked.
pub fn refuse(complaint: &str) -> Response {
    page(StatusCode::BAD_REQUEST, "This does not work", &format!("<p>{}</p>", escaped(complaint)))
}

fn page(status: StatusCode, title: &str, body: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><meta name=\"color-scheme\" content=\"light dark\">\
         </head><body><main><h1>{title}</h1>{body}</main></body></html>\n"
    );
    let mut response = Response::new(Body::from(html));
    *response.status_mut() = status;
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn nothing_in_a_text_ends_it() {
        assert_eq!(escaped("<a href='x'>&\"</a>"), "&lt;a href=&#39;x&#39;&gt;&amp;&quot;&lt;/a&gt;");
    }
}
