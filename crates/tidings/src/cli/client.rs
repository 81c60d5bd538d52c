//! A small blocking HTTP client: what the commands that talk to a server share.
//!
//! It keeps apart what a caller must know to try again safely: a request that was never sent, one that broke off with
//! its fate unknown, and one that the server answered with an error.

use crate::config::provider::is_this_machine;
use crate::tls::authorities;
use clap::{Arg, ArgMatches, Command};
use serde::Deserialize;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use ureq::http::{Method, Request, Uri};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, AsSendBody, Error, Timeout};

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the server may take to begin its answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);
/// The same on a long poll: the server holds it for less than a minute.
const LONG_POLL_TIMEOUT: Duration = Duration::from_secs(75);
/// How long a body may take in either direction.
const BODY_TIMEOUT: Duration = Duration::from_secs(120);
/// Largest answer that is read: the largest page there is fits twice.
const ANSWER_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Longest wait that a server may ask for and is told about; what is done with it is the caller's matter.
const RETRY_AFTER_S_MAX: u64 = 3_600;

/// Gives a command the arguments that say which server, and as whom.
pub(super) fn with_connection(command: Command) -> Command {
    command
        .arg(
            Arg::new("url")
                .long("url")
                .env("TIDINGS_URL")
                .value_name("URL")
                .default_value("http://127.0.0.1:8080")
                .global(true)
                .help("The base URL of the server"),
        )
        .arg(
            Arg::new("token")
                .long("token")
                .env("TIDINGS_TOKEN")
                .hide_env_values(true)
                .value_name("TOKEN")
                // A token is random and may begin with a hyphen.
                .allow_hyphen_values(true)
                .global(true)
                .help("The access token; better given in the environment, where other users do not see it"),
        )
        .arg(
            Arg::new("ca")
                .long("ca")
                .env("TIDINGS_CA")
                .value_name("FILE")
                .value_parser(clap::value_parser!(PathBuf))
                .global(true)
                .help("The certificates (PEM) of the authorities to trust, for a server whose certificate is of your own making"),
        )
}

/// A server, and who is asking.
pub(super) struct Client {
    agent: Agent,
    base: String,
    authorization: String,
    as_user: Option<String>,
}

/// Why a request had no good answer.
#[derive(Debug)]
pub(super) enum Failure {
    /// Nothing was sent.
    NotSent {
        /// The base URL.
        url: String,
        /// Why not.
        why: String,
    },
    /// It broke off. Whether the server did what was asked is not known.
    Broken {
        /// How.
        why: String,
    },
    /// The person stopped it. Whether the server did what was asked is not known.
    Interrupted,
    /// The server answered with an error.
    Rejected(Rejection),
}

/// An error that the server answered.
#[derive(Debug, Default)]
pub(super) struct Rejection {
    /// The HTTP status.
    pub(super) status: u16,
    /// What the server says.
    pub(super) message: String,
    /// The drafts it found fault with.
    pub(super) errors: Vec<BadDraft>,
    /// When it asks to come back.
    pub(super) retry_after: Option<Duration>,
}

/// A draft that the server refuses.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct BadDraft {
    /// Which one of the request, from 0.
    pub(super) index: usize,
    /// Where in it; empty for the draft itself.
    #[serde(default)]
    pub(super) field: String,
    /// What is wrong there.
    #[serde(default)]
    pub(super) reason: String,
}

