//! Every way to fail, and what goes over the wire for it (protocol, section 17).
//!
//! This is the only place that maps failures to answers. There is no catch-all arm: a new failure does not compile
//! until somebody has chosen its status.

use crate::auth::AuthError;
use crate::auth::grant::GrantError;
use crate::service::administer::AdminError;
use crate::service::oauth::OauthError;
use crate::service::publish::PublishError;
use crate::service::read::ReadError;
use crate::service::{AppendError, Unavailable};
use axum::response::{IntoResponse, Response};
use feed::filter::TooManyTypes;
use feed::intake::{BadDraft, Refused};
use feed::limits::PROVIDER_ASKED_AGAIN_S;
use feed::permission::Denied;
use feed::position::BadPosition;
use feed::stream_type::UnknownStreamType;
use feed::time::BadTime;
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

/// Why a request was not served.
#[derive(Debug)]
pub enum ApiError {
    /// Nobody is asking, or not with a good token, or for somebody they may not act for.
    Auth(AuthError),
    /// The caller may not do it.
    Denied(Denied),
    /// The caller may publish, but not this draft.
    DraftDenied {
        /// Which draft, counted from 0.
        index: usize,
        /// Why not.
        why: Denied,
    },
    /// `stream_type` is none.
    StreamType(UnknownStreamType),
    /// A long poll was asked for on a stream that has none.
    NoLongPoll,
    /// `stream_position` is none.
    Position(BadPosition),
    /// `limit` is not a number.
    Limit(String),
    /// `event_type` names too many.
    TypeFilter(TooManyTypes),
    /// A time cannot be read.
    Time {
        /// The parameter.
        name: &'static str,
        /// What is wrong with it.
        wrong: BadTime,
    },
    /// The body is larger than allowed.
    BodyTooLarge {
        /// The bound in bytes.
        bytes_max: usize,
    },
    /// The body did not arrive whole.
    BodyBroken,
    /// The body did not arrive in time.
    BodySlow,
    /// The body is not of a media type that is read here.
    MediaType,
    /// The body is not what this call takes.
    Body(String),
    /// Drafts were refused.
    Refused(Refused),
    /// The ledger refused the batch.
    Append(AppendError),
    /// No token was granted or taken back.
    Oauth(OauthError),
    /// Administration failed.
    Admin(AdminError),
    /// The store cannot serve.
    Unavailable(Unavailable),
    /// Too many calls a minute.
    RateLimit {
        /// When to come back, in whole seconds.
        retry_after_s: u64,
    },
    /// A form of the console that was not sent from a page of this session.
    ForeignForm,
    /// There is nothing at this path.
    NotFound,
    /// There is, but not with this method.
    MethodNotAllowed,
    /// A bug: a handler panicked. The log has it.
    Bug,
}

/// What goes over the wire, but for the request's id.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The error code in the body.
    pub code: &'static str,
    /// The message in the body: what was wrong, where, and what to do.
    pub message: String,
    /// The `context_info` in the body.
    pub context: Value,
    /// The `WWW-Authenticate` header, where there is one.
    pub authenticate: Option<&'static str>,
    /// The `Retry-After` header in whole seconds, where there is one.
    pub retry_after_s: Option<u64>,
    /// Which members the body has.
    pub form: Form,
}

/// The forms of bodies of errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// That of the API (protocol, section 17).
    Api,
    /// That of the OAuth calls (protocol, section 15).
    Oauth,
}

const INVALID_TOKEN: &str = "Bearer realm=\"Service\", error=\"invalid_token\", \
    error_description=\"The access token provided is invalid or expired (expired_token).\"";
const NO_TOKEN: &str = "Bearer realm=\"Service\"";
const INSUFFICIENT_SCOPE: &str = "Bearer realm=\"Service\", error=\"insufficient_scope\", \
    error_description=\"The request requires higher privileges than provided by the access token.\"";

/// Where errors are explained, for clients that show the field.
const HELP_URL: &str = "/errors";

/// How long a client should wait when the store is away, in seconds.
const STORE_RETRY_S: u64 = 5;

