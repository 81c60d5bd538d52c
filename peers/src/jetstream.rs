//! NATS JetStream: one stream on files, publishes sent five hundred ahead of their acknowledgements.
//!
//! It keeps no ids for good, no order by time and no feeds of users; it is asked only to append. As shipped it syncs its
//! files every two minutes, and so may lose what it acknowledged; synced, it keeps the promise that Tidings makes.

use crate::Peer;
use crate::events::{BATCH, Events};
use crate::server::{Home, Server};
use std::io::{self, BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::Path;

const STREAM: &str =
    r#"{"name":"EVENTS","subjects":["events.>"],"storage":"file","retention":"limits","num_replicas":1}"#;
/// The longest answer that makes sense, in bytes.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// When files are synced.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Sync {
    /// Before each acknowledgement.
    Always,
    /// As often as it comes set.
    AsShipped,
}

/// A NATS server with a stream, running.
pub(crate) struct JetStream {
    stream: BufReader<TcpStream>,
    /// Acknowledgements not read yet.
    owed: usize,
    out: Vec<u8>,
    _server: Server,
}

impl JetStream {
    /// Starts it.
    pub(crate) fn start(program: &Path, within: &Path, sync: Sync) -> io::Result<Self> {
        let (name, sync) = match sync {
            Sync::Always => ("jetstream-synced", "sync_interval: always"),
            Sync::AsShipped => ("jetstream", ""),
        };
        let home = Home::make(within, name)?;
        let config = format!(
            "listen: \"127.0.0.1:{}\"\nauthorization {{ token: \"{}\" }}\njetstream {{ store_dir: \"{}\"\n{sync}\n}}\n",
            home.port,
            home.password,
            home.folder.display()
        );
        let config = home.write("nats.conf", &config)?;
        let mut command = home.command(program);
        // It tells all it does on its standard error.
        command.arg("--config").arg(config).stderr(std::process::Stdio::null());
        let (server, stream) = home.start(command, |stream| Ok(BufReader::new(stream)))?;
        let mut peer = JetStream { stream, owed: 0, out: Vec::new(), _server: server };
        let hello = format!(
            "CONNECT {{\"verbose\":false,\"pedantic\":false,\"auth_token\":\"{}\",\"protocol\":1}}\r\nSUB _INBOX.b 1\r\n",
            home.password
        );
        peer.out.extend_from_slice(hello.as_bytes());
        publish(&mut peer.out, "$JS.API.STREAM.CREATE.EVENTS", &[STREAM.as_bytes()]);
        peer.owed = 1;
        peer.stream.get_mut().write_all(&peer.out)?;
        peer.hear_until(0)?;
        Ok(peer)
    }

    /// Reads answers until so many are still owed.
    fn hear_until(&mut self, left: usize) -> io::Result<()> {
        while left < self.owed {
            match heard(&mut self.stream)? {
                Heard::Acknowledged => self.owed -= 1,
                Heard::Ping => self.stream.get_mut().write_all(b"PONG\r\n")?,
                Heard::Nothing => {}
            }
        }
        Ok(())
    }
}

impl Peer for JetStream {
    fn append(&mut self, events: &mut Events) -> io::Result<()> {
        self.out.clear();
        for event in events.next_batch().events {
            publish(&mut self.out, "events.1", &[&event.user, b"\n", &event.enterprise]);
        }
        self.stream.get_mut().write_all(&self.out)?;
        self.owed += BATCH;
        self.hear_until(BATCH)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.hear_until(0)
    }
}

/// Adds a publish that wants an answer.
fn publish(out: &mut Vec<u8>, subject: &str, parts: &[&[u8]]) {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    out.extend_from_slice(format!("PUB {subject} _INBOX.b {length}\r\n").as_bytes());
    parts.iter().for_each(|part| out.extend_from_slice(part));
    out.extend_from_slice(b"\r\n");
}

/// What the server said.
#[derive(Debug, PartialEq, Eq)]
enum Heard {
    Acknowledged,
    Ping,
    Nothing,
}

fn heard(stream: &mut impl BufRead) -> io::Result<Heard> {
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let mut words = line.split_whitespace();
    match words.next() {
        Some("PING") => Ok(Heard::Ping),
        Some("INFO" | "+OK" | "PONG") => Ok(Heard::Nothing),
        Some("MSG") => {
            let length = words.next_back().and_then(|length| length.parse().ok());
            let length: usize = length.filter(|length| *length < ANSWER_BYTES_MAX).ok_or(io::ErrorKind::InvalidData)?;
            let mut body = vec![0; length + 2];
            stream.read_exact(&mut body)?;
            let body = String::from_utf8_lossy(&body);
            if body.contains("\"error\"") {
                return Err(io::Error::other(format!("it refused: {}", body.trim_end())));
            }
            Ok(Heard::Acknowledged)
        }
        _ => Err(io::Error::other(format!("it said '{}'", line.trim_end()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn publishes_tell_their_length() {
        let mut out = Vec::new();
        publish(&mut out, "events.1", &[b"ab", b"\n", b"c"]);
        assert_eq!(out, b"PUB events.1 _INBOX.b 4\r\nab\nc\r\n");
    }

    #[test]
    fn answers_are_told_apart() {
        let mut said = &b"INFO {}\r\nPING\r\nMSG _INBOX.b 1 9\r\n{\"seq\":1}\r\nMSG _INBOX.b 1 12\r\n{\"error\":{}}\r\n-ERR 'x'\r\n"[..];
        assert_eq!(heard(&mut said).unwrap(), Heard::Nothing);
        assert_eq!(heard(&mut said).unwrap(), Heard::Ping);
        assert_eq!(heard(&mut said).unwrap(), Heard::Acknowledged);
        assert!(heard(&mut said).unwrap_err().to_string().contains("refused"));
        assert!(heard(&mut said).unwrap_err().to_string().contains("-ERR"));
        assert!(heard(&mut said).is_err());
    }
}