impl Failure {
    /// Whether the same request may well succeed later.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Failure::NotSent { .. } | Failure::Broken { .. } => true,
            Failure::Interrupted => false,
            Failure::Rejected(rejection) => matches!(rejection.status, 429 | 500 | 502 | 503 | 504),
        }
    }

    /// Whether it is certain that the server did nothing.
    pub(super) fn did_nothing(&self) -> bool {
        match self {
            Failure::NotSent { .. } => true,
            Failure::Broken { .. } | Failure::Interrupted => false,
            Failure::Rejected(rejection) => rejection.status < 500,
        }
    }

    /// When the server asks to come back.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Failure::Rejected(rejection) => rejection.retry_after,
            _ => None,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::NotSent { url, why } => write!(
                f,
                "cannot connect to {url}: {why}. Is the server running there? Give another address with --url or \
                 TIDINGS_URL"
            ),
            Failure::Broken { why } => write!(f, "the connection broke off: {why}"),
            Failure::Interrupted => f.write_str("stopped"),
            Failure::Rejected(Rejection { status: 401, .. }) => f.write_str(
                "the server does not know this token (401): it is wrong, has ended or was revoked. Give a good one \
                 with TIDINGS_TOKEN or --token",
            ),
            Failure::Rejected(Rejection { status, message, .. }) if message.is_empty() => {
                write!(f, "the server answered {status} without a word; is this a Tidings server?")
            }
            Failure::Rejected(Rejection { status, message, .. }) => write!(f, "{message} ({status})"),
        }
    }
}

impl From<Failure> for String {
    fn from(failure: Failure) -> String {
        failure.to_string()
    }
}

impl Client {
    /// The client that the arguments of [`with_connection`] describe.
    pub(super) fn of(matches: &ArgMatches) -> Result<Self, String> {
        let url = matches.get_one::<String>("url").map(String::as_str).unwrap_or_default();
        let token = matches.get_one::<String>("token").map(|token| token.trim()).filter(|token| !token.is_empty());
        let token = token.ok_or("there is no token: set TIDINGS_TOKEN, or give --token")?;
        Client::new(url, token, matches.get_one::<PathBuf>("ca").map(PathBuf::as_path))
    }

    fn new(url: &str, token: &str, ca: Option<&Path>) -> Result<Self, String> {
        let base = url.trim().trim_end_matches('/').to_owned();
        let wrong = || format!("'{}' is not a base URL such as http://127.0.0.1:8080", url.escape_debug());
        let uri: Uri = base.parse().map_err(|_| wrong())?;
        let host = uri.host().filter(|_| matches!(uri.scheme_str(), Some("http" | "https"))).ok_or_else(wrong)?;
        if !token.bytes().all(|b| b.is_ascii_graphic()) {
            return Err("the token has characters that no token has; was it copied whole?".to_owned());
        }
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .user_agent(concat!("tidings/", env!("CARGO_PKG_VERSION")))
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_send_body(Some(BODY_TIMEOUT))
            .timeout_recv_response(Some(ANSWER_TIMEOUT))
            .timeout_recv_body(Some(BODY_TIMEOUT));
        if let Some(ca) = ca {
            let trusted = authorities(ca).map_err(|why| why.to_string())?;
            let trusted: Vec<Certificate<'static>> =
                trusted.iter().map(|it| Certificate::from_der(it).to_owned()).collect();
            config = config.tls_config(TlsConfig::builder().root_certs(RootCerts::new_with_certs(&trusted)).build());
        }
        if is_this_machine(host) {
            // No proxy leads to this machine.
            config = config.proxy(None);
        }
        let agent = config.build().new_agent();
        Ok(Client { agent, base, authorization: format!("Bearer {token}"), as_user: None })
    }

    /// The same client, acting for another user.
    pub(super) fn acting_as(self, user: Option<String>) -> Self {
        Client { as_user: user, ..self }
    }

    /// `GET` of a path and query.
    pub(super) fn get(&self, path: &str) -> Result<Vec<u8>, Failure> {
        self.ask(Method::GET, path, None, ())
    }

    /// `OPTIONS` of a path.
    pub(super) fn options(&self, path: &str) -> Result<Vec<u8>, Failure> {
        self.ask(Method::OPTIONS, path, None, ())
    }

    /// `DELETE` of a path.
    pub(super) fn delete(&self, path: &str) -> Result<Vec<u8>, Failure> {
        self.ask(Method::DELETE, path, None, ())
    }

    /// Sends JSON, as `POST` or `PATCH`.
    pub(super) fn send_json(
        &self,
        method: Method,
        path: &str,
        body: &serde_json::Value,
    ) -> Result<serde_json::Value, Failure> {
        let answer = self.ask(method, path, Some("application/json"), body.to_string().as_bytes())?;
        read_json(&answer)
    }