/// How long a client should wait when the identity provider is away, in seconds.
const PROVIDER_RETRY_S: u64 = PROVIDER_ASKED_AGAIN_S as u64;

impl ApiError {
    /// What goes over the wire.
    pub fn answer(&self) -> Answer {
        let plain = |status, code, message: String| Answer {
            status,
            code,
            message,
            context: Value::Null,
            authenticate: None,
            retry_after_s: None,
            form: Form::Api,
        };
        let bad = |message: String| plain(StatusCode::BAD_REQUEST, "bad_request", message);
        match self {
            ApiError::Auth(AuthError::NoToken) => {
                let message = "The request has no bearer token.".to_owned();
                Answer { authenticate: Some(NO_TOKEN), ..plain(StatusCode::UNAUTHORIZED, "unauthorized", message) }
            }
            ApiError::Auth(AuthError::BadToken) => {
                let message = "The access token is invalid or expired.".to_owned();
                Answer { authenticate: Some(INVALID_TOKEN), ..plain(StatusCode::UNAUTHORIZED, "unauthorized", message) }
            }
            ApiError::Auth(AuthError::ActingDenied(why)) => denied(why, "As-User is not allowed. "),
            ApiError::Auth(why @ AuthError::ActingForNobody) => {
                plain(StatusCode::FORBIDDEN, "access_denied_insufficient_permissions", denial(&why.to_string()))
            }
            ApiError::Auth(AuthError::ProviderAway) => Answer {
                retry_after_s: Some(PROVIDER_RETRY_S),
                ..plain(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "unavailable",
                    "The identity provider cannot be reached, so its tokens cannot be judged now.".to_owned(),
                )
            },
            ApiError::Auth(AuthError::Unavailable(why)) | ApiError::Unavailable(why) => unavailable(why),
            ApiError::Denied(why) | ApiError::Admin(AdminError::Denied(why)) => denied(why, ""),
            ApiError::DraftDenied { index, why } => draft_denied(*index, why),
            ApiError::StreamType(wrong) => bad(wrong.to_string()),
            ApiError::NoLongPoll => bad("Long polling is for the user streams all, changes and sync.".to_owned()),
            ApiError::Position(wrong) => bad(wrong.to_string()),
            ApiError::Limit(text) => plain(
                StatusCode::BAD_REQUEST,
                "invalid_limit",
                format!("limit '{}' is not a whole number from 0 up.", text.escape_debug()),
            ),
            ApiError::TypeFilter(wrong) => bad(wrong.to_string()),
            ApiError::Time { name, wrong } => bad(format!("{name}: {wrong}.")),
            ApiError::BodyTooLarge { bytes_max } => plain(
                StatusCode::PAYLOAD_TOO_LARGE,
                "payload_too_large",
                format!("The body is larger than {bytes_max} bytes; send it in parts."),
            ),
            ApiError::BodySlow => plain(
                StatusCode::REQUEST_TIMEOUT,
                "request_timeout",
                "The body did not arrive in time; send it in smaller parts.".to_owned(),
            ),
            ApiError::BodyBroken => bad("The body did not arrive whole.".to_owned()),
            ApiError::MediaType => plain(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "Send application/json, or application/x-ndjson with one draft a line.".to_owned(),
            ),
            ApiError::Body(wrong) => bad(wrong.clone()),
            ApiError::Refused(refused) => of_refused(refused),
            ApiError::Append(AppendError::Unavailable(why)) => unavailable(why),
            ApiError::Append(full @ AppendError::SecondFull { .. }) => bad(full.to_string()),
            ApiError::Oauth(OauthError::TooManyFailures { retry_after_s }) => {
                ApiError::RateLimit { retry_after_s: *retry_after_s }.answer()
            }
            ApiError::Oauth(OauthError::Grant(why)) => of_grant(why),
            ApiError::Admin(wrong) => of_admin(wrong),
            ApiError::RateLimit { retry_after_s } => Answer {
                retry_after_s: Some(*retry_after_s),
                ..plain(
                    StatusCode::TOO_MANY_REQUESTS,
                    "rate_limit_exceeded",
                    format!("Request rate limit exceeded; try again in {retry_after_s} s."),
                )
            },
            ApiError::ForeignForm => plain(
                StatusCode::FORBIDDEN,
                "foreign_form",
                "The form was not sent from a page of this session. Open the page again and send the form from there."
                    .to_owned(),
            ),
            ApiError::NotFound => {
                plain(StatusCode::NOT_FOUND, "not_found", "There is nothing at this path.".to_owned())
            }
            ApiError::MethodNotAllowed => plain(
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "This path does not take this method.".to_owned(),
            ),
            ApiError::Bug => plain(
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal_server_error",
                "The server has a fault; its log says more under the request id.".to_owned(),
            ),
        }
    }
}

