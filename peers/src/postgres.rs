//! PostgreSQL, through `COPY`: its fastest way in.
//!
//! The same rows and indexes as Tidings keeps: events by position, by id (once) and by time, and a row for each user who
//! hears one. Five hundred events and their feeds are one transaction, on two connections in turn, so that one is read
//! while the other is synced. Settings that cost nothing in safety are set in its favour.

use crate::Peer;
use crate::events::{Batch, Events};
use crate::server::{Home, Server};
use crate::session::Session;
use std::io;
use std::path::{Path, PathBuf};

const USER: &str = "bench";
const SCHEMA: &str = "\
    CREATE TABLE events (enterprise bigint, position bigint, event_id text, event_type text, created_at bigint, \
        user_rendering text, enterprise_rendering text, PRIMARY KEY (enterprise, position)); \
    CREATE UNIQUE INDEX ON events (enterprise, event_id); \
    CREATE INDEX ON events (enterprise, created_at, position); \
    CREATE TABLE feeds (user_id bigint, position bigint, PRIMARY KEY (user_id, position))";
const APPEND: &str = "BEGIN; COPY events FROM STDIN; COPY feeds FROM STDIN; COMMIT";
const SETTINGS: [&str; 6] = [
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "shared_buffers=1GB",
    "max_wal_size=8GB",
    "default_toast_compression=lz4",
    "log_min_messages=panic",
];

/// PostgreSQL, running.
pub(crate) struct Postgres {
    sessions: [Session; 2],
    next: usize,
    _stop: Stop,
}

/// How it is stopped: by its own program, so that nothing of it is left behind.
struct Stop {
    home: Home,
    pg_ctl: PathBuf,
    server: Option<Server>,
}

impl Drop for Stop {
    fn drop(&mut self) {
        let mut command = self.home.command(&self.pg_ctl);
        // If this fails, the server is killed all the same.
        drop(command.args(["stop", "--silent", "--mode=immediate", "--pgdata=data"]).status());
        self.server = None;
    }
}

impl Postgres {
    /// Makes a cluster with the programs of a folder, and starts it.
    pub(crate) fn start(programs: &Path, within: &Path) -> io::Result<Self> {
        let home = Home::make(within, "postgres")?.not_of_superuser()?;
        let secret = home.write("password", &home.password)?;
        let mut command = home.command(&programs.join("initdb"));
        command.args(["--pgdata=data", "--username", USER, "--encoding=UTF8", "--locale=C", "--auth=password"]);
        command.arg("--no-instructions").arg("--pwfile").arg(secret);
        let made = command.status()?;
        if !made.success() {
            return Err(io::Error::other(format!("initdb ended with {made}")));
        }
        let mut command = home.command(&programs.join("postgres"));
        command.args(["-D", "data", "-p", &home.port.to_string()]);
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        let open = |stream| Session::open(stream, USER, "postgres", Some(&home.password));
        let (server, mut first) = home.start(command, open)?;
        first.ask(SCHEMA)?;
        let second = open(server.connect()?)?;
        let stop = Stop { home, pg_ctl: programs.join("pg_ctl"), server: Some(server) };
        Ok(Postgres { sessions: [first, second], next: 0, _stop: stop })
    }
}

impl Peer for Postgres {
    fn append(&mut self, events: &mut Events) -> io::Result<()> {
        self.next = 1 - self.next;
        let session = &mut self.sessions[self.next];
        session.settle()?;
        let batch = events.next_batch();
        session.copy_in(APPEND, &[event_rows(&batch), feed_rows(&batch)])
    }

    fn finish(&mut self) -> io::Result<()> {
        self.sessions.iter_mut().try_for_each(Session::settle)
    }
}

/// Rows of the table of events, in the text form of `COPY`.
fn event_rows(batch: &Batch<'_>) -> Vec<u8> {
    let mut rows = Vec::with_capacity(batch.events.len() * 2_200);
    for (event, position) in batch.events.iter().zip(batch.position..) {
        rows.extend_from_slice(format!("1\t{position}\t").as_bytes());
        rows.extend_from_slice(&event.id);
        rows.extend_from_slice(format!("\t{}\t{}\t", event.event_type, event.time).as_bytes());
        escape(&mut rows, &event.user);
        rows.push(b'\t');
        escape(&mut rows, &event.enterprise);
        rows.push(b'\n');
    }
    rows
}

fn feed_rows(batch: &Batch<'_>) -> Vec<u8> {
    let mut rows = Vec::with_capacity(batch.events.len() * 120);
    for (event, position) in batch.events.iter().zip(batch.position..) {
        for user in &event.hearers {
            rows.extend_from_slice(format!("{user}\t{position}\n").as_bytes());
        }
    }
    rows
}

/// Backslashes mean something in `COPY`; tabs and line breaks do not occur in renderings.
fn escape(rows: &mut Vec<u8>, text: &[u8]) {
    if !text.contains(&b'\\') {
        return rows.extend_from_slice(text);
    }
    for byte in text {
        if *byte == b'\\' {
            rows.push(b'\\');
        }
        rows.push(*byte);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::{BATCH, made_up};

    #[test]
    fn rows_are_whole_and_escaped() {
        let mut events = Events::of(&made_up(BATCH)).unwrap();
        let batch = events.next_batch();
        let rows = String::from_utf8(event_rows(&batch)).unwrap();
        assert_eq!(rows.lines().count(), BATCH);
        assert!(rows.lines().all(|row| row.split('\t').count() == 7));
        let feeds = String::from_utf8(feed_rows(&batch)).unwrap();
        assert_eq!(feeds.lines().count(), 2 * BATCH);
        assert_eq!(feeds.lines().nth(3), Some("31\t2"));
        let mut escaped = Vec::new();
        escape(&mut escaped, br#"{"a":"\n"}"#);
        assert_eq!(escaped, br#"{"a":"\\n"}"#);
    }
}