    /// `POST` of lines of JSON.
    pub(super) fn post_lines(&self, path: &str, body: &[u8]) -> Result<Vec<u8>, Failure> {
        self.ask(Method::POST, path, Some("application/x-ndjson"), body)
    }

    /// Waits on a long poll at a whole URL, which is itself the secret: the token is not shown to it.
    pub(super) fn long_poll(&self, url: &str) -> Result<Vec<u8>, Failure> {
        let request = Request::builder().method(Method::GET).uri(url).body(()).map_err(|why| unsendable(url, &why))?;
        let request = self.agent.configure_request(request).timeout_recv_response(Some(LONG_POLL_TIMEOUT)).build();
        self.run(request)
    }

    fn ask(
        &self,
        method: Method,
        path: &str,
        content_type: Option<&str>,
        body: impl AsSendBody,
    ) -> Result<Vec<u8>, Failure> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header("Authorization", &self.authorization);
        if let Some(user) = &self.as_user {
            request = request.header("As-User", user);
        }
        if let Some(content_type) = content_type {
            request = request.header("Content-Type", content_type);
        }
        self.run(request.body(body).map_err(|why| unsendable(&self.base, &why))?)
    }

    /// Copies a file that the server has into another, and tells how many bytes came.
    pub(super) fn download(
        &self,
        path: &str,
        to: &mut dyn std::io::Write,
        progress: &mut dyn FnMut(u64),
    ) -> Result<(), Failure> {
        let broken = |wrong: &dyn fmt::Display| Failure::Broken { why: wrong.to_string() };
        let request = Request::builder()
            .method(Method::GET)
            .uri(format!("{}{path}", self.base))
            .header("Authorization", &self.authorization)
            .body(())
            .map_err(|why| unsendable(&self.base, &why))?;
        // A large file takes as long as it takes.
        let request = self.agent.configure_request(request).timeout_recv_body(None).build();
        let mut response = self.agent.run(request).map_err(|wrong| self.failed(&wrong))?;
        let status = response.status().as_u16();
        if !(200..=299).contains(&status) {
            let body = response.body_mut().read_to_vec().unwrap_or_default();
            return Err(Failure::Rejected(rejection(status, &body, None)));
        }
        let mut reader = response.body_mut().as_reader();
        let mut piece = vec![0; 256 * 1024];
        loop {
            let length = std::io::Read::read(&mut reader, &mut piece).map_err(|wrong| broken(&wrong))?;
            if length == 0 {
                return Ok(());
            }
            to.write_all(&piece[..length]).map_err(|wrong| broken(&wrong))?;
            progress(length as u64);
        }
    }

    fn run(&self, request: Request<impl AsSendBody>) -> Result<Vec<u8>, Failure> {
        let mut response = self.agent.run(request).map_err(|wrong| self.failed(&wrong))?;
        let status = response.status().as_u16();
        let retry_after = response.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
        let body = response.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec();
        let body = body.map_err(|wrong| Failure::Broken { why: wrong.to_string() })?;
        match status {
            200..=299 => Ok(body),
            _ => Err(Failure::Rejected(rejection(status, &body, retry_after))),
        }
    }

    fn failed(&self, wrong: &Error) -> Failure {
        let before_sending = match wrong {
            Error::HostNotFound
            | Error::ConnectionFailed
            | Error::ConnectProxyFailed(_)
            | Error::InvalidProxyUrl
            | Error::BadUri(_)
            | Error::Tls(_)
            | Error::TlsRequired
            | Error::Timeout(Timeout::Connect | Timeout::Resolve) => true,
            Error::Rustls(_) => true,
            Error::Io(why) => why.kind() == std::io::ErrorKind::ConnectionRefused || untrusted(why),
            _ => false,
        };
        let why = wrong.to_string();
        let mut why = why.strip_prefix("io: ").unwrap_or(&why).to_owned();
        if why.contains("UnknownIssuer") {
            why.push_str(", so who made the server's certificate is not trusted; name them with --ca");
        }
        if before_sending { Failure::NotSent { url: self.base.clone(), why } } else { Failure::Broken { why } }
    }
}

