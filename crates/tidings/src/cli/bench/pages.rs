//! Reading pages, beside a bare hyper server that answers the same bytes from memory, and beside pages of another kind.

use super::bare::Bare;
use super::child::{READ_OWN, Server};
use super::client::{Ask, Connection, all, open};
use super::events::user_id;
use super::goals;
use super::place::Place;
use super::plan::Plan;
use super::report::{Row, Unit};
use crate::clock::{Clock, Stopwatch, SystemClock};
use bytes::Bytes;
use feed::limits::{PAGE_ENTRIES_DEFAULT, SETTLING_DELAY_S_DEFAULT};
use feed::time::Second;
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

/// Types of the enterprise feed: of one event in a hundred,
pub(super) const RARE: &str = "UNSHARE";
/// and of one in ten thousand.
pub(super) const RAREST: &str = "UNDELETE";

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
        /// The only type that is asked for.
        only: Option<&'static str>,
    },
}

impl Stream {
    fn name(self) -> &'static str {
        match self {
            Stream::Arrival => "admin_logs_streaming",
            Stream::User => "user feeds",
            Stream::Window { only: None, .. } => "admin_logs, closed window",
            Stream::Window { only: Some(RARE), .. } => "admin_logs, closed window, a type of 1 %",
            Stream::Window { only: Some(_), .. } => "admin_logs, closed window, a type of 0.01 %",
        }
    }

    fn path(self, limit: usize) -> String {
        let (stream, window) = match self {
            Stream::Arrival => ("admin_logs_streaming", String::new()),
            Stream::User => ("all", String::new()),
            Stream::Window { from, before, only } => {
                let only = only.map(|name| format!("&event_type={name}")).unwrap_or_default();
                ("admin_logs", format!("&created_after={from}&created_before={before}{only}"))
            }
        };
        format!("/2.0/events?stream_type={stream}&limit={limit}{window}").replace('+', "%2B")
    }
}

/// Waits until a window that ends now is closed.
pub(super) async fn settle() {
    SystemClock.wait(Duration::from_secs(u64::from(SETTLING_DELAY_S_DEFAULT) + 2)).await;
}

/// Full pages, and how they were asked for.
pub(super) struct Pages {
    asks: Vec<Ask>,
    bodies: Vec<Bytes>,
}

/// Measures one stream with pages of one size, beside bare hyper.
pub(super) async fn measure(
    plan: &Plan,
    place: &Place,
    server: &Server,
    stream: Stream,
    limit: usize,
) -> Result<Row, String> {
    let pages = Pages::of(server, stream, limit).await?;
    let bare = Bare::start(&pages.bodies, place.folder()).await?;
    let numbered = (0..pages.asks.len()).map(|number| Ask::get(&format!("/{number}"), None));
    let (asks, references) = (Arc::new(pages.asks), Arc::new(numbered.collect::<Result<Vec<_>, _>>()?));
    let mut row = Row::beside(format!("pages of {limit}, {}", stream.name()), Unit::PagesASecond, "bare hyper");
    if let (Stream::Arrival, PAGE_ENTRIES_DEFAULT) = (stream, limit) {
        row = row.with_goal(goals::PAGES);
    }
    for round in 0..plan.rounds {
        plan.progress.tell(&row.name, round);
        let reference = rate(bare.address, &references, plan.half_round()).await?;
        let own = rate(server.address, &asks, plan.half_round()).await?;
        row.round(own, Some(reference));
    }
    Ok(row)
}

/// Measures pages of one stream beside those of another.
pub(super) async fn compare(
    plan: &Plan,
    server: &Server,
    streams: [Stream; 2],
    limit: usize,
    goal: impl Into<Option<goals::Goal>>,
) -> Result<Row, String> {
    let [own, other] = streams;
    let name = format!("pages of {limit}, {}", own.name());
    let mut row = Row::beside(name, Unit::PagesASecond, other.name()).with_goal(goal);
    let mut asks = Vec::with_capacity(2);
    for stream in streams {
        asks.push(Arc::new(Pages::of(server, stream, limit).await?.asks));
    }
    for round in 0..plan.rounds {
        plan.progress.tell(&format!("{} beside {}", row.name, other.name()), round);
        let reference = rate(server.address, &asks[1], plan.half_round()).await?;
        let own = rate(server.address, &asks[0], plan.half_round()).await?;
        row.round(own, Some(reference));
    }
    Ok(row)
}

impl Pages {
    /// The pages that a stream is measured with. Of a rare type there may be only one, and that not full.
    async fn of(server: &Server, stream: Stream, limit: usize) -> Result<Self, String> {
        let mut pages = Pages { asks: Vec::new(), bodies: Vec::new() };
        match stream {
            Stream::User => {
                for rank in READERS {
                    let token = server.token_of(&user_id(rank), READ_OWN).await?;
                    pages.walk(server, &token, &stream.path(limit), limit, PAGES_OF_A_FEED).await?;
                }
            }
            Stream::Window { only: Some(_), .. } => {
                pages.walk(server, &server.token, &stream.path(limit), 1, PAGES_MAX).await?;
            }
            Stream::Arrival | Stream::Window { .. } => {
                pages.walk(server, &server.token, &stream.path(limit), limit, PAGES_MAX).await?;
            }
        }
        if pages.asks.is_empty() {
            return Err(format!("there is no page of {limit} in {} to measure with", stream.name()));
        }
        Ok(pages)
    }

    /// Adds the pages from the beginning of a stream on that have so many entries.
    async fn walk(
        &mut self,
        server: &Server,
        token: &str,
        path: &str,
        least: usize,
        most: usize,
    ) -> Result<(), String> {
        let mut connection = Connection::open(server.address).await?;
        let mut position = "0".to_owned();
        for _ in 0..most {
            let ask = Ask::get(&format!("{path}&stream_position={position}"), Some(token))?;
            let body = connection.ask(&ask, Bytes::new()).await?;
            let (count, next) = head(&body).ok_or("an answer is no page of events")?;
            if count < least {
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
