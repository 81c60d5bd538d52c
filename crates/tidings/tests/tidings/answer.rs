//! What a request was answered, and how it is looked at.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;

/// An answer, whole.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) async fn of(response: http::Response<axum::body::Body>) -> Self {
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer { status: head.status, headers: head.headers, body }
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|wrong| panic!("{wrong}: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// This answer, which must be a success.
    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert!(self.status.is_success(), "{} {}", self.status, self.text());
        self
    }

    /// The status and the code of an error.
    #[track_caller]
    pub(crate) fn error(&self) -> (u16, String) {
        (self.status.as_u16(), self.json()["code"].as_str().unwrap().to_owned())
    }

    /// The message of an error.
    #[track_caller]
    pub(crate) fn message(&self) -> String {
        self.json()["message"].as_str().unwrap().to_owned()
    }

    /// Status, headers by name, and body, byte for byte but for what is random: the request id.
    pub(crate) fn shown(&self) -> String {
        let mut headers: Vec<String> =
            self.headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
        headers.sort();
        let shown = format!("{}\n{}\n\n{}", self.status.as_u16(), headers.join("\n"), self.text());
        let request_id = self.header("box-request-id").unwrap();
        shown.replace(request_id, "[request id]")
    }
}

/// A page of events, checked for what must hold of any.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Page {
    /// `next_stream_position`, as the JSON it is.
    pub(crate) next: Value,
    pub(crate) entries: Vec<Value>,
}

impl Page {
    /// Takes an answer apart.
    #[track_caller]
    pub(crate) fn of(answer: &Answer) -> Self {
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        assert_eq!(answer.header("content-type"), Some("application/json"));
        let mut body = answer.json();
        let entries: Vec<Value> = serde_json::from_value(body["entries"].take()).unwrap();
        assert_eq!(body["chunk_size"], entries.len(), "rclone fails the whole answer otherwise");
        let page = Page { next: body["next_stream_position"].take(), entries };
        let number = page.number();
        assert!((1..1 << 53).contains(&number), "{number} is no position that every client keeps");
        page
    }

    /// The ids of the entries, in order.
    pub(crate) fn ids(&self) -> Vec<&str> {
        self.entries.iter().map(|entry| entry["event_id"].as_str().unwrap()).collect()
    }

    /// The position as it goes into a query.
    pub(crate) fn position(&self) -> String {
        self.number().to_string()
    }

    /// The position as a number, whichever JSON type it has.
    #[track_caller]
    pub(crate) fn number(&self) -> u64 {
        match &self.next {
            Value::Number(number) => number.as_u64().unwrap(),
            Value::String(text) => {
                let number: u64 = text.parse().unwrap();
                assert_eq!(*text, number.to_string(), "digits only, no leading zeros");
                number
            }
            other => panic!("{other} is no position"),
        }
    }
}