/// Whether a handshake failed, so that nothing was asked yet.
fn untrusted(why: &std::io::Error) -> bool {
    why.get_ref().is_some_and(|why| why.is::<tokio_rustls::rustls::Error>())
}

fn unsendable(url: &str, why: &ureq::http::Error) -> Failure {
    Failure::NotSent { url: url.to_owned(), why: format!("the request cannot be written: {why}") }
}

/// Reads an answer of JSON.
pub(super) fn read_json<'a, T: Deserialize<'a>>(answer: &'a [u8]) -> Result<T, Failure> {
    serde_json::from_slice(answer)
        .map_err(|wrong| Failure::Broken { why: format!("the answer is not what a Tidings server gives ({wrong})") })
}

fn rejection(status: u16, body: &[u8], retry_after_s: Option<u64>) -> Rejection {
    #[derive(Default, Deserialize)]
    struct Body {
        #[serde(default)]
        message: String,
        context_info: Option<Context>,
    }
    #[derive(Deserialize)]
    struct Context {
        #[serde(default)]
        errors: Vec<BadDraft>,
    }
    let body: Body = serde_json::from_slice(body).unwrap_or_default();
    Rejection {
        status,
        message: body.message,
        errors: body.context_info.map(|context| context.errors).unwrap_or_default(),
        retry_after: retry_after_s.map(|seconds| Duration::from_secs(seconds.min(RETRY_AFTER_S_MAX))),
    }
}

/// A text as part of a path or as a value of a query: everything that could mean something else is escaped.
pub(super) fn percent(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => escaped.push(char::from(byte)),
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_is_checked_before_it_is_used() {
        assert_eq!(
            Client::new("http://127.0.0.1:1/", "t", None).ok().map(|it| it.base),
            Some("http://127.0.0.1:1".into())
        );
        assert!(Client::new("https://events.example.com/feeds", "t", None).is_ok());
        for wrong in ["", "127.0.0.1:8080", "ftp://host", "http://", "http://a b"] {
            assert!(Client::new(wrong, "t", None).is_err(), "{wrong}");
        }
        assert!(Client::new("http://127.0.0.1:1", "a\nb", None).is_err());
    }

    #[test]
    fn a_token_may_begin_with_a_hyphen() {
        let command = with_connection(Command::new("tidings"));
        let matches = command.try_get_matches_from(["tidings", "--token", "-9xX", "--url", "http://[::1]:1"]).unwrap();
        assert!(Client::of(&matches).is_ok_and(|client| client.authorization == "Bearer -9xX"));
    }

    #[test]
    fn nothing_in_a_value_can_end_it() {
        assert_eq!(percent("a&b=c/d?e+f ü~"), "a%26b%3Dc%2Fd%3Fe%2Bf%20%C3%BC~");
    }

    #[test]
    fn what_the_server_says_is_kept() {
        let body = br#"{"message":"no","context_info":{"errors":[{"index":2,"field":"a","reason":"b"}]}}"#;
        let said = rejection(400, body, None);
        assert_eq!((said.message.as_str(), said.errors.len(), said.errors[0].index), ("no", 1, 2));
        assert_eq!(rejection(502, b"<html>", Some(7)).retry_after, Some(Duration::from_secs(7)));
        assert!(rejection(503, br#"{"message":"x","context_info":null}"#, None).errors.is_empty());
    }

    #[test]
    fn a_refused_connection_was_not_sent_and_a_lost_one_may_have_been() {
        let client = Client::new("http://127.0.0.1:1", "t", None).unwrap();
        let refused = client.failed(&Error::Io(std::io::ErrorKind::ConnectionRefused.into()));
        assert!(refused.did_nothing() && refused.may_pass());
        let lost = client.failed(&Error::Io(std::io::ErrorKind::ConnectionReset.into()));
        assert!(!lost.did_nothing() && lost.may_pass());
        let busy = Failure::Rejected(Rejection { status: 503, ..Rejection::default() });
        assert!(!busy.did_nothing() && busy.may_pass());
        let denied = Failure::Rejected(Rejection { status: 403, ..Rejection::default() });
        assert!(denied.did_nothing() && !denied.may_pass());
    }
}
