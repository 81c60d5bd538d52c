//! What only a real connection shows: how header names are spelt, `Date`, keep-alive, and how a server stops.

use crate::deeds::upload;
use crate::spoiled::{Ill, Illness, Part, Spoiled};
use crate::world::{MARA, World, token_of};
use std::sync::Arc;
use store::ledger::Unavailable;
use tidings::http::serve::serve;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A server that listens on the loopback address.
struct Listening {
    world: Arc<World>,
    address: std::net::SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

impl Listening {
    async fn new(world: World) -> Self {
        let world = Arc::new(world);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let here = world.clone();
        let serving = tokio::spawn(async move {
            let stopped = async { drop(stopped.await) };
            let services = &here.services;
            serve(listener, here.router.clone(), &services.bell, services.clock.as_ref(), stopped).await.unwrap();
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

async fn ask(stream: &mut TcpStream, request: &str) -> Raw {
    stream.write_all(request.as_bytes()).await.unwrap();
    answer(stream).await
}

/// Reads one answer and no byte more, so that the connection can be used again.
async fn answer(stream: &mut TcpStream) -> Raw {
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

#[tokio::test]
async fn header_names_are_in_title_case_and_every_answer_has_a_date() {
    let illness = Arc::new(Illness::default());
    let world = World::over(&["--rate-limit", "12"], |stores| Spoiled::around(stores, illness.clone())).await;
    world.publish([upload("u")]).await;
    let listening = Listening::new(world).await;
    let mut stream = listening.connect().await;
    let mut seen = Vec::new();
    let requests = [
        (get("/2.0/events"), "200 OK"),
        (get("/2.0/events").replace("Host", "Accept-Encoding: gzip, br, deflate\r\nHost"), "200 OK"),
        (get("/2.0/events?limit=x"), "400 Bad Request"),
        (get("/2.0/events").replace("Bearer token", "Bearer no-token"), "401 Unauthorized"),
        (get("/2.0/events?stream_type=admin_logs"), "403 Forbidden"),
        (get("/2.0/nothing"), "404 Not Found"),
        (get("/2.0/events").replace("GET", "POST"), "405 Method Not Allowed"),
        (get("/2.0/events").replace("GET", "OPTIONS"), "200 OK"),
    ];
    // One connection for all of them: errors do not end it.
    for (request, status) in &requests {
        let raw = ask(&mut stream, request).await;
        check(&raw, status);
        seen.push(raw);
    }
    illness.strike(Part::Ledger, Ill::Unavailable(Unavailable::Full));
    seen.push(ask(&mut stream, &get("/2.0/events")).await);
    check(seen.last().unwrap(), "503 Service Unavailable");
    illness.strike(Part::Ledger, Ill::Panics);
    seen.push(ask(&mut stream, &get("/2.0/events")).await);
    check(seen.last().unwrap(), "500 Internal Server Error");
    illness.heal();
    for _ in 0..12 {
        seen.push(ask(&mut stream, &get("/2.0/users/me")).await);
    }
    check(seen.last().unwrap(), "429 Too Many Requests");
    let mut names: Vec<&str> = seen.iter().flat_map(|raw| raw.head.lines().skip(1)).collect();
    names = names.into_iter().filter_map(|line| line.split_once(": ").map(|(name, _)| name)).collect();
    names.sort_unstable();
    names.dedup();
    insta::assert_snapshot!(names.join(" "), @"Allow Box-Request-Id Content-Length Content-Type Date Retry-After Www-Authenticate");
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

#[tokio::test]
async fn a_body_that_is_refused_unread_does_not_confuse_what_follows() {
    let listening = Listening::new(World::new().await).await;
    let mut stream = listening.connect().await;
    let body = "x".repeat(20_000);
    let request = format!("POST /api/v1/events HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let raw = ask(&mut stream, &request).await;
    check(&raw, "401 Unauthorized");
    if raw.header("Connection") != Some("close") {
        check(&ask(&mut stream, &get("/2.0/users/me")).await, "200 OK");
    }
}

#[tokio::test]
async fn what_is_not_http_is_refused_and_hurts_nobody_else() {
    let listening = Listening::new(World::new().await).await;
    let mut stream = listening.connect().await;
    let raw = ask(&mut stream, "rubbish\r\n\r\n").await;
    assert!(raw.head.starts_with("HTTP/1.1 400"), "{raw:?}");
    let mut stream = listening.connect().await;
    let huge = get("/2.0/events").replace("Host", &format!("X-Huge: {}\r\nHost", "x".repeat(300_000)));
    let raw = ask(&mut stream, &huge).await;
    assert!(raw.head.starts_with("HTTP/1.1 431"), "{raw:?}");
    check(&ask(&mut listening.connect().await, &get("/2.0/users/me")).await, "200 OK");
}

#[tokio::test]
async fn stopping_answers_who_waits_and_takes_nobody_new() {
    let listening = Listening::new(World::new().await).await;
    let mut stream = listening.connect().await;
    let opened = ask(&mut stream, &get("/2.0/events").replace("GET", "OPTIONS")).await;
    let body: serde_json::Value = serde_json::from_str(&opened.body).unwrap();
    let url = body["entries"][0]["url"].as_str().unwrap().strip_prefix("http://localhost").unwrap();
    let mut idle = listening.connect().await;
    check(&ask(&mut idle, &get("/2.0/users/me")).await, "200 OK");
    stream.write_all(get(&format!("{url}&stream_position=now")).as_bytes()).await.unwrap();
    while listening.world.services.bell.readers_waiting() == 0 {
        tokio::task::yield_now().await;
    }
    listening.stop.send(()).unwrap();
    let raw = answer(&mut stream).await;
    check(&raw, "200 OK");
    assert_eq!(raw.body, r#"{"version":1,"message":"reconnect"}"#);
    listening.serving.await.unwrap();
    assert_eq!(idle.read(&mut [0]).await.unwrap(), 0, "idle connections are closed");
    assert!(TcpStream::connect(listening.address).await.is_err());
}

#[tokio::test]
async fn a_client_that_hangs_up_waits_no_more() {
    let listening = Listening::new(World::new().await).await;
    let mut stream = listening.connect().await;
    let opened = ask(&mut stream, &get("/2.0/events").replace("GET", "OPTIONS")).await;
    let body: serde_json::Value = serde_json::from_str(&opened.body).unwrap();
    let url = body["entries"][0]["url"].as_str().unwrap().strip_prefix("http://localhost").unwrap();
    stream.write_all(get(url).as_bytes()).await.unwrap();
    let bell = &listening.world.services.bell;
    while bell.readers_waiting() == 0 {
        tokio::task::yield_now().await;
    }
    drop(stream);
    while bell.readers_waiting() != 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(listening.world.services.metrics.readers_waiting.get(), 0);
}
