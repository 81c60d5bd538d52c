//! Reading pages, beside a bare hyper server that answers the same bytes from memory.

use super::Plan;
use super::bare::Bare;
use super::child::Server;
use super::client::{Ask, Connection, all, open};
use super::events::user_id;
use super::report::{Row, Unit};
use crate::clock::{Clock, Stopwatch, SystemClock};
use bytes::Bytes;
use feed::limits::SETTLING_DELAY_S_DEFAULT;
use feed::time::Second;
use http::Method;
use serde_json::json;
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// Connections that read at a time.
const CONNECTIONS: usize = 16;
/// Most different pages of a row; they are asked for in turn.
const PAGES_MAX: usize = 64;
/// The users whose feeds are read, by rank: busy ones, so that every page is full, but not the very busiest.
const READERS: Range<usize> = 10..26;
/// Pages of each of their feeds.
const PAGES_OF_A_FEED: usize = 4;

/// What is read.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stream {
    /// The enterprise feed in the order of arrival.
    Arrival,
    /// Feeds of users.
    User,
    /// The enterprise feed within a window of time that is over.
    Window {
        /// Its beginning.
        from: Second,
        /// Its end.
        before: Second,
    },
}

impl Stream {
    fn name(self) -> &'static str {
        match self {
            Stream::Arrival => "admin_logs_streaming",
            Stream::User => "user feeds",
            Stream::Window { .. } => "admin_logs, closed window",
        }
    }

    fn path(self, limit: usize) -> String {
        let (stream, window) = match self {
            Stream::Arrival => ("admin_logs_streaming", String::new()),
            Stream::User => ("all", String::new()),
            Stream::Window { from, before } => ("admin_logs", format!("&created_after={from}&created_before={before}")),
        };
        format!("/2.0/events?stream_type={stream}&limit={limit}{window}").replace('+', "%2B")
    }
}

/// Waits until a window that ends now is closed.
pub(super) async fn settle() {
    SystemClock.wait(Duration::from_secs(u64::from(SETTLING_DELAY_S_DEFAULT) + 2)).await;
}

/// Pages, and how they were asked for.
struct Pages {
    asks: Vec<Ask>,
    bodies: Vec<Bytes>,
}

/// Measures one stream with pages of one size.
pub(super) async fn measure(plan: &Plan, server: &Server, stream: Stream, limit: usize) -> Result<Row, String> {
    let pages = match stream {
        Stream::User => {
            let mut pages = Pages { asks: Vec::new(), bodies: Vec::new() };
            for rank in READERS {
                let token = token_of(server, &user_id(rank)).await?;
                pages.walk(server, &token, &stream.path(limit), limit, PAGES_OF_A_FEED).await?;
            }
            pages
        }
        Stream::Arrival | Stream::Window { .. } => {
            let mut pages = Pages { asks: Vec::new(), bodies: Vec::new() };
            pages.walk(server, &server.token, &stream.path(limit), limit, PAGES_MAX).await?;
            pages
        }
    };
    if pages.asks.is_empty() {
        return Err(format!("there is no full page of {limit} in {} to measure with", stream.name()));
    }
    let bare = Bare::start(pages.bodies).await?;
    let numbered = (0..pages.asks.len()).map(|number| Ask::get(&format!("/{number}"), None));
    let (asks, references) = (Arc::new(pages.asks), Arc::new(numbered.collect::<Result<Vec<_>, _>>()?));
    let mut row = Row::beside(format!("pages of {limit}, {}", stream.name()), Unit::PagesASecond, "bare hyper");
    for round in 0..plan.rounds {
        plan.progress.tell(&row.name, round);
        let reference = rate(bare.address, &references, plan.half_round()).await?;
        let own = rate(server.address, &asks, plan.half_round()).await?;
        row.round(own, Some(reference));
    }
    Ok(row)
}

impl Pages {
    /// Adds the full pages from the beginning of a stream on.
    async fn walk(
        &mut self,
        server: &Server,
        token: &str,
        path: &str,
        limit: usize,
        most: usize,
    ) -> Result<(), String> {
        let mut connection = Connection::open(server.address).await?;
        let mut position = "0".to_owned();
        for _ in 0..most {
            let ask = Ask::get(&format!("{path}&stream_position={position}"), Some(token))?;
            let body = connection.ask(&ask, Bytes::new()).await?;
            let (count, next) = head(&body).ok_or("an answer is no page of events")?;
            if count < limit {
                break;
            }
            position = next;
            self.asks.push(ask);
            self.bodies.push(body);
        }
        Ok(())
    }
}

/// How many entries a page has, and where it says to read on.
pub(super) fn head(body: &[u8]) -> Option<(usize, String)> {
    #[derive(serde::Deserialize)]
    struct Page {
        chunk_size: usize,
        next_stream_position: serde_json::Value,
    }
    let page: Page = serde_json::from_slice(body).ok()?;
    let next = match page.next_stream_position {
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    };
    Some((page.chunk_size, next))
}

/// A fresh token of a user.
async fn token_of(server: &Server, user: &str) -> Result<String, String> {
    let ask = Ask::new(Method::POST, "/api/v1/tokens", Some(&server.token))?;
    let body = json!({"user": user, "note": "benchmark"}).to_string();
    let answer = server.ask(&ask, Bytes::from(body)).await?;
    let answer: serde_json::Value = serde_json::from_slice(&answer).unwrap_or_default();
    answer["access_token"].as_str().map(str::to_owned).ok_or_else(|| format!("no token was made for user {user}"))
}

/// Asks for pages in turn on every connection for so long, and answers pages a second.
async fn rate(address: SocketAddr, asks: &Arc<Vec<Ask>>, span: Duration) -> Result<f64, String> {
    let connections = open(CONNECTIONS, address).await?;
    let watch = Stopwatch::start();
    let mut tasks = JoinSet::new();
    for (number, mut connection) in connections.into_iter().enumerate() {
        let asks = asks.clone();
        tasks.spawn(async move {
            let mut read = 0;
            // Connections begin at different pages.
            let mut next = number * asks.len() / CONNECTIONS;
            while watch.elapsed() < span {
                connection.count(&asks[next % asks.len()], Bytes::new()).await?;
                next += 1;
                read += 1;
            }
            Ok(read)
        });
    }
    let read: usize = all(tasks).await?.into_iter().sum();
    Ok(read as f64 / watch.elapsed().as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_of_a_page_is_read_in_both_spellings() {
        let of = |position: &str| format!(r#"{{"chunk_size":2,"next_stream_position":{position},"entries":[1,2]}}"#);
        assert_eq!(head(of("17").as_bytes()), Some((2, "17".to_owned())));
        assert_eq!(head(of("\"17\"").as_bytes()), Some((2, "17".to_owned())));
        assert_eq!(head(b"{}"), None);
    }
}
