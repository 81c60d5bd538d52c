//! Runs: the bytes of a page as partitions hand them over, few and long.
//!
//! Entries that lie side by side are one run and are never copied if they are in memory already. Short ones, as the feeds
//! of users have them, are joined into one: a hundred small pieces cost a writer more than copying them once.

use super::fault::{Fault, Named};
use bytes::Bytes;

/// Runs shorter than this are copied together, in bytes.
const JOINED_BELOW: usize = 8 << 10;

/// The runs of a page in the making.
#[derive(Debug, Default)]
pub(super) struct Runs {
    done: Vec<Bytes>,
    joined: Vec<u8>,
}

impl Runs {
    /// Takes the space for what is to be joined, so that it need not move as it grows.
    pub(super) fn expect(&mut self, lengths: impl Iterator<Item = usize>) {
        self.joined.reserve(lengths.filter(|length| *length < JOINED_BELOW).map(|length| length + 1).sum());
    }

    /// Adds a run that is in memory.
    pub(super) fn push(&mut self, run: Bytes) {
        if run.len() < JOINED_BELOW {
            self.comma();
            self.joined.extend_from_slice(&run);
        } else {
            self.end_joined();
            self.done.push(run);
        }
    }

    /// Adds the first `length` bytes of some that are in memory.
    pub(super) fn push_beginning(&mut self, bytes: &Bytes, length: usize) {
        if length < JOINED_BELOW {
            self.comma();
            self.joined.extend_from_slice(&bytes[..length]);
        } else {
            self.push(bytes.slice(..length));
        }
    }

    /// Adds a run that is read from a file; answers what was read.
    pub(super) fn read(&mut self, file: &Named, offset: u64, length: usize) -> Result<&[u8], Fault> {
        if length < JOINED_BELOW {
            self.comma();
            let filled = self.joined.len();
            self.joined.resize(filled + length, 0);
            file.read(offset, &mut self.joined[filled..])?;
            return Ok(&self.joined[filled..]);
        }
        self.end_joined();
        self.done.push(file.read_vec(offset, length)?.into());
        Ok(self.done.last().map_or(&[], |run| run))
    }

    /// All of them, in order.
    pub(super) fn finish(mut self) -> Vec<Bytes> {
        self.end_joined();
        self.done
    }

    fn comma(&mut self) {
        if !self.joined.is_empty() {
            self.joined.push(b',');
        }
    }

    fn end_joined(&mut self) {
        if !self.joined.is_empty() {
            self.done.push(std::mem::take(&mut self.joined).into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_runs_are_joined_and_long_ones_are_handed_on_as_they_are() {
        let mut runs = Runs::default();
        let long = Bytes::from(vec![b'x'; JOINED_BELOW]);
        for run in [&b"1"[..], b"2"] {
            runs.push(Bytes::from_static(run));
        }
        runs.push(long.clone());
        runs.push(Bytes::from_static(b"3"));
        let done = runs.finish();
        assert_eq!(done, [Bytes::from_static(b"1,2"), long.clone(), Bytes::from_static(b"3")]);
        assert_eq!(done[1].as_ptr(), long.as_ptr(), "it was not copied");
    }
}
