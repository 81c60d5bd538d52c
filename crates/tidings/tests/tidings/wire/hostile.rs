//! Requests that are meant to confuse: each is answered as what it is, or refused; none makes the server fail, and none
//! hides a second request that somebody else's connection would carry.

use super::Listening;
use crate::world::{ADMIN, MARA, World, token_of};
use std::fmt::Write;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// A request that must never be answered: it stands where the body of another is.
fn hidden() -> String {
    format!("GET /2.0/users/me HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {}\r\n\r\n", token_of(ADMIN))
}

/// A request in Mara's name: first line and headers, with `\n` for the ends of lines, and a body.
fn mara(head: &str, body: &str) -> Vec<u8> {
    let (line, headers) = head.split_once('\n').unwrap_or((head, ""));
    let mut text = format!("{line}\r\nHost: h\r\nAuthorization: Bearer {}\r\n", token_of(MARA));
    for header in headers.split('\n').filter(|header| !header.is_empty()) {
        text.push_str(&format!("{header}\r\n"));
    }
    text.push_str(&format!("\r\n{body}"));
    text.into_bytes()
}

/// Asks the server to close after its answer.
const CLOSE: &str = "Connection: close";

/// Everything that comes back until the server closes: the statuses of the answers, in order. A client that closes its
/// side may be taken for gone before a long body is dealt with, so only those do that do not ask the server to close.
async fn told(listening: &Listening, request: &[u8]) -> String {
    let mut stream = listening.connect().await;
    // A server that has heard enough may close before it was told everything.
    drop(stream.write_all(request).await);
    if !request.windows(CLOSE.len()).any(|part| part == CLOSE.as_bytes()) {
        drop(stream.shutdown().await);
    }
    let mut said = Vec::new();
    drop(stream.read_to_end(&mut said).await);
    let said = String::from_utf8_lossy(&said);
    assert!(!said.contains(ADMIN), "a hidden request was answered: {said}");
    let statuses: Vec<&str> = said.split("HTTP/1.1 ").skip(1).map(|answer| &answer[..3]).collect();
    if statuses.is_empty() { "closed".to_owned() } else { statuses.join(" ") }
}

/// Sends all of them, and answers the table of what came back. The server is well afterwards.
async fn table(cases: Vec<(&str, Vec<u8>)>) -> String {
    let listening = Listening::new(World::new().await).await;
    let mut table = String::new();
    for (name, request) in cases {
        let statuses = told(&listening, &request).await;
        assert!(!statuses.split(' ').any(|it| it.starts_with('5')), "{name}: {statuses}");
        writeln!(table, "{name:<44} {statuses}").unwrap();
        let well = told(&listening, &mara("GET /2.0/users/me HTTP/1.1", "")).await;
        assert_eq!(well, "200", "after {name}");
    }
    table
}

