//! What only a real connection shows.
//!
//! - [`plain`]: how header names are spelt, `Date`, keep-alive, and how a server stops.
//! - [`secret`]: TLS, and certificates that are renewed.
//! - [`slow`]: clients that take their time, and clients that take every place.
//! - [`hostile`]: requests that are meant to confuse.

mod hostile;
mod plain;
mod secret;
mod slow;

use crate::world::{MARA, World, token_of};
use std::sync::Arc;
use tidings::config::proxies::TrustedProxies;
use tidings::http::serve::{Answering, serve};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// A server that listens on the loopback address.
struct Listening {
    world: Arc<World>,
    address: std::net::SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

impl Listening {
    async fn new(world: World) -> Self {
        Self::with(world, None).await
    }

    async fn with(world: World, tls: Option<TlsAcceptor>) -> Self {
        let world = Arc::new(world);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let here = world.clone();
        let serving = tokio::spawn(async move {
            let stopped = async { drop(stopped.await) };
            let services = &here.services;
            let (router, clock) = (here.router.clone(), services.clock.clone());
            let answering = Answering { router, clock, tls, proxies: TrustedProxies::default() };
            serve(listener, answering, &services.bell, stopped).await.unwrap();
        });
        Listening { world, address, stop, serving }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }
}

/// An answer as it came over the wire.
#[derive(Debug)]
struct Raw {
    head: String,
    body: String,
}

impl Raw {
    /// The value of a header spelt exactly so.
    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

async fn ask(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), request: &str) -> Raw {
    stream.write_all(request.as_bytes()).await.unwrap();
    answer(stream).await
}

/// Reads one answer and no byte more, so that the connection can be used again.
async fn answer(stream: &mut (impl AsyncRead + Unpin)) -> Raw {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let mut raw = Raw { head: String::from_utf8(head).unwrap(), body: String::new() };
    let length = raw.header("Content-Length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    raw.body = String::from_utf8(body).unwrap();
    raw
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\r\n", token_of(MARA))
}

#[track_caller]
fn check(raw: &Raw, status: &str) {
    assert_eq!(raw.head.lines().next(), Some(format!("HTTP/1.1 {status}").as_str()));
    // RFC 1123, as SDKs read it to mend their clock: `Sun, 15 Jun 2025 15:06:40 GMT`.
    let date = raw.header("Date").unwrap_or_else(|| panic!("no Date: {raw:?}"));
    let form: String = date.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    assert!(form.len() == 29 && form[3..].starts_with(", 00 ") && form.ends_with(" 0000 00:00:00 GMT"), "{date}");
    let request_id = raw.header("Box-Request-Id").unwrap();
    if status.starts_with("401") {
        assert_eq!((raw.header("Content-Length"), raw.body.as_str()), (Some("0"), ""));
        assert!(raw.header("Www-Authenticate").is_some());
    } else if !status.starts_with("200") {
        assert!(raw.body.contains(&format!("\"request_id\":\"{request_id}\"")), "{raw:?}");
    }
    if status.starts_with("429") || status.starts_with("503") {
        raw.header("Retry-After").unwrap().parse::<u32>().unwrap();
    }
    assert_eq!(raw.header("Content-Encoding"), None);
    assert_eq!(raw.header("Transfer-Encoding"), None);
    assert_eq!(raw.header("Location"), None);
}
