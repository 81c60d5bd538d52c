//! A session with a PostgreSQL server, in the simple protocol of version 3: as much of it as `COPY` needs.

use std::io::{self, BufReader, Read, Write};

/// The longest message that makes sense as an answer here, in bytes.
const ANSWER_BYTES_MAX: usize = 1 << 20;
/// Version 3 of the protocol.
const VERSION: u32 = 196_608;

/// Something that the protocol is spoken over.
trait Stream: Read + Write {}

impl<S: Read + Write> Stream for S {}

/// A session. What is sent is not waited for until [`Session::settle`].
pub(crate) struct Session {
    stream: BufReader<Box<dyn Stream>>,
    /// Something was sent whose outcome was not heard yet.
    waits: bool,
    out: Vec<u8>,
}

impl Session {
    /// Begins a session as a user of a database. With a password the server is expected to ask for it.
    pub(crate) fn open(
        stream: impl Read + Write + 'static,
        user: &str,
        database: &str,
        password: Option<&str>,
    ) -> io::Result<Self> {
        let stream: Box<dyn Stream> = Box::new(stream);
        let mut session = Session { stream: BufReader::new(stream), waits: false, out: Vec::new() };
        let mut start = VERSION.to_be_bytes().to_vec();
        start.extend_from_slice(format!("user\0{user}\0database\0{database}\0\0").as_bytes());
        let length = (start.len() as u32 + 4).to_be_bytes();
        session.stream.get_mut().write_all(&[&length[..], &start].concat())?;
        if let Some(password) = password {
            // It asks for the password at once, and reads it when it comes.
            put(&mut session.out, b'p', &[password.as_bytes(), b"\0"]);
        }
        session.send()?;
        session.settle()?;
        Ok(session)
    }

    /// Asks, and waits for the end of the answer.
    pub(crate) fn ask(&mut self, query: &str) -> io::Result<()> {
        put(&mut self.out, b'Q', &[query.as_bytes(), b"\0"]);
        self.send()?;
        self.settle()
    }

    /// Sends statements of which some are `COPY … FROM STDIN`, and the data of each of those.
    pub(crate) fn copy_in(&mut self, statements: &str, data: &[Vec<u8>]) -> io::Result<()> {
        put(&mut self.out, b'Q', &[statements.as_bytes(), b"\0"]);
        for data in data {
            put(&mut self.out, b'd', &[data]);
            put(&mut self.out, b'c', &[]);
        }
        self.send()
    }

    /// Everything that a `COPY … TO STDOUT` answers.
    pub(crate) fn copy_out(&mut self, statement: &str) -> io::Result<Vec<u8>> {
        put(&mut self.out, b'Q', &[statement.as_bytes(), b"\0"]);
        self.send()?;
        let mut data = Vec::new();
        self.settle_with(|kind, body| {
            if kind == b'd' {
                data.extend_from_slice(body);
            }
        })?;
        Ok(data)
    }

    /// Waits until what was sent is answered.
    pub(crate) fn settle(&mut self) -> io::Result<()> {
        self.settle_with(|_, _| ())
    }

    fn send(&mut self) -> io::Result<()> {
        self.stream.get_mut().write_all(&self.out)?;
        self.out.clear();
        self.waits = true;
        Ok(())
    }

    fn settle_with(&mut self, mut heard: impl FnMut(u8, &[u8])) -> io::Result<()> {
        while self.waits {
            let (kind, body) = self.message()?;
            match kind {
                b'Z' => self.waits = false,
                b'E' => {
                    let text = String::from_utf8_lossy(&body).replace('\0', " ");
                    return Err(io::Error::other(format!("it refused: {text}")));
                }
                _ => heard(kind, &body),
            }
        }
        Ok(())
    }

    fn message(&mut self) -> io::Result<(u8, Vec<u8>)> {
        let mut head = [0; 5];
        self.stream.read_exact(&mut head)?;
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
        if !(4..ANSWER_BYTES_MAX).contains(&length) {
            return Err(io::Error::other("it does not speak the protocol"));
        }
        let mut body = vec![0; length - 4];
        self.stream.read_exact(&mut body)?;
        Ok((head[0], body))
    }
}

/// Adds a message: its kind, its length, its parts.
fn put(out: &mut Vec<u8>, kind: u8, parts: &[&[u8]]) {
    let length = 4 + parts.iter().map(|part| part.len()).sum::<usize>();
    out.push(kind);
    out.extend_from_slice(&(length as u32).to_be_bytes());
    parts.iter().for_each(|part| out.extend_from_slice(part));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_tell_their_length() {
        let mut out = Vec::new();
        put(&mut out, b'Q', &[b"SELECT 1", b"\0"]);
        assert_eq!(out, b"Q\0\0\0\x0dSELECT 1\0");
    }
}
