//! Waking one reader: how soon they have an event, with nothing else going on and while much is published.

use super::child::{READ_OWN, Server};
use super::client::{Ask, Connection};
use super::events::{Bundle, Deeds, Scene, Serials, user_id};
use super::goals;
use super::pages::head;
use super::plan::Plan;
use super::publish::{Publishers, USUAL};
use super::report::{Row, Unit};
use super::statistics::percentile;
use crate::clock::{Clock, Stopwatch, SystemClock};
use bytes::Bytes;
use http::Method;
use std::time::Duration;

/// Between a poll and the event that wakes it: a light load, and time for the poll to be under way.
const LULL: Duration = Duration::from_millis(5);
/// The rank of the reader: somebody whom no other event names.
const READER: usize = 1_000_000;

/// Who follows a stream by long poll.
pub(super) struct Follower {
    token: String,
    stream: &'static str,
    /// Where to poll, but for the position.
    channel: String,
    pub(super) position: String,
}

impl Follower {
    /// Begins at the end of the stream.
    pub(super) async fn of(server: &Server, token: &str, stream: &'static str) -> Result<Self, String> {
        let channel = channel(server, token).await?;
        let mut follower = Follower { token: token.to_owned(), stream, channel, position: "now".to_owned() };
        follower.position = page_of(&server.ask(&follower.fetch()?, Bytes::new()).await?)?.1;
        Ok(follower)
    }

    /// The call for what comes after the position.
    pub(super) fn fetch(&self) -> Result<Ask, String> {
        let path = format!("/2.0/events?stream_type={}&stream_position={}", self.stream, self.position);
        Ask::get(&path, Some(&self.token))
    }

    fn poll(&self) -> Result<Ask, String> {
        poll(&self.channel, &self.position)
    }
}

/// The path of a long poll with a token, but for the position.
pub(super) async fn channel(server: &Server, token: &str) -> Result<String, String> {
    let ask = Ask::new(Method::OPTIONS, "/2.0/events", Some(token))?;
    let answer: serde_json::Value = serde_json::from_slice(&server.ask(&ask, Bytes::new()).await?)
        .map_err(|why| format!("the answer to OPTIONS is no JSON: {why}"))?;
    let url = answer["entries"][0]["url"].as_str().ok_or("the answer to OPTIONS names no channel")?;
    let from = url.find("/realtime/").ok_or_else(|| format!("'{url}' is no channel"))?;
    Ok(url[from..].to_owned())
}

/// The call of a long poll.
pub(super) fn poll(channel: &str, position: &str) -> Result<Ask, String> {
    Ask::get(&format!("{channel}&stream_position={position}"), None)
}

/// How many entries a page has, and where to read on.
pub(super) fn page_of(body: &[u8]) -> Result<(usize, String), String> {
    head(body).ok_or_else(|| "an answer is no page of events".to_owned())
}

/// Whether a long poll was woken by an event.
pub(super) fn woken(answer: &[u8]) -> Result<(), String> {
    let answer = String::from_utf8_lossy(answer);
    if answer.contains("new_change") { Ok(()) } else { Err(format!("a long poll was not woken but told {answer}")) }
}

/// A reader, and the events that only they hear.
struct Pair {
    follower: Follower,
    reading: Connection,
    publishing: Connection,
    publish: Ask,
    draft: Bundle,
    serials: Serials,
}

impl Pair {
    async fn of(server: &Server, deeds: &mut Deeds, serials: Serials) -> Result<Self, String> {
        let audience: &[usize] = &[READER];
        let event_type = "ITEM_UPLOAD";
        let scene = Scene { event_type, actor: READER, owner: READER, folder: None, audience: Some(audience) };
        let (publish, draft) = (Ask::publish(&server.token)?, deeds.bundle_of([scene]));
        let mut publishing = Connection::open(server.address).await?;
        // Whom an event names is somebody from then on.
        publishing.count(&publish, draft.fresh(&serials, SystemClock.now())).await?;
        let token = server.token_of(&user_id(READER), READ_OWN).await?;
        let follower = Follower::of(server, &token, "all").await?;
        let reading = Connection::open(server.address).await?;
        Ok(Pair { follower, reading, publishing, publish, draft, serials })
    }

    /// One event: from before the publish until the reader has it.
    async fn turn(&mut self) -> Result<Duration, String> {
        let Pair { follower, reading, publishing, publish, draft, serials } = self;
        let (poll, fetch) = (follower.poll()?, follower.fetch()?);
        let watch = Stopwatch::start();
        let read = async {
            woken(&reading.ask(&poll, Bytes::new()).await?)?;
            let page = reading.ask(&fetch, Bytes::new()).await?;
            Ok((page, watch.elapsed()))
        };
        let write = async {
            SystemClock.wait(LULL).await;
            let begun = watch.elapsed();
            publishing.count(publish, draft.fresh(serials, SystemClock.now())).await?;
            Ok::<_, String>(begun)
        };
        let ((page, seen), begun) = tokio::try_join!(read, write)?;
        let (count, next) = page_of(&page)?;
        if count != 1 {
            return Err(format!("a reader was woken by one event and found {count}"));
        }
        follower.position = next;
        Ok(seen.saturating_sub(begun))
    }

    /// Turns for so long.
    async fn turns(&mut self, span: Duration) -> Result<Vec<Duration>, String> {
        let watch = Stopwatch::start();
        let mut times = Vec::new();
        while watch.elapsed() < span {
            times.push(self.turn().await?);
        }
        Ok(times)
    }
}

/// Publish, wake-up, fetch, with nothing else going on; and with half of what can be published, which is measured first.
pub(super) async fn one(
    plan: &Plan,
    server: &Server,
    publishers: &Publishers,
    deeds: &mut Deeds,
) -> Result<Vec<Row>, String> {
    let what = "publish, wake-up, fetch, one reader";
    let row = |percent, load: &str| Row::alone(format!("{what}: p{percent}{load}"), Unit::Milliseconds);
    let mut light = [row(50, ""), row(99, "").with_goal(goals::WAKING)];
    let loaded = ", half load";
    let mut half = [row(50, loaded), row(99, loaded).with_goal(goals::WAKING_LOADED)];
    let mut load = Row::beside("published meanwhile", Unit::EventsASecond, "half of what can be");
    let mut pair = Pair::of(server, deeds, Serials::far_on()).await?;
    for round in 0..plan.rounds {
        plan.progress.tell(what, round);
        note(&mut light, pair.turns(plan.half_round()).await?)?;
        let (events, elapsed) = publishers.publish(deeds, USUAL, plan.half_round()).await?;
        let rate = events as f64 / elapsed.as_secs_f64() / 2.0;
        // The publishers stop a little after the reader does.
        let publishing = publishers.at_rate(deeds, USUAL, rate, plan.round);
        let (times, published) = tokio::try_join!(pair.turns(plan.round), publishing)?;
        note(&mut half, times)?;
        load.round(published, Some(rate));
    }
    Ok(light.into_iter().chain(half).chain([load]).collect())
}

/// Notes a round in a row for the median and one for the 99th.
fn note(rows: &mut [Row; 2], mut times: Vec<Duration>) -> Result<(), String> {
    for (row, percent) in rows.iter_mut().zip([50, 99]) {
        let time = percentile(&mut times, percent).ok_or("no reader was woken in a whole round")?;
        row.round(time.as_secs_f64() * 1e3, None);
    }
    Ok(())
}
