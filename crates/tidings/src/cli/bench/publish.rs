//! Publishing over HTTP, beside plain appending of the same kind of bytes and beside others who keep events.

use super::child::Server;
use super::client::{Ask, all, open};
use super::events::{Bundle, Deeds, Serials};
use super::goals;
use super::peer::{Named, Peer, write_events};
use super::place::Place;
use super::plain::Plain;
use super::plan::Plan;
use super::rendered::event_bytes;
use super::report::{Row, Unit};
use crate::clock::{Clock, Stopwatch, SystemClock};
use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// Different publishes that each connection sends in turn.
const BUNDLES: usize = 4;
/// The same while there is only something to be filled: enough that the rarest type is among them several times.
const FILL_BUNDLES: usize = 40;
/// The load that goals speak of, and that others stand beside.
pub(super) const USUAL: Load = Load { connections: 16, batch: 100 };
const SINGLY: Load = Load { connections: 64, batch: 1 };

/// How publishers publish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Load {
    /// Connections at a time.
    pub(super) connections: usize,
    /// Drafts in one publish.
    pub(super) batch: usize,
}

impl FromStr for Load {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = text.split_once('x').and_then(|(left, right)| Some((left.parse().ok()?, right.parse().ok()?)));
        match numbers {
            Some((connections @ 1..=1_000, batch @ 1..=1_000)) => Ok(Load { connections, batch }),
            _ => Err("it is connections x drafts, such as 16x100, each from 1 to 1000".to_owned()),
        }
    }
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.connections, self.batch)
    }
}

/// The publishers of a server.
pub(super) struct Publishers {
    address: SocketAddr,
    ask: Ask,
    serials: Arc<Serials>,
}

impl Publishers {
    pub(super) fn of(server: &Server) -> Result<Self, String> {
        Ok(Publishers { address: server.address, ask: Ask::publish(&server.token)?, serials: Arc::default() })
    }

    /// Goes on with the server where it is now.
    pub(super) fn follow(&mut self, server: &Server) {
        self.address = server.address;
    }

    /// How many events were published so far, or are about to be.
    pub(super) fn published(&self) -> usize {
        self.serials.given()
    }

    /// Publishes so many events, to have something to read.
    pub(super) async fn fill(&self, deeds: &mut Deeds, events: usize) -> Result<(), String> {
        let load = Load { connections: 4, batch: 250 };
        let rounds = events.div_ceil(load.connections * load.batch);
        let bundles = rounds.min(FILL_BUNDLES);
        let bundles = (0..load.connections).map(|_| (0..bundles).map(|_| deeds.bundle(load.batch)).collect()).collect();
        self.send(bundles, load.batch, move |sent, _| sent < rounds).await?;
        Ok(())
    }

    /// Publishes as much as it can for so long, and answers how many events in which time.
    pub(super) async fn publish(
        &self,
        deeds: &mut Deeds,
        load: Load,
        span: Duration,
    ) -> Result<(usize, Duration), String> {
        let bundles = (0..load.connections).map(|_| (0..BUNDLES).map(|_| deeds.bundle(load.batch)).collect()).collect();
        self.send(bundles, load.batch, move |_, elapsed| elapsed < span).await
    }

    /// Every connection sends its bundles, one after the other, while `more` says so of the number it sent and the time.
    pub(super) async fn send(
        &self,
        bundles: Vec<Vec<Bundle>>,
        batch: usize,
        more: impl Fn(usize, Duration) -> bool + Clone + Send + 'static,
    ) -> Result<(usize, Duration), String> {
        let connections = open(bundles.len(), self.address).await?;
        let watch = Stopwatch::start();
        let mut tasks = JoinSet::new();
        for (mut connection, bundles) in connections.into_iter().zip(bundles) {
            let (ask, serials, more) = (self.ask.clone(), self.serials.clone(), more.clone());
            tasks.spawn(async move {
                let mut sent = 0;
                while more(sent, watch.elapsed()) {
                    let body = bundles[sent % bundles.len()].fresh(&serials, SystemClock.now());
                    connection.count(&ask, body).await?;
                    sent += 1;
                }
                Ok(sent)
            });
        }
        let sent: usize = all(tasks).await?.into_iter().sum();
        Ok((sent * batch, watch.elapsed()))
    }

