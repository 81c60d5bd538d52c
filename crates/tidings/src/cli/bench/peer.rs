//! Publishing beside something else that keeps events: `--beside NAME=PROGRAM …`.
//!
//! The program is given two more arguments, a folder and a file of events (`rendered::write` tells its form). It starts
//! what it measures, says `ready`, and for each line `run MILLISECONDS` answers `EVENTS MICROSECONDS`: how many it made
//! durable in which time. It ends when it has nothing more to read. So this program knows of no other product.

use super::events::Deeds;
use super::place::Place;
use super::rendered;
use crate::clock::{Clock, SystemClock};
use std::path::Path;
use std::process::Stdio;
use std::str::FromStr;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// Different events that a peer is given.
const EVENTS: usize = 8_000;
/// How long a peer may take to start, or longer than it was asked to take.
const PATIENCE: Duration = Duration::from_secs(120);

/// A peer, as it was named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) name: String,
    program: String,
    arguments: Vec<String>,
}

impl FromStr for Named {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "it is NAME=PROGRAM ARGUMENT …, apart by blanks".to_owned();
        let (name, command) = text.split_once('=').ok_or_else(wrong)?;
        let mut words = command.split_whitespace().map(str::to_owned);
        let program = words.next().filter(|_| !name.trim().is_empty()).ok_or_else(wrong)?;
        Ok(Named { name: name.trim().to_owned(), program, arguments: words.collect() })
    }
}

/// A peer that is ready.
pub(super) struct Peer {
    /// Told to end by having nothing more to read, and then ended.
    child: Child,
    asks: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    name: String,
}

impl Peer {
    /// Starts it.
    pub(super) async fn start(named: &Named, place: &Place, events: &Path) -> Result<Self, String> {
        let mut command = Command::new(&named.program);
        command.args(&named.arguments).arg(place.folder()).arg(events);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().map_err(|why| format!("{} cannot be started: {why}", named.program))?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (asks, answers) = pipes.ok_or("a peer has no standard input and output")?;
        let answers = BufReader::new(answers).lines();
        let mut peer = Peer { child, asks, answers, name: named.name.clone() };
        match peer.answer(Duration::ZERO).await? {
            ready if ready == "ready" => Ok(peer),
            other => Err(format!("{} said '{other}' and not that it is ready", peer.name)),
        }
    }

    /// Lets it keep events for so long, and answers events a second.
    pub(super) async fn run(&mut self, span: Duration) -> Result<f64, String> {
        let ask = format!("run {}\n", span.as_millis());
        self.asks.write_all(ask.as_bytes()).await.map_err(|why| format!("{} does not listen: {why}", self.name))?;
        let answer = self.answer(span).await?;
        rate(&answer).ok_or_else(|| format!("{} answered '{answer}' and not how many events it kept", self.name))
    }

    async fn answer(&mut self, span: Duration) -> Result<String, String> {
        let line = tokio::select! {
            line = self.answers.next_line() => line.ok().flatten(),
            () = SystemClock.wait(span + PATIENCE) => None,
        };
        line.ok_or_else(|| format!("{} ended or fell silent; its own words stand above", self.name))
    }

    /// Lets it end what it started.
    pub(super) async fn end(self) {
        let Peer { mut child, asks, answers, .. } = self;
        drop((asks, answers));
        tokio::select! {
            _ = child.wait() => {}
            // It is ended by force when it is dropped.
            () = SystemClock.wait(PATIENCE) => {}
        }
    }
}

/// Events a second of an answer.
fn rate(answer: &str) -> Option<f64> {
    let (events, microseconds) = answer.split_once(' ')?;
    let (events, microseconds) = (events.parse::<u64>().ok()?, microseconds.trim().parse::<u64>().ok()?);
    (microseconds > 0).then(|| events as f64 * 1e6 / microseconds as f64)
}

/// Writes the events that peers are given.
pub(super) fn write_events(deeds: &mut Deeds, place: &Place) -> Result<std::path::PathBuf, String> {
    let path = place.folder().join("events");
    rendered::write(deeds, EVENTS, &path)?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_is_a_name_and_a_program_with_arguments() {
        let named: Named = "Some base 15=/opt/x/peer base --port=7".parse().unwrap();
        assert_eq!(named.name, "Some base 15");
        assert_eq!((named.program.as_str(), named.arguments.len()), ("/opt/x/peer", 2));
        for wrong in ["", "name", "name=", "name= ", "=program"] {
            assert!(wrong.parse::<Named>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn answers_are_rates() {
        assert_eq!(rate("1500 500000"), Some(3_000.0));
        for wrong in ["", "1500", "1500 0", "-1 5", "many 5"] {
            assert_eq!(rate(wrong), None, "{wrong}");
        }
    }

    #[tokio::test]
    async fn a_peer_is_asked_and_answers() {
        let place = Place::make("memory:", None).unwrap();
        let script = place.folder().join("peer");
        std::fs::write(&script, "echo ready\nwhile read -r line; do echo 500 250000; done\n").unwrap();
        let named = |what: &str| format!("a script=sh {what}").parse::<Named>().unwrap();
        let mut peer = Peer::start(&named(&script.display().to_string()), &place, &script).await.unwrap();
        assert_eq!(peer.run(Duration::from_millis(1)).await.unwrap(), 2_000.0);
        peer.end().await;
        assert!(Peer::start(&named("/nowhere/at-all"), &place, &script).await.is_err());
    }
}
