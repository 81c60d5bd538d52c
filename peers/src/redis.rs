//! Redis streams, synced before each answer (`appendfsync always`), with the same structures as Tidings keeps: known ids,
//! the stream of the enterprise, its events by time, and a stream for each user.
//!
//! Five hundred events are one transaction: Redis syncs once for all that it does between two looks at its connections, and
//! without a transaction that would be the few events that it reads at a time. The next five hundred are sent before
//! the answers to these are read.

use crate::Peer;
use crate::events::{BATCH, Events};
use crate::server::{Home, Server};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;

/// Redis, running.
pub(crate) struct Redis {
    stream: BufReader<TcpStream>,
    /// Answers that were not read yet, batch by batch.
    owed: [usize; 2],
    out: Vec<u8>,
    _server: Server,
}

impl Redis {
    /// Starts it.
    pub(crate) fn start(program: &Path, within: &Path) -> io::Result<Self> {
        let home = Home::make(within, "redis")?;
        let config = format!(
            "bind 127.0.0.1\nport {}\ndir {}\nrequirepass {}\nappendonly yes\nappendfsync always\nsave \"\"\n\
             auto-aof-rewrite-percentage 0\n",
            home.port,
            home.folder.display(),
            home.password
        );
        let config = home.write("redis.conf", &config)?;
        let mut command = home.command(program);
        command.arg(config);
        let (server, stream) = home.start(command, |mut stream| {
            let mut out = Vec::new();
            put(&mut out, &[b"AUTH", home.password.as_bytes()]);
            stream.write_all(&out)?;
            let mut stream = BufReader::new(stream);
            heard(&mut stream).map(|()| stream)
        })?;
        Ok(Redis { stream, owed: [0; 2], out: Vec::new(), _server: server })
    }

    fn hear(&mut self, answers: usize) -> io::Result<()> {
        (0..answers).try_for_each(|_| heard(&mut self.stream))
    }
}

impl Peer for Redis {
    fn append(&mut self, events: &mut Events) -> io::Result<()> {
        self.out.clear();
        let batch = events.next_batch();
        put(&mut self.out, &[b"MULTI"]);
        let mut commands = 0;
        for (event, position) in batch.events.iter().zip(batch.position..) {
            let position = position.to_string();
            let place = position.as_bytes();
            put(&mut self.out, &[b"SET", &[b"id:", &event.id[..]].concat(), place, b"NX"]);
            put(&mut self.out, &[b"XADD", b"events", place, b"u", &event.user, b"e", &event.enterprise]);
            put(&mut self.out, &[b"ZADD", b"times", event.time.as_bytes(), place]);
            for user in &event.hearers {
                put(
                    &mut self.out,
                    &[b"XADD", format!("feed:{user}").as_bytes(), place, b"t", event.event_type.as_bytes()],
                );
            }
            commands += 3 + event.hearers.len();
        }
        put(&mut self.out, &[b"EXEC"]);
        self.stream.get_mut().write_all(&self.out)?;
        let [earlier, last] = self.owed;
        // One for MULTI, one for each command that it is queued, one for EXEC with all their answers.
        self.owed = [last, commands + 2];
        self.hear(earlier)
    }

    fn finish(&mut self) -> io::Result<()> {
        let [earlier, last] = std::mem::take(&mut self.owed);
        self.hear(earlier + last)
    }
}

/// Adds a command.
fn put(out: &mut Vec<u8>, words: &[&[u8]]) {
    out.extend_from_slice(format!("*{}\r\n", words.len()).as_bytes());
    for word in words {
        out.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        out.extend_from_slice(word);
        out.extend_from_slice(b"\r\n");
    }
}

/// Reads one answer. That an id was known is one that must not come: it tells that nothing new was kept.
fn heard<R: BufRead>(stream: &mut R) -> io::Result<()> {
    let mut line = String::new();
    stream.read_line(&mut line)?;
    let (kind, rest) = line.trim_end().split_at_checked(1).unwrap_or_default();
    let wrong = || io::Error::other(format!("it answered '{}' to an event of a batch of {BATCH}", line.trim_end()));
    match (kind, rest.parse::<i64>()) {
        ("+", _) | (":", Ok(_)) => Ok(()),
        ("$", Ok(length @ 0..1_000_000)) => {
            let copied = io::copy(&mut stream.by_ref().take(length as u64 + 2), &mut io::sink())?;
            if copied == length as u64 + 2 { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
        }
        ("*", Ok(length @ 0..1_000_000)) => (0..length).try_for_each(|_| heard(stream)),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_arrays_of_words() {
        let mut out = Vec::new();
        put(&mut out, &[b"SET", b"id:1", b"7"]);
        assert_eq!(out, b"*3\r\n$3\r\nSET\r\n$4\r\nid:1\r\n$1\r\n7\r\n");
    }

    #[test]
    fn good_answers_are_read_to_their_end_and_bad_ones_told() {
        let mut answers = &b"+OK\r\n:1\r\n$3\r\n7-0\r\n*2\r\n:1\r\n+OK\r\n$-1\r\n-ERR no\r\n"[..];
        for _ in 0..4 {
            heard(&mut answers).unwrap();
        }
        assert!(heard(&mut answers).unwrap_err().to_string().contains("$-1"));
        assert!(heard(&mut answers).unwrap_err().to_string().contains("ERR no"));
        assert!(heard(&mut answers).is_err());
        assert!(heard(&mut &b"$3\r\n7"[..]).is_err());
        assert!(heard(&mut &b"*2\r\n:1\r\n$-1\r\n"[..]).is_err());
    }
}
