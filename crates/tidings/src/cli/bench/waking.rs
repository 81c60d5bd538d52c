//! Waking readers: how soon one sees an event, what many cost while they wait, and how soon all of them are told.

use super::Plan;
use super::child::Server;
use super::client::{Ask, Connection, all, open};
use super::events::{Deeds, Serials};
use super::pages::head;
use super::report::{Row, Unit};
use super::statistics::percentile;
use crate::clock::{Clock, Stopwatch, SystemClock};
use bytes::Bytes;
use http::Method;
use std::time::Duration;
use tokio::task::JoinSet;

/// Between a poll and the event that wakes it: a light load, and time for the poll to be under way.
const LULL: Duration = Duration::from_millis(5);

/// A reader of the enterprise feed, who follows it by long poll.
struct Follower<'s> {
    server: &'s Server,
    /// Where to poll, but for the position.
    channel: String,
    position: String,
}

impl<'s> Follower<'s> {
    async fn of(server: &'s Server) -> Result<Self, String> {
        let ask = Ask::new(Method::OPTIONS, "/2.0/events", Some(&server.token))?;
        let answer: serde_json::Value = serde_json::from_slice(&server.ask(&ask, Bytes::new()).await?)
            .map_err(|why| format!("the answer to OPTIONS is no JSON: {why}"))?;
        let url = answer["entries"][0]["url"].as_str().ok_or("the answer to OPTIONS names no channel")?;
        let from = url.find("/realtime/").ok_or_else(|| format!("'{url}' is no channel"))?;
        let mut follower = Follower { server, channel: url[from..].to_owned(), position: "now".to_owned() };
        follower.position = follower.page_of(&server.ask(&follower.fetch()?, Bytes::new()).await?)?.1;
        Ok(follower)
    }

    fn fetch(&self) -> Result<Ask, String> {
        let path = format!("/2.0/events?stream_type=admin_logs_streaming&stream_position={}", self.position);
        Ask::get(&path, Some(&self.server.token))
    }

    fn poll(&self) -> Result<Ask, String> {
        Ask::get(&format!("{}&stream_position={}", self.channel, self.position), None)
    }

    fn page_of(&self, body: &[u8]) -> Result<(usize, String), String> {
        head(body).ok_or_else(|| "an answer is no page of events".to_owned())
    }
}

fn woken(answer: &[u8]) -> Result<(), String> {
    let answer = String::from_utf8_lossy(answer);
    if answer.contains("new_change") { Ok(()) } else { Err(format!("a long poll was not woken but told {answer}")) }
}

/// Publish, wake-up, fetch: from before the publish until the reader has the event.
pub(super) async fn one(plan: &Plan, server: &Server, deeds: &mut Deeds) -> Result<[Row; 2], String> {
    let what = "publish, wake-up, fetch, one reader";
    let mut rows = [50, 99].map(|percent| Row::alone(format!("{what}: p{percent}"), Unit::Milliseconds));
    let (mut reading, mut publishing) =
        (Connection::open(server.address).await?, Connection::open(server.address).await?);
    let (publish, draft, serials) = (Ask::publish(&server.token)?, deeds.bundle(1), Serials::far_on());
    let mut follower = Follower::of(server).await?;
    for round in 0..plan.rounds {
        plan.progress.tell(what, round);
        let watch = Stopwatch::start();
        let mut times = Vec::new();
        while watch.elapsed() < plan.half_round() * 2 {
            let poll = follower.poll()?;
            let fetch = follower.fetch()?;
            let read = async {
                woken(&reading.ask(&poll, Bytes::new()).await?)?;
                let page = reading.ask(&fetch, Bytes::new()).await?;
                Ok((page, watch.elapsed()))
            };
            let write = async {
                SystemClock.wait(LULL).await;
                let begun = watch.elapsed();
                publishing.count(&publish, draft.fresh(&serials, SystemClock.now())).await?;
                Ok::<_, String>(begun)
            };
            let ((page, seen), begun) = tokio::try_join!(read, write)?;
            let (count, next) = follower.page_of(&page)?;
            if count != 1 {
                return Err(format!("a reader was woken by one event and found {count}"));
            }
            follower.position = next;
            times.push(seen.saturating_sub(begun));
        }
        for (row, percent) in rows.iter_mut().zip([50, 99]) {
            let time = percentile(&mut times, percent).ok_or("no reader was woken in a whole round")?;
            row.round(time.as_secs_f64() * 1e3, None);
        }
    }
    Ok(rows)
}

/// Many waiting readers: the memory of each, and the time until the last is told of an event, beside answering as many
/// plain requests on the same connections.
pub(super) async fn many(plan: &Plan, server: &Server, deeds: &mut Deeds, count: usize) -> Result<[Row; 2], String> {
    let mut memory = Row::alone(format!("{count} waiting readers: memory of each"), Unit::Kilobytes);
    let name = format!("{count} waiting readers: until the last is told");
    let mut waking = Row::beside(name, Unit::Milliseconds, "plain requests");
    let (publish, draft, serials) = (Ask::publish(&server.token)?, deeds.bundle(1), Serials::default());
    let plain = Ask::get("/2.0/users/me", Some(&server.token))?;
    // A first event and first requests, so that what they leave behind is not counted as a reader's.
    let mut publisher = Connection::open(server.address).await?;
    publisher.count(&publish, draft.fresh(&serials, SystemClock.now())).await?;
    let mut follower = Follower::of(server).await?;
    let before = server.resident_bytes();
    let mut connections = open(count, server.address).await?;
    for round in 0..plan.rounds {
        plan.progress.tell(&waking.name, round);
        let poll = follower.poll()?;
        let mut resident = None;
        let event = async |watch: Stopwatch| {
            server.waiting(count).await?;
            resident = server.resident_bytes();
            let begun = watch.elapsed();
            publisher.count(&publish, draft.fresh(&serials, SystemClock.now())).await?;
            Ok(begun)
        };
        let (back, time) = together(connections, &poll, woken, event).await?;
        let (back, reference) = together(back, &plain, |_| Ok(()), async |watch| Ok(watch.elapsed())).await?;
        connections = back;
        waking.round(time.as_secs_f64() * 1e3, Some(reference.as_secs_f64() * 1e3));
        // Only the first round: later ones find memory that earlier ones left.
        if let (0, Some(before), Some(resident)) = (round, before, resident) {
            memory.round(resident.saturating_sub(before) as f64 / 1024.0 / count as f64, None);
        }
        follower.position = follower.page_of(&server.ask(&follower.fetch()?, Bytes::new()).await?)?.1;
    }
    Ok([memory, waking])
}

/// Asks on every connection at once, and answers how long it took from the moment that `begin` tells until the last
/// answer.
async fn together(
    connections: Vec<Connection>,
    ask: &Ask,
    check: fn(&[u8]) -> Result<(), String>,
    begin: impl AsyncFnOnce(Stopwatch) -> Result<Duration, String>,
) -> Result<(Vec<Connection>, Duration), String> {
    let watch = Stopwatch::start();
    let mut tasks = JoinSet::new();
    for mut connection in connections {
        let ask = ask.clone();
        tasks.spawn(async move {
            check(&connection.ask(&ask, Bytes::new()).await?)?;
            Ok((connection, watch.elapsed()))
        });
    }
    let begun = begin(watch).await?;
    let (connections, ends): (Vec<Connection>, Vec<Duration>) = all(tasks).await?.into_iter().unzip();
    let last = ends.into_iter().max().unwrap_or_default();
    Ok((connections, last.saturating_sub(begun)))
}
