//! The client that measures: plain HTTP/1.1 connections kept open, with as little work of its own as can be.
//!
//! A connection is driven by the task that asks on it, so an answer costs no hop between tasks.

use bytes::Bytes;
use feed::limits::CONNECTIONS_PER_ADDRESS_MAX;
use futures_util::future::{Either, select};
use http::{HeaderMap, HeaderValue, Method, Request, Uri, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use tokio::net::{TcpSocket, TcpStream};

/// Connections opened from one address: fewer than the server takes from one, and than there are ports to be given.
pub(super) const CONNECTIONS_OF_A_SOURCE: usize = CONNECTIONS_PER_ADDRESS_MAX * 4 / 5;

/// An open connection.
pub(super) struct Connection {
    sender: http1::SendRequest<Full<Bytes>>,
    driver: Pin<Box<http1::Connection<TokioIo<TcpStream>, Full<Bytes>>>>,
}

/// What is asked, without its body: made once, sent many times.
#[derive(Debug, Clone)]
pub(super) struct Ask {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
}

impl Ask {
    /// A call with a path and, where it needs one, a token.
    pub(super) fn new(method: Method, path: &str, token: Option<&str>) -> Result<Self, String> {
        let uri = path.parse().map_err(|why| format!("'{path}' is no path: {why}"))?;
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static("localhost"));
        if let Some(token) = token {
            let value = HeaderValue::from_str(&format!("Bearer {token}"));
            headers.insert(header::AUTHORIZATION, value.map_err(|_| "the token is no header value".to_owned())?);
        }
        Ok(Ask { method, uri, headers })
    }

    /// A reading call.
    pub(super) fn get(path: &str, token: Option<&str>) -> Result<Self, String> {
        Self::new(Method::GET, path, token)
    }

    /// A publish of NDJSON.
    pub(super) fn publish(token: &str) -> Result<Self, String> {
        let mut ask = Self::new(Method::POST, "/api/v1/events", Some(token))?;
        ask.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
        Ok(ask)
    }

    fn with(&self, body: Bytes) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = self.headers.clone();
        request
    }
}

impl Connection {
    /// Opens a connection.
    pub(super) async fn open(address: SocketAddr) -> Result<Self, String> {
        Self::over(TcpStream::connect(address).await, address).await
    }

    /// Opens the n-th of many connections. From one address the server takes only so many, so they are opened from several
    /// loopback addresses, where there are several (Linux).
    async fn open_nth(number: usize, address: SocketAddr) -> Result<Self, String> {
        let source = u8::try_from(number / CONNECTIONS_OF_A_SOURCE + 1).unwrap_or(u8::MAX);
        if source == 1 || !cfg!(target_os = "linux") {
            return Self::open(address).await;
        }
        let connect = async || {
            let socket = TcpSocket::new_v4()?;
            socket.bind(SocketAddr::from(([127, 0, 0, source], 0)))?;
            socket.connect(address).await
        };
        Self::over(connect().await, address).await
    }

    async fn over(stream: io::Result<TcpStream>, address: SocketAddr) -> Result<Self, String> {
        let failed = |why: String| format!("a connection to {address} cannot be opened: {why}");
        let stream = stream.map_err(|why| failed(why.to_string()))?;
        stream.set_nodelay(true).map_err(|why| failed(why.to_string()))?;
        let opened = http1::handshake(TokioIo::new(stream)).await;
        let (sender, driver) = opened.map_err(|why| failed(why.to_string()))?;
        Ok(Connection { sender, driver: Box::pin(driver) })
    }

    /// Asks, and gives the whole body of the answer.
    pub(super) async fn ask(&mut self, ask: &Ask, body: Bytes) -> Result<Bytes, String> {
        let mut whole = Vec::new();
        self.send(ask, body, |part| whole.extend_from_slice(part)).await?;
        Ok(Bytes::from(whole))
    }

    /// Asks, and only counts the bytes of the answer.
    pub(super) async fn count(&mut self, ask: &Ask, body: Bytes) -> Result<usize, String> {
        let mut bytes = 0;
        self.send(ask, body, |part| bytes += part.len()).await?;
        Ok(bytes)
    }

    async fn send(&mut self, ask: &Ask, body: Bytes, mut take: impl FnMut(&[u8])) -> Result<(), String> {
        let Connection { sender, driver } = self;
        let broken = |why: hyper::Error| format!("{} {} broke off: {why}", ask.method, ask.uri.path());
        let answered = async {
            sender.ready().await.map_err(broken)?;
            let mut response = sender.send_request(ask.with(body)).await.map_err(broken)?;
            let good = response.status().is_success();
            let mut refusal = Vec::new();
            while let Some(frame) = response.frame().await {
                if let Ok(part) = frame.map_err(broken)?.into_data() {
                    if good { take(&part) } else { refusal.extend_from_slice(&part) }
                }
            }
            if good {
                return Ok(());
            }
            let why = String::from_utf8_lossy(&refusal[..refusal.len().min(600)]).into_owned();
            Err(format!("{} {} was answered {}: {why}", ask.method, ask.uri.path(), response.status()))
        };
        match select(pin!(answered), driver).await {
            Either::Left((answered, _)) => answered,
            // What was answered before the connection ended may still lie ready.
            Either::Right((_, answered)) => answered.await,
        }
    }
}

/// Opens so many connections.
pub(super) async fn open(count: usize, address: SocketAddr) -> Result<Vec<Connection>, String> {
    let mut connections = Vec::with_capacity(count);
    for number in 0..count {
        connections.push(Connection::open_nth(number, address).await?);
    }
    Ok(connections)
}

/// Waits for every task, and gives what they found.
pub(super) async fn all<T: 'static>(mut tasks: tokio::task::JoinSet<Result<T, String>>) -> Result<Vec<T>, String> {
    let mut found = Vec::with_capacity(tasks.len());
    while let Some(ended) = tasks.join_next().await {
        found.push(ended.map_err(|why| format!("a client of the benchmark broke: {why}"))??);
    }
    Ok(found)
}
