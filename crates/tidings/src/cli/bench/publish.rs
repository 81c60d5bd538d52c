//! Publishing over HTTP, beside plain appending of the same kind of bytes.

use super::Plan;
use super::child::Server;
use super::client::{Ask, all, open};
use super::events::{Bundle, Deeds, Serials};
use super::plain::Plain;
use super::report::{Row, Unit};
use crate::clock::{Clock, Stopwatch, SystemClock};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// Different publishes that each connection sends in turn.
const BUNDLES: usize = 4;

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
pub(super) struct Publishers<'s> {
    server: &'s Server,
    serials: Arc<Serials>,
}

impl<'s> Publishers<'s> {
    pub(super) fn of(server: &'s Server) -> Self {
        Publishers { server, serials: Arc::default() }
    }

    /// Publishes so many events, to have something to read.
    pub(super) async fn fill(&self, deeds: &mut Deeds, events: usize) -> Result<(), String> {
        let load = Load { connections: 4, batch: 250 };
        let rounds = events.div_ceil(load.connections * load.batch);
        self.crowd(deeds, load, move |sent, _| sent < rounds).await?;
        Ok(())
    }

    /// Publishes as much as it can for so long, and answers how many events in which time.
    async fn publish(&self, deeds: &mut Deeds, load: Load, span: Duration) -> Result<(usize, Duration), String> {
        self.crowd(deeds, load, move |_, elapsed| elapsed < span).await
    }

    /// Every connection sends publishes, one after the other, while `more` says so of the number it sent and the time.
    async fn crowd(
        &self,
        deeds: &mut Deeds,
        load: Load,
        more: impl Fn(usize, Duration) -> bool + Clone + Send + 'static,
    ) -> Result<(usize, Duration), String> {
        let connections = open(load.connections, self.server.address).await?;
        let bundles: Vec<Vec<Bundle>> =
            connections.iter().map(|_| (0..BUNDLES).map(|_| deeds.bundle(load.batch)).collect()).collect();
        let ask = Ask::publish(&self.server.token)?;
        let watch = Stopwatch::start();
        let mut tasks = JoinSet::new();
        for (mut connection, bundles) in connections.into_iter().zip(bundles) {
            let (ask, serials, more) = (ask.clone(), self.serials.clone(), more.clone());
            tasks.spawn(async move {
                let mut sent = 0;
                while more(sent, watch.elapsed()) {
                    let body = bundles[sent % BUNDLES].fresh(&serials, SystemClock.now());
                    connection.count(&ask, body).await?;
                    sent += 1;
                }
                Ok(sent)
            });
        }
        let sent: usize = all(tasks).await?.into_iter().sum();
        Ok((sent * load.batch, watch.elapsed()))
    }

    /// Measures one load: the rate beside plain appending, and what an event costs the server.
    pub(super) async fn measure(
        &self,
        plan: &Plan,
        deeds: &mut Deeds,
        mut plain: Plain,
        load: Load,
    ) -> Result<(Plain, [Row; 2]), String> {
        let mut rate = Row::beside(format!("publishing, {load}"), Unit::EventsASecond, "plain appending");
        let mut cost = Row::alone(format!("server CPU an event, {load}"), Unit::Microseconds);
        for round in 0..plan.rounds {
            plan.progress.tell(&rate.name, round);
            let span = plan.half_round();
            let appending = tokio::task::spawn_blocking(move || plain.run(span).map(|rate| (plain, rate)));
            let (back, reference) = appending.await.map_err(|why| format!("plain appending broke: {why}"))??;
            plain = back;
            let before = self.server.processor_time();
            let (events, elapsed) = self.publish(deeds, load, span).await?;
            let after = self.server.processor_time();
            rate.round(events as f64 / elapsed.as_secs_f64(), Some(reference));
            if let (Some(before), Some(after)) = (before, after) {
                cost.round((after - before).as_secs_f64() * 1e6 / events as f64, None);
            }
        }
        Ok((plain, [rate, cost]))
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