    /// Publishes so many events a second for so long, whatever the answers take, and answers how many it were. Each
    /// connection waits for its answers; when all of them are late, publishes are left out rather than heaped up.
    pub(super) async fn at_rate(
        &self,
        deeds: &mut Deeds,
        load: Load,
        rate: f64,
        span: Duration,
    ) -> Result<f64, String> {
        // Each connection has its turn once in this time.
        let turn = Duration::from_secs_f64((load.connections * load.batch) as f64 / rate.max(1.0));
        let watch = Stopwatch::start();
        let mut tasks = JoinSet::new();
        for (number, mut connection) in (0_u32..).zip(open(load.connections, self.address).await?) {
            let bundles: Vec<Bundle> = (0..BUNDLES).map(|_| deeds.bundle(load.batch)).collect();
            let (ask, serials) = (self.ask.clone(), self.serials.clone());
            let first = turn * number / u32::try_from(load.connections).unwrap_or(u32::MAX);
            tasks.spawn(async move {
                let (mut sent, mut due) = (0, first);
                while due < span {
                    SystemClock.wait(due.saturating_sub(watch.elapsed())).await;
                    let body = bundles[sent % BUNDLES].fresh(&serials, SystemClock.now());
                    connection.count(&ask, body).await?;
                    sent += 1;
                    due += turn;
                    // A little lateness is made up for; more is not.
                    due = due.max(watch.elapsed().saturating_sub(turn));
                }
                Ok(sent)
            });
        }
        let sent: usize = all(tasks).await?.into_iter().sum();
        Ok((sent * load.batch) as f64 / watch.elapsed().max(span).as_secs_f64())
    }

    /// Measures one load: the rate beside plain appending, what an event costs the server, and, where the store is a
    /// directory, what reaches the disk.
    pub(super) async fn measure(
        &self,
        plan: &Plan,
        place: &Place,
        server: &Server,
        deeds: &mut Deeds,
        plain: &mut Plain,
        load: Load,
    ) -> Result<Vec<Row>, String> {
        let mut rate = Row::beside(format!("publishing, {load}"), Unit::EventsASecond, "plain appending");
        let mut cost = Row::alone(format!("server CPU an event, {load}"), Unit::Microseconds);
        match load {
            USUAL => (rate, cost) = (rate.with_goal(goals::PUBLISHING), cost.with_goal(goals::PROCESSOR)),
            SINGLY => rate = rate.with_goal(goals::PUBLISHING_SINGLY),
            _ => {}
        }
        let (mut all_events, mut first_written, mut last_written) = (0, None, None);
        for round in 0..plan.rounds {
            plan.progress.tell(&rate.name, round);
            let span = plan.half_round();
            let reference = tokio::task::block_in_place(|| plain.run(span))?;
            let before = server.processor_time();
            first_written = first_written.or_else(|| server.written_bytes());
            let (events, elapsed) = self.publish(deeds, load, span).await?;
            let after = server.processor_time();
            last_written = server.written_bytes();
            all_events += events;
            rate.round(events as f64 / elapsed.as_secs_f64(), Some(reference));
            if let (Some(before), Some(after)) = (before, after) {
                cost.round((after - before).as_secs_f64() * 1e6 / events as f64, None);
            }
        }
        let mut rows = vec![rate, cost];
        if let (USUAL, true, Some(first), Some(last)) = (load, place.keeps(), first_written, last_written) {
            // Over all rounds in one: what is written in the background between two of them belongs to them.
            let name = format!("to the device for an event, {load}");
            let mut device = Row::beside(name, Unit::Bytes, "what readers get").with_goal(goals::DEVICE);
            device.round((last - first) as f64 / all_events as f64, Some(event_bytes(plan.seed)? as f64));
            rows.push(device);
        }
        Ok(rows)
    }

    /// Stands beside others, each in a row of its own, in turn with it.
    pub(super) async fn beside(
        &self,
        plan: &Plan,
        place: &Place,
        deeds: &mut Deeds,
        peers: &[Named],
    ) -> Result<Vec<Row>, String> {
        let mut rows = Vec::with_capacity(peers.len());
        if peers.is_empty() {
            return Ok(rows);
        }
        let events = write_events(deeds, place)?;
        for named in peers {
            let name = format!("publishing, {USUAL}");
            let row = Row::beside(name, Unit::EventsASecond, named.name.as_str());
            let mut row = row.with_goal(goals::beside(&named.name));
            plan.progress.tell(&format!("starting {}", named.name), 0);
            let mut peer = Peer::start(named, place, &events).await?;
            for round in 0..plan.rounds {
                plan.progress.tell(&format!("{} beside {}", row.name, named.name), round);
                let reference = peer.run(plan.half_round()).await?;
                let (events, elapsed) = self.publish(deeds, USUAL, plan.half_round()).await?;
                row.round(events as f64 / elapsed.as_secs_f64(), Some(reference));
            }
            peer.end().await;
            rows.push(row);
        }
        Ok(rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loads_are_read_and_shown_alike() {
        assert_eq!("16x100".parse(), Ok(Load { connections: 16, batch: 100 }));
        assert_eq!(Load { connections: 64, batch: 1 }.to_string(), "64x1");
        for wrong in ["", "16", "0x1", "1x0", "x", "1x1001", "-1x1"] {
            assert!(wrong.parse::<Load>().is_err(), "{wrong}");
        }
    }
}