#[tokio::test]
async fn where_a_request_ends_is_never_in_doubt() {
    let post = "POST /api/v1/events HTTP/1.1\nContent-Type: application/json";
    let with = |headers: &str, body: &str| mara(&format!("{post}\n{headers}"), &format!("{body}{}", hidden()));
    let cases = vec![
        ("length and chunks", with("Content-Length: 5\nTransfer-Encoding: chunked", "0\r\n\r\n")),
        ("chunks and length", with("Transfer-Encoding: chunked\nContent-Length: 5", "0\r\n\r\n")),
        ("two lengths that differ", with("Content-Length: 2\nContent-Length: 0", "[]")),
        ("two lengths in one", with("Content-Length: 2, 0", "[]")),
        ("a length with a sign", with("Content-Length: +2", "[]")),
        ("a negative length", with("Content-Length: -2", "[]")),
        ("a length in hexadecimal", with("Content-Length: 0x2", "[]")),
        ("a length beyond all numbers", with("Content-Length: 99999999999999999999999", "[]")),
        ("a length with a blank before its colon", with("Content-Length : 2", "[]")),
        ("an unknown coding", with("Transfer-Encoding: xchunked", "0\r\n\r\n")),
        ("chunks, then another coding", with("Transfer-Encoding: chunked, identity", "0\r\n\r\n")),
        ("chunked twice", with("Transfer-Encoding: chunked\nTransfer-Encoding: identity", "0\r\n\r\n")),
        ("a coding behind a tab", with("Transfer-Encoding:\x0bchunked", "0\r\n\r\n")),
        ("a coding with a blank before its colon", with("Transfer-Encoding : chunked", "0\r\n\r\n")),
        ("a folded coding", with("Transfer-Encoding:\n chunked", "0\r\n\r\n")),
        ("a chunk that is no number", with("Transfer-Encoding: chunked", "x\r\n\r\n")),
        ("a chunk beyond all numbers", with("Transfer-Encoding: chunked", "FFFFFFFFFFFFFFFFF\r\n\r\n")),
        ("a chunk with a sign", with("Transfer-Encoding: chunked", "-1\r\n\r\n")),
        ("a chunk that is longer than it says", with("Transfer-Encoding: chunked", "1\r\n[]\r\n0\r\n\r\n")),
        ("chunks in HTTP/1.0", {
            let old = post.replace("HTTP/1.1", "HTTP/1.0");
            mara(&format!("{old}\nTransfer-Encoding: chunked"), &format!("0\r\n\r\n{}", hidden()))
        }),
    ];
    insta::assert_snapshot!(table(cases).await, @r"
    length and chunks                            200
    chunks and length                            200
    two lengths that differ                      400
    two lengths in one                           400
    a length with a sign                         400
    a negative length                            400
    a length in hexadecimal                      400
    a length beyond all numbers                  400
    a length with a blank before its colon       400
    an unknown coding                            400
    chunks, then another coding                  400
    chunked twice                                400
    a coding behind a tab                        400
    a coding with a blank before its colon       400
    a folded coding                              400
    a chunk that is no number                    400
    a chunk beyond all numbers                   400
    a chunk with a sign                          400
    a chunk that is longer than it says          400
    chunks in HTTP/1.0                           400
    ");
}

#[tokio::test]
async fn heads_that_are_no_heads_are_refused() {
    let get = "GET /2.0/users/me HTTP/1.1";
    let token = token_of(MARA);
    let raw = |text: &str| text.replace("TOKEN", &token).into_bytes();
    let cases = vec![
        ("bare line feeds", raw("GET /2.0/users/me HTTP/1.1\nHost: h\nAuthorization: Bearer TOKEN\n\n")),
        ("a bare carriage return", raw("GET /2.0/users/me HTTP/1.1\r\nHost: h\rX: y\r\n\r\n")),
        ("a folded header", mara(&format!("{get}\nX: a\n b"), "")),
        ("a header without a colon", mara(&format!("{get}\nrubbish"), "")),
        ("a header without a name", mara(&format!("{get}\n: x"), "")),
        ("a blank in a name", mara(&format!("{get}\nX Y: z"), "")),
        ("NUL in a value", mara(&format!("{get}\nX: a\0b"), "")),
        ("bytes above ASCII in a value", [&mara(get, "")[..40], b"\r\nX: \xff\xfe\r\n\r\n"].concat()),
        ("no host", raw("GET /2.0/users/me HTTP/1.1\r\nAuthorization: Bearer TOKEN\r\n\r\n")),
        ("two tokens", mara(&format!("{get}\nAuthorization: Bearer {}", token_of(ADMIN)), "")),
        ("HTTP/0.9", raw("GET /2.0/users/me\r\n")),
        ("HTTP/1.2", mara("GET /2.0/users/me HTTP/1.2", "")),
        ("HTTP/2 by preface", raw("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")),
        (
            "an upgrade",
            mara(&format!("{get}\nConnection: Upgrade, HTTP2-Settings\nUpgrade: h2c\nHTTP2-Settings: x"), ""),
        ),
        ("another case of the method", mara("get /2.0/users/me HTTP/1.1", "")),
        ("an unknown method", mara("BREW /2.0/users/me HTTP/1.1", "")),
        ("a proxy's method", mara("CONNECT elsewhere.example:443 HTTP/1.1", "")),
        ("TRACE", mara("TRACE /2.0/users/me HTTP/1.1", "")),
        ("everything's options", mara("OPTIONS * HTTP/1.1", "")),
        ("a proxy's address", mara("GET http://elsewhere.example/2.0/users/me HTTP/1.1", "")),
        ("a body on GET", mara(&format!("{get}\nContent-Length: 2"), "[]")),
        ("an expectation", mara("POST /api/v1/events HTTP/1.1\nExpect: 100-continue\nContent-Length: 2", "[]")),
        ("a foreign expectation", mara("POST /api/v1/events HTTP/1.1\nExpect: tea\nContent-Length: 2", "[]")),
    ];
    insta::assert_snapshot!(table(cases).await, @r"
    bare line feeds                              200
    a bare carriage return                       400
    a folded header                              400
    a header without a colon                     400
    a header without a name                      400
    a blank in a name                            400
    NUL in a value                               400
    bytes above ASCII in a value                 400
    no host                                      200
    two tokens                                   200
    HTTP/0.9                                     400
    HTTP/1.2                                     400
    HTTP/2 by preface                            closed
    an upgrade                                   200
    another case of the method                   405
    an unknown method                            405
    a proxy's method                             404
    TRACE                                        405
    everything's options                         404
    a proxy's address                            200
    a body on GET                                200
    an expectation                               100 200
    a foreign expectation                        200
    ");
}

#[tokio::test]
async fn paths_have_one_meaning() {
    let at = |path: &str| mara(&format!("GET {path} HTTP/1.1"), "");
    let cases = vec![
        ("doubled slashes", at("//2.0//users///me")),
        ("a slash at the end", at("/2.0/events/")),
        ("slashes only", at("////")),
        ("doubled slashes to nowhere", at("//2.0//nothing")),
        ("a way up", at("/2.0/x/../users/me")),
        ("a way up, escaped", at("/2.0/x/%2e%2e/users/me")),
        ("here", at("/2.0/./users/me")),
        ("an escaped slash", at("/2.0/users%2fme")),
        ("an escaped letter", at("/2.0/users/m%65")),
        ("NUL, escaped", at("/2.0/users/me%00")),
        ("overlong UTF-8", at("/2.0/%c0%ae%c0%ae/users/me")),
        ("bad escapes", at("/api/v1/users/%zz%")),
        ("bad UTF-8 in an id", at("/api/v1/users/%ff%fe")),
        ("a backslash", at("/2.0\\users\\me")),
        ("a parameter", at("/2.0/users/me;x=y")),
        ("a fragment", at("/2.0/users/me#x")),
        ("a bracket", at("/2.0/users/me[]{}|^")),
        ("bytes above ASCII", at("/2.0/users/mé")),
        ("a very long one", at(&format!("/{}", "x".repeat(70_000)))),
    ];
    insta::assert_snapshot!(table(cases).await, @r"
    doubled slashes                              200
    a slash at the end                           200
    slashes only                                 200
    doubled slashes to nowhere                   404
    a way up                                     404
    a way up, escaped                            404
    here                                         404
    an escaped slash                             404
    an escaped letter                            404
    NUL, escaped                                 404
    overlong UTF-8                               404
    bad escapes                                  403
    bad UTF-8 in an id                           400
    a backslash                                  404
    a parameter                                  404
    a fragment                                   200
    a bracket                                    404
    bytes above ASCII                            404
    a very long one                              414
    ");
}

#[tokio::test]
async fn values_beyond_all_bounds_are_refused() {
    let at = |query: &str| mara(&format!("GET /2.0/events?{query} HTTP/1.1\n{CLOSE}"), "");
    let post = |path: &str, body: &[u8]| {
        let kind = if path.starts_with("/oauth2") { "x-www-form-urlencoded" } else { "json" };
        let length = body.len();
        let head = format!("POST {path} HTTP/1.1\n{CLOSE}\nContent-Type: application/{kind}\nContent-Length: {length}");
        [&mara(&head, ""), body].concat()
    };
    let deep = |open: &str| open.repeat(100_000);
    let cases = vec![
        ("a position beyond all numbers", at("stream_position=1e999")),
        ("a long position", at(&format!("stream_position={}", "9".repeat(10_000)))),
        ("a negative position", at("stream_position=-1")),
        ("no number", at("stream_position=NaN&limit=NaN")),
        ("a limit beyond all numbers", at("limit=99999999999999999999999999")),
        ("a limit with an exponent", at("limit=1e400")),
        ("many parameters", at(&"a=b&".repeat(10_000))),
        ("bad escapes", at("stream_type=%ff%zz&limit=%")),
        ("NUL in a value", at("stream_type=all%00")),
        ("lists without end", post("/api/v1/events", deep("[").as_bytes())),
        ("objects without end", post("/api/v1/events", deep("{\"a\":").as_bytes())),
        ("lists without end, of an administrator's call", post("/api/v1/users", deep("[").as_bytes())),
        ("bad UTF-8", post("/api/v1/events", b"[{\"event_type\":\"\xff\xfe\"}]")),
        ("half a surrogate", post("/api/v1/events", br#"[{"event_type":"LOGIN","note":"\ud800"}]"#)),
        ("a number beyond all numbers", post("/api/v1/events", br#"[{"event_type":"LOGIN","note":1e999999}]"#)),
        ("a member twice", post("/api/v1/events", br#"[{"event_type":"LOGIN","event_type":"X"}]"#)),
        ("a form of nothing", post("/oauth2/token", b"&&&===&&&%%%")),
        ("a form beyond its bound", post("/oauth2/token", &b"x".repeat(70_000))),
        ("a form with NUL", post("/oauth2/token", b"grant_type=client_credentials%00&client_id=%00&client_secret=%00")),
        ("an assertion that is none", {
            let form = format!("grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion={}", deep("."));
            post("/oauth2/token", &form.as_bytes()[..60_000])
        }),
    ];
    insta::assert_snapshot!(table(cases).await, @r"
    a position beyond all numbers                400
    a long position                              400
    a negative position                          400
    no number                                    400
    a limit beyond all numbers                   200
    a limit with an exponent                     400
    many parameters                              200
    bad escapes                                  400
    NUL in a value                               400
    lists without end                            400
    objects without end                          400
    lists without end, of an administrator's call 400
    bad UTF-8                                    400
    half a surrogate                             400
    a number beyond all numbers                  400
    a member twice                               400
    a form of nothing                            400
    a form beyond its bound                      413
    a form with NUL                              400
    an assertion that is none                    400
    ");
}

#[tokio::test]
async fn a_preflight_is_no_call_and_a_call_is_no_preflight() {
    let listening = Listening::new(World::new().await).await;
    let ask = async |headers: &str| {
        let mut stream = listening.connect().await;
        let request = format!("OPTIONS /2.0/events HTTP/1.1\r\nHost: h\r\n{headers}Connection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut said = String::new();
        stream.read_to_string(&mut said).await.unwrap();
        said
    };
    let token = format!("Authorization: Bearer {}\r\n", token_of(MARA));
    let origin = "Origin: https://elsewhere.example\r\n";
    let method = "Access-Control-Request-Method: OPTIONS\r\n";
    // A browser's question: no other origin is granted anything, with or without a token.
    for headers in [format!("{origin}{method}"), format!("{origin}{method}{token}")] {
        let said = ask(&headers).await;
        assert!(said.starts_with("HTTP/1.1 204") && !said.contains("realtime"), "{said}");
        assert!(!said.to_ascii_lowercase().contains("access-control-allow"), "{said}");
    }
    // The call itself, also as a browser makes it.
    for headers in [token.clone(), format!("{origin}{token}"), format!("{method}{token}")] {
        let said = ask(&headers).await;
        assert!(said.starts_with("HTTP/1.1 200") && said.contains("realtime_server"), "{said}");
        assert!(!said.to_ascii_lowercase().contains("access-control-allow"), "{said}");
    }
    for headers in ["", origin, method] {
        assert!(ask(headers).await.starts_with("HTTP/1.1 401"), "{headers}");
    }
    // A name that is no name stays text in the address that is handed out.
    let said = ask(&format!("{token}X-Forwarded-Host: elsewhere.example\r\n")).await;
    assert!(!said.contains("elsewhere"), "{said}");
}
