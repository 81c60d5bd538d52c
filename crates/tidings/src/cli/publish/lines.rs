//! The lines of a file of drafts, read one by one with bounded memory.

use std::io::{self, BufRead, Read};

/// A line that is not blank.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::cli) struct Line {
    /// Which line of the file, from 1.
    pub(in crate::cli) number: u64,
    /// What it holds.
    pub(in crate::cli) content: Content,
}

/// What a line holds.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::cli) enum Content {
    /// Text, without the line break.
    Text(String),
    /// More than can be sent.
    TooLong,
    /// Bytes that are not UTF-8, from this one on.
    NotText(usize),
}

/// Reads lines and counts them.
pub(in crate::cli) struct Lines<R> {
    from: R,
    bytes_max: usize,
    /// The number of the last line read.
    number: u64,
    /// How many bytes were read.
    pub(in crate::cli) bytes: u64,
}

impl<R: BufRead> Lines<R> {
    /// The lines of `from`, none of which may have more than `bytes_max` bytes.
    pub(in crate::cli) fn new(from: R, bytes_max: usize) -> Self {
        Lines { from, bytes_max, number: 0, bytes: 0 }
    }

    /// The next line that is not blank and has at least this number.
    pub(in crate::cli) fn next(&mut self, first: u64) -> io::Result<Option<Line>> {
        loop {
            let mut text = Vec::new();
            // One byte more than allowed tells a line that is too long from one that just fits.
            let room = self.bytes_max as u64 + 1;
            let count = (&mut self.from).take(room).read_until(b'\n', &mut text)?;
            if count == 0 {
                return Ok(None);
            }
            self.bytes += count as u64;
            self.number += 1;
            let ended = text.pop_if(|last| *last == b'\n').is_some();
            let too_long = !ended && count as u64 == room;
            if too_long {
                self.skip_line()?;
            }
            if self.number == 1 && text.starts_with("\u{feff}".as_bytes()) {
                text.drain(..3);
            }
            let blank = text.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r'));
            if self.number < first || (blank && !too_long) {
                continue;
            }
            let content = match String::from_utf8(text) {
                _ if too_long => Content::TooLong,
                Ok(text) => Content::Text(text),
                Err(wrong) => Content::NotText(wrong.utf8_error().valid_up_to()),
            };
            return Ok(Some(Line { number: self.number, content }));
        }
    }

    /// Passes over the rest of a line.
    fn skip_line(&mut self) -> io::Result<()> {
        loop {
            let here = self.from.fill_buf()?;
            let (end, count) = match here.iter().position(|byte| *byte == b'\n') {
                Some(at) => (true, at + 1),
                None => (here.is_empty(), here.len()),
            };
            self.from.consume(count);
            self.bytes += count as u64;
            if end {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &[u8], first: u64) -> Vec<(u64, Content)> {
        let mut lines = Lines::new(text, 8);
        let mut found = Vec::new();
        while let Some(line) = lines.next(first).unwrap() {
            found.push((line.number, line.content));
        }
        assert_eq!(lines.bytes, text.len() as u64);
        found
    }

    fn text(text: &str) -> Content {
        Content::Text(text.to_owned())
    }

    #[test]
    fn blank_lines_count_but_are_passed_over() {
        assert_eq!(lines(b"\n a\r\n \t\r\n\nb", 0), [(2, text(" a\r")), (5, text("b"))]);
        assert_eq!(lines(b"", 0), []);
        assert_eq!(lines(b"\xef\xbb\xbfa\nb\n", 0), [(1, text("a")), (2, text("b"))]);
    }

    #[test]
    fn a_line_that_is_too_long_costs_no_memory_and_not_the_next_line() {
        let found = lines(b"12345678\n123456789\n1234567890123\nb\n123456789", 0);
        let expected = [
            (1, text("12345678")),
            (2, Content::TooLong),
            (3, Content::TooLong),
            (4, text("b")),
            (5, Content::TooLong),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn reading_can_begin_at_a_line() {
        assert_eq!(lines(b"a\nb\nc", 2), [(2, text("b")), (3, text("c"))]);
    }

    #[test]
    fn bytes_that_are_no_text_are_told() {
        assert_eq!(lines(b"a\xffb\nc", 0), [(1, Content::NotText(1)), (2, text("c"))]);
    }
}