fn denial(why: &str) -> String {
    format!("Access denied - insufficient permission. {why}")
}

fn denied(why: &Denied, prefix: &str) -> Answer {
    let (code, authenticate) = match why {
        Denied::Scope(_) => ("insufficient_scope", Some(INSUFFICIENT_SCOPE)),
        Denied::Right(_) => ("access_denied_insufficient_permissions", None),
    };
    Answer {
        status: StatusCode::FORBIDDEN,
        code,
        message: denial(&format!("{prefix}{why}")),
        context: Value::Null,
        authenticate,
        retry_after_s: None,
        form: Form::Api,
    }
}

fn draft_denied(index: usize, why: &Denied) -> Answer {
    denied(why, &format!("Draft {index} changes users of the directory. "))
}

fn unavailable(why: &Unavailable) -> Answer {
    Answer {
        status: StatusCode::SERVICE_UNAVAILABLE,
        code: "unavailable",
        message: format!("The store cannot serve this now: {why}."),
        context: Value::Null,
        authenticate: None,
        retry_after_s: Some(STORE_RETRY_S),
        form: Form::Api,
    }
}

fn of_refused(refused: &Refused) -> Answer {
    let (status, code) = match refused {
        Refused::TooLarge { .. } | Refused::TooManyDrafts | Refused::TooManyHearers => {
            (StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large")
        }
        Refused::Unreadable { .. } | Refused::Drafts { .. } => (StatusCode::BAD_REQUEST, "bad_request"),
    };
    let context = match refused {
        Refused::Drafts { bad, .. } => {
            let entry = |bad: &BadDraft| json!({"index": bad.index, "field": bad.field, "reason": bad.reason});
            json!({ "errors": bad.iter().map(entry).collect::<Vec<Value>>() })
        }
        _ => Value::Null,
    };
    Answer {
        status,
        code,
        message: refused.to_string(),
        context,
        authenticate: None,
        retry_after_s: None,
        form: Form::Api,
    }
}

/// 400 throughout: some clients take a 401 here for an old token.
fn of_grant(wrong: &GrantError) -> Answer {
    let code = match wrong {
        GrantError::Client => "invalid_client",
        GrantError::GrantType(_) => "unsupported_grant_type",
        GrantError::Missing(_) | GrantError::Unfit(_) => "invalid_request",
        GrantError::Subject | GrantError::Assertion(_) | GrantError::AssertionSeen | GrantError::Spent => {
            "invalid_grant"
        }
        GrantError::NotApproved => "unauthorized_client",
        GrantError::Unavailable(why) => return unavailable(why),
    };
    Answer {
        status: StatusCode::BAD_REQUEST,
        code,
        message: wrong.to_string(),
        context: Value::Null,
        authenticate: None,
        retry_after_s: None,
        form: Form::Oauth,
    }
}

fn of_admin(wrong: &AdminError) -> Answer {
    let (status, code) = match wrong {
        AdminError::Denied(why) => return denied(why, ""),
        AdminError::Unavailable(why) => return unavailable(why),
        AdminError::Publish(PublishError::Denied(why)) => return denied(why, ""),
        AdminError::Publish(PublishError::DraftDenied { index, why }) => return draft_denied(*index, why),
        AdminError::Publish(PublishError::Refused(refused)) => return of_refused(refused),
        AdminError::Publish(PublishError::Append(why)) => return ApiError::Append(why.clone()).answer(),
        // What stands in the way is the store, as with a publish; how far it came is said in the same breath.
        AdminError::Partly { why: PublishError::Append(why), .. } => {
            return Answer { message: wrong.to_string(), ..ApiError::Append(why.clone()).answer() };
        }
        AdminError::Partly { .. } => (StatusCode::BAD_REQUEST, "bad_request"),
        AdminError::NoSuchUser(_)
        | AdminError::NoSuchEnterprise(_)
        | AdminError::NoSuchToken(_)
        | AdminError::NoSuchApplication(_)
        | AdminError::NoSuchKey(_)
        | AdminError::Missing(..) => (StatusCode::NOT_FOUND, "not_found"),
        AdminError::EnterpriseExists(_)
        | AdminError::UserExists(_)
        | AdminError::LoginTaken(_)
        | AdminError::Taken(..) => (StatusCode::CONFLICT, "conflict"),
        AdminError::BadId(_)
        | AdminError::BadText(_)
        | AdminError::BadRole(_)
        | AdminError::BadKey(_)
        | AdminError::BadScope(_)
        | AdminError::Bad(_) => (StatusCode::BAD_REQUEST, "bad_request"),
        AdminError::ScopeBeyondOwn(_) => (StatusCode::FORBIDDEN, "insufficient_scope"),
    };
    let message = wrong.to_string();
    Answer { status, code, message, context: Value::Null, authenticate: None, retry_after_s: None, form: Form::Api }
}

impl Answer {
    /// The body; a 401 has none, because legacy Node takes one with a JSON body for some other fault.
    pub fn body(&self, request_id: &str) -> Option<String> {
        if self.status == StatusCode::UNAUTHORIZED {
            return None;
        }
        if self.form == Form::Oauth {
            return Some(json!({"error": self.code, "error_description": self.message}).to_string());
        }
        let body = json!({
            "type": "error",
            "status": self.status.as_u16(),
            "code": self.code,
            "context_info": self.context,
            "help_url": HELP_URL,
            "message": self.message,
            "request_id": request_id,
        });
        Some(body.to_string())
    }

    /// The headers that go with it.
    pub fn headers(&self) -> Vec<(header::HeaderName, HeaderValue)> {
        let mut headers = Vec::new();
        if let Some(text) = self.authenticate {
            headers.push((header::WWW_AUTHENTICATE, HeaderValue::from_static(text)));
        }
        if let Some(seconds) = self.retry_after_s {
            headers.push((header::RETRY_AFTER, HeaderValue::from(seconds)));
        }
        headers
    }
}

/// A failure on its way to [`super::finish`], which knows the request's id and writes the body.
#[derive(Debug, Clone)]
pub(super) struct Failed(pub(super) Answer);

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let answer = self.answer();
        let mut response = answer.status.into_response();
        response.extensions_mut().insert(Failed(answer));
        response
    }
}

impl From<AuthError> for ApiError {
    fn from(why: AuthError) -> Self {
        ApiError::Auth(why)
    }
}

impl From<ReadError> for ApiError {
    fn from(why: ReadError) -> Self {
        match why {
            ReadError::Denied(why) => ApiError::Denied(why),
            ReadError::Unavailable(why) => ApiError::Unavailable(why),
        }
    }
}

impl From<PublishError> for ApiError {
    fn from(why: PublishError) -> Self {
        match why {
            PublishError::Denied(why) => ApiError::Denied(why),
            PublishError::DraftDenied { index, why } => ApiError::DraftDenied { index, why },
            PublishError::Refused(refused) => ApiError::Refused(refused),
            PublishError::Append(why) => ApiError::Append(why),
        }
    }
}

impl From<OauthError> for ApiError {
    fn from(why: OauthError) -> Self {
        ApiError::Oauth(why)
    }
}

impl From<AdminError> for ApiError {
    fn from(why: AdminError) -> Self {
        ApiError::Admin(why)
    }
}

impl From<Unavailable> for ApiError {
    fn from(why: Unavailable) -> Self {
        ApiError::Unavailable(why)
    }
}
