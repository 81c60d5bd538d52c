//! Many waiting readers: what each costs while they wait, and how soon all of them are told.

use super::child::{READ_ENTERPRISE, Server};
use super::client::{Ask, Connection, all, open};
use super::events::{Deeds, Serials};
use super::goals;
use super::plan::Plan;
use super::report::{Row, Unit};
use super::waking::{Follower, channel, page_of, poll, woken};
use crate::clock::{Clock, Stopwatch, SystemClock};
use bytes::Bytes;
use feed::limits::LONG_POLLS_PER_TOKEN_MAX;
use std::time::Duration;
use tokio::task::JoinSet;

/// The memory of each, and the time until the last is told of an event, beside answering as many plain requests on the
/// same connections.
pub(super) async fn many(plan: &Plan, server: &Server, deeds: &mut Deeds, count: usize) -> Result<[Row; 2], String> {
    let memory = Row::alone(format!("{count} waiting readers: memory of each"), Unit::Kilobytes);
    let mut memory = memory.with_goal(goals::WAITING);
    let name = format!("{count} waiting readers: until the last is told");
    let mut waking = Row::beside(name, Unit::Milliseconds, "plain requests").with_goal(goals::WAKING_ALL);
    let (publish, draft, serials) = (Ask::publish(&server.token)?, deeds.bundle(1), Serials::default());
    // A first event and first requests, so that what they leave behind is not counted as a reader's.
    let mut publisher = Connection::open(server.address).await?;
    publisher.count(&publish, draft.fresh(&serials, SystemClock.now())).await?;
    let mut channels = Vec::new();
    for _ in 0..count.div_ceil(LONG_POLLS_PER_TOKEN_MAX) {
        channels.push(channel(server, &server.token_of(&server.admin, READ_ENTERPRISE).await?).await?);
    }
    // After the tokens, because the enterprise feed tells of each that is made.
    let mut follower = Follower::of(server, &server.token, "admin_logs_streaming").await?;
    let plain = vec![Ask::get("/2.0/users/me", Some(&server.token))?];
    let before = server.resident_bytes();
    let mut connections = open(count, server.address).await?;
    for round in 0..plan.rounds {
        plan.progress.tell(&waking.name, round);
        let polls = channels.iter().map(|channel| poll(channel, &follower.position)).collect::<Result<Vec<_>, _>>()?;
        let mut resident = None;
        let event = async |watch: Stopwatch| {
            server.waiting(count).await?;
            resident = server.resident_bytes();
            let begun = watch.elapsed();
            publisher.count(&publish, draft.fresh(&serials, SystemClock.now())).await?;
            Ok(begun)
        };
        let (back, time) = together(connections, &polls, woken, event).await?;
        let (back, reference) = together(back, &plain, |_| Ok(()), async |watch| Ok(watch.elapsed())).await?;
        connections = back;
        waking.round(time.as_secs_f64() * 1e3, Some(reference.as_secs_f64() * 1e3));
        // Only the first round: later ones find memory that earlier ones left.
        if let (0, Some(before), Some(resident)) = (round, before, resident) {
            memory.round(resident.saturating_sub(before) as f64 / 1024.0 / count as f64, None);
        }
        follower.position = page_of(&server.ask(&follower.fetch()?, Bytes::new()).await?)?.1;
    }
    Ok([memory, waking])
}

/// Asks on every connection at once, the asks in turn, and answers how long it took from the moment that `begin` tells
/// until the last answer.
async fn together(
    connections: Vec<Connection>,
    asks: &[Ask],
    check: fn(&[u8]) -> Result<(), String>,
    begin: impl AsyncFnOnce(Stopwatch) -> Result<Duration, String>,
) -> Result<(Vec<Connection>, Duration), String> {
    let watch = Stopwatch::start();
    let mut tasks = JoinSet::new();
    for (mut connection, ask) in connections.into_iter().zip(asks.iter().cycle()) {
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
