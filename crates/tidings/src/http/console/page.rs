//! The frame around every page: who is looking, where they can go, and the headers that keep a page to itself.

use super::visitor::Visitor;
use super::{ROOT, assets};
use crate::auth::{Caller, role_name};
use crate::http::Server;
use crate::http::error::{Answer, ApiError};
use askama::Template;
use axum::body::Body;
use axum::response::Response;
use feed::permission::Action;
use http::{HeaderName, HeaderValue, StatusCode, header};

/// A part of the console that the navigation leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// Events as they happen.
    Live,
    /// The history.
    Search,
    /// The history as files.
    Reports,
    /// Users and groups.
    People,
    /// Applications, tokens and sessions.
    Applications,
    /// How long events are kept.
    Retention,
    /// How the server is doing.
    Health,
    /// One's own feed.
    Feed,
}

impl Section {
    const EVERY: [Section; 8] = [
        Section::Live,
        Section::Search,
        Section::Reports,
        Section::People,
        Section::Applications,
        Section::Retention,
        Section::Health,
        Section::Feed,
    ];

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Section::Live => "Live",
            Section::Search => "Search",
            Section::Reports => "Reports",
            Section::People => "People",
            Section::Applications => "Applications",
            Section::Retention => "Retention",
            Section::Health => "Health",
            Section::Feed => "Your feed",
        }
    }

    /// Where it is.
    pub fn path(self) -> &'static str {
        match self {
            Section::Live => "/console/live",
            Section::Search => "/console/search",
            Section::Reports => "/console/reports",
            Section::People => "/console/people",
            Section::Applications => "/console/applications",
            Section::Retention => "/console/retention",
            Section::Health => "/console/health",
            Section::Feed => "/console/feed",
        }
    }

    /// The paths of its sign, on a grid of 24.
    pub fn icon(self) -> &'static str {
        match self {
            Section::Live => "M3 12h4l3-8 4 16 3-8h4",
            Section::Search => "M10.5 17a6.5 6.500 0 1 0 0-13 6.5 6.5 0 0 0 0 13M15.500 15.500 21 21",
            Section::Reports => "M6 3h8l4 4v14H6zM14 3v4h4M9.500 12h5M9.500 16h5",
            Section::People => {
                "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7M2.5 20a6.5 6.5 0 0 1 13 0M16 4.3a3.5 3.5 0 0 1 0 6.4M18 14a6.5 6.5 0 0 1 3.5 6"
            }
            Section::Applications => "M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM17 14v6M14 17h6",
            Section::Retention => "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M12 7v5l3.500 2",
            Section::Health => {
                "M12 20s-7.5-4.6-7.5-10A4.2 4.2 0 0 1 12 7.3 4.2 4.2 0 0 1 19.5 10C19.5 15.400 12 20 12 20z"
            }
            Section::Feed => "M5 5h14M5 10h14M5 15h9M5 20h6",
        }
    }

    /// Whether somebody may see it.
    pub fn open_to(self, caller: &Caller) -> bool {
        let action = match self {
            Section::Live => Action::ReadEnterpriseFeed,
            Section::Search => Action::Search,
            Section::Reports => Action::Report,
            Section::People => Action::ManageUsers,
            Section::Applications => Action::ManageApplications,
            Section::Retention => Action::SeeRetention,
            Section::Health => Action::ManageEnterprise,
            Section::Feed => Action::ReadOwnFeed,
        };
        caller.may(action).is_ok()
    }
}

/// The first page of the console for somebody.
pub fn home(caller: &Caller) -> &'static str {
    Section::EVERY.into_iter().find(|it| it.open_to(caller)).unwrap_or(Section::Feed).path()
}

/// What every page shows beside its own.
pub struct Frame {
    /// The sections that the visitor may see.
    pub sections: Vec<Section>,
    /// Where they are.
    pub here: Section,
    /// Their name, or their login, or their id.
    pub who: String,
    /// Their role, in words.
    pub role: &'static str,
    /// What their enterprise is called.
    pub enterprise: String,
    /// What forms carry.
    pub form_key: String,
    /// What went wrong with the form that was sent, if something did.
    pub complaint: Option<String>,
}

impl Frame {
    /// The frame of a page.
    ///
    /// # Errors
    /// [`ApiError::Unavailable`] when the store cannot be asked.
    pub async fn of(server: &Server, visitor: &Visitor, here: Section) -> Result<Self, ApiError> {
        let caller = &visitor.caller;
        let person = caller.person();
        let who = [person.name.as_str(), person.login.as_str(), person.id.as_str()];
        Ok(Frame {
            sections: Section::EVERY.into_iter().filter(|it| it.open_to(caller)).collect(),
            here,
            who: who.into_iter().find(|text| !text.is_empty()).unwrap_or_default().to_owned(),
            role: match role_name(&caller.user().role) {
                "coadmin" => "co-admin",
                "service_account" => "service account",
                word => word,
            },
            enterprise: server.services.enterprise_name(caller).await?,
            form_key: visitor.form_key.clone(),
            complaint: None,
        })
    }

    /// The same frame, saying what went wrong with a form.
    #[must_use]
    pub fn complaining(self, complaint: Option<String>) -> Self {
        Frame { complaint, ..self }
    }

    /// The mark that makes browsers fetch changed scripts and styles.
    pub fn mark(&self) -> &'static str {
        assets::mark()
    }
}

/// Scripts, styles and forms are ours alone; nothing may put a page of ours into a frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// The headers of every answer of the console.
pub const HEADERS: [(HeaderName, &str); 5] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

/// A page. Nothing of it is kept by browser or proxy: it may hold a secret that is shown once.
///
/// # Errors
/// [`ApiError::Bug`] when the template cannot be filled in.
pub fn html(status: StatusCode, template: &impl Template) -> Result<Response, ApiError> {
    let text = template.render().map_err(|_| ApiError::Bug)?;
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    put_headers(&mut response);
    Ok(response)
}

fn put_headers(response: &mut Response) {
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

#[derive(Template)]
#[template(path = "failure.html")]
struct Failure<'a> {
    title: &'a str,
    message: &'a str,
    status: u16,
    request_id: &'a str,
    mark: &'static str,
}

/// Whether a failure at this path is told as a page.
pub fn is_page(path: &str) -> bool {
    path.starts_with(ROOT)
}

/// Makes an answer a page that tells of a failure.
pub fn put_failure(response: &mut Response, answer: &Answer, request_id: &str) {
    let title = match answer.status {
        StatusCode::NOT_FOUND => "Not here",
        StatusCode::FORBIDDEN => "Not for you",
        StatusCode::TOO_MANY_REQUESTS => "A moment, please",
        StatusCode::SERVICE_UNAVAILABLE => "Not now",
        status if status.is_server_error() => "Something broke",
        _ => "That did not work",
    };
    let (message, status, mark) = (answer.message.as_str(), answer.status.as_u16(), assets::mark());
    let text = Failure { title, message, status, request_id, mark }.render();
    *response.body_mut() = Body::from(text.unwrap_or_else(|_| title.to_owned()));
    put_headers(response);
}
