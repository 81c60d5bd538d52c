//! Rows of a file, whatever its form: each an event, or a reason why it is none.

use std::io;

/// A row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    /// The line of the file on which it begins, from 1.
    pub(super) line: u64,
    /// The event as one line of JSON, or what is wrong with the row.
    pub(super) event: Result<String, String>,
    /// The row as it stands in the file.
    pub(super) raw: String,
}

/// The rows of a file, one after the other, with bounded memory.
pub(super) trait Rows {
    /// The next row; `None` at the end.
    fn next(&mut self) -> io::Result<Option<Row>>;

    /// How many bytes of the file were read.
    fn bytes(&self) -> u64;

    /// What a file of some of its rows begins with.
    fn head(&self) -> Option<&str> {
        None
    }
}

/// What a file is, by how it begins.
pub(super) fn guess(beginning: &[u8]) -> &'static str {
    let text = beginning.strip_prefix(b"\xef\xbb\xbf").unwrap_or(beginning).trim_ascii_start();
    let first = text.split(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii_end();
    match first.first() {
        Some(b'[') => "json",
        // A whole event on the first line, or what is larger than was looked at; else JSON over several lines.
        Some(b'{') if first.last() == Some(&b'}') || first.len() == text.len() => "ndjson",
        Some(b'{') => "json",
        _ => "csv",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_by_how_they_begin() {
        for (text, expected) in [
            ("{\"event_id\":\"a\"}\n{\"event_id\":\"b\"}\n", "ndjson"),
            ("\u{feff}{\"entries\":[]}", "ndjson"),
            ("{\"a\":\"cut off", "ndjson"),
            ("{\n  \"entries\": []\n}", "json"),
            (" [\n{}]", "json"),
            ("Date,User Name\n", "csv"),
            ("\"Date\";x\r\n", "csv"),
            ("", "csv"),
        ] {
            assert_eq!(guess(text.as_bytes()), expected, "{text:?}");
        }
    }
}
