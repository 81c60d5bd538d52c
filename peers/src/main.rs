//! What one would take instead of Tidings, asked to keep the same events as durably, for `tidings bench --beside`.
//!
//! ```text
//! peers postgres BIN-FOLDER FOLDER EVENTS     COPY of 500 events and their feeds, with the indexes that reading needs
//! peers copy SOCKET-FOLDER FOLDER EVENTS      COPY into the tables of a Tidings store that is there already
//! peers copy-by-two SOCKET-FOLDER FOLDER EVENTS  the same on two sessions in turn
//! peers redis SERVER FOLDER EVENTS            streams, known ids, times and user feeds, synced
//! peers jetstream-synced SERVER FOLDER EVENTS one stream, synced before each acknowledgement
//! peers jetstream SERVER FOLDER EVENTS        one stream, as it is shipped
//! ```
//!
//! It starts the server on loopback, on a port of its own, with a throw-away directory in FOLDER, says `ready`, and then
//! appends for so many milliseconds whenever it reads `run MILLISECONDS`, answering `EVENTS MICROSECONDS`. When there
//! is nothing more to read, it ends the server. `cargo xtask bench` installs the servers and puts it all together.
//!
//! The protocols are spoken by hand, in as much as appending needs: so nothing of these products is compiled into
//! anything, and the client costs little of the processors that it shares with the server.

#![expect(clippy::disallowed_methods, reason = "it measures time, and waits for servers of others")]

mod copy;
mod events;
mod jetstream;
mod postgres;
mod redis;
mod server;
mod session;

use events::{BATCH, Events};
use std::io::{self, BufRead, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Something that keeps events.
trait Peer {
    /// Hands over the next batch. It may wait until an earlier one is kept, so that the peer always has work.
    fn append(&mut self, events: &mut Events) -> io::Result<()>;

    /// Waits until everything handed over is kept.
    fn finish(&mut self) -> io::Result<()>;
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let outcome = match words[..] {
        [kind, program, folder, events] => serve(kind, Path::new(program), Path::new(folder), Path::new(events)),
        _ => Err(io::Error::other(
            "it wants: postgres|copy|copy-by-two|redis|jetstream|jetstream-synced PROGRAM FOLDER EVENTS",
        )),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            // Nobody may read it any more, here and below.
            drop(writeln!(io::stderr(), "peers {}: {why}", words.first().unwrap_or(&"")));
            ExitCode::FAILURE
        }
    }
}

fn serve(kind: &str, program: &Path, folder: &Path, events: &Path) -> io::Result<()> {
    let mut events = Events::read(events)?;
    let mut peer: Box<dyn Peer> = match kind {
        "postgres" => Box::new(postgres::Postgres::start(program, folder)?),
        "copy" => Box::new(copy::Copy::start(program, 1)?),
        "copy-by-two" => Box::new(copy::Copy::start(program, 2)?),
        "redis" => Box::new(redis::Redis::start(program, folder)?),
        "jetstream" => Box::new(jetstream::JetStream::start(program, folder, jetstream::Sync::AsShipped)?),
        "jetstream-synced" => Box::new(jetstream::JetStream::start(program, folder, jetstream::Sync::Always)?),
        other => return Err(io::Error::other(format!("it knows no '{other}'"))),
    };
    answer("ready")?;
    for line in io::stdin().lock().lines() {
        let line = line?;
        let span = line.strip_prefix("run ").and_then(|span| span.parse().ok()).map(Duration::from_millis);
        let span = span.ok_or_else(|| io::Error::other(format!("'{line}' is not 'run MILLISECONDS'")))?;
        let (count, took) = run(&mut *peer, &mut events, span)?;
        answer(&format!("{count} {}", took.as_micros()))?;
    }
    Ok(())
}

/// Appends for so long, and answers how many events are kept after which time.
fn run(peer: &mut dyn Peer, events: &mut Events, span: Duration) -> io::Result<(usize, Duration)> {
    let begun = Instant::now();
    let mut count = 0;
    while begun.elapsed() < span {
        peer.append(events)?;
        count += BATCH;
    }
    peer.finish()?;
    Ok((count, begun.elapsed()))
}

fn answer(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keeps nothing, but counts.
    #[derive(Default)]
    struct Counting {
        handed: usize,
        kept: usize,
    }

    impl Peer for Counting {
        fn append(&mut self, events: &mut Events) -> io::Result<()> {
            self.handed += events.next_batch().events.len();
            Ok(())
        }

        fn finish(&mut self) -> io::Result<()> {
            self.kept = self.handed;
            Ok(())
        }
    }

    #[test]
    fn what_is_counted_was_kept() {
        let mut peer = Counting::default();
        let mut events = Events::of(&events::made_up(BATCH)).unwrap();
        let (count, _) = run(&mut peer, &mut events, Duration::from_millis(1)).unwrap();
        assert!(count >= BATCH);
        assert_eq!(count, peer.kept);
    }
}
