//! Rows out of JSON: one event a line, a page of the events API, or a list.

use super::rows::{Row, Rows};
use crate::cli::publish::lines::{Content, Lines};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::VecDeque;
use std::io::{self, BufRead, Read};

/// Largest file that is read as one piece of JSON, in bytes: several pages of the events API.
const WHOLE_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// A page of the events API.
#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    entries: Vec<&'a RawValue>,
}

/// A file with an event, or a page of them, on each line.
pub(super) struct Lined<R> {
    lines: Lines<R>,
    /// The other entries of a page.
    waiting: VecDeque<Row>,
}

impl<R: BufRead> Lined<R> {
    pub(super) fn new(from: R, bytes_max: usize) -> Self {
        Lined { lines: Lines::new(from, bytes_max), waiting: VecDeque::new() }
    }
}

impl<R: BufRead> Rows for Lined<R> {
    fn next(&mut self) -> io::Result<Option<Row>> {
        loop {
            if let Some(row) = self.waiting.pop_front() {
                return Ok(Some(row));
            }
            let Some(line) = self.lines.next(1)? else { return Ok(None) };
            let wrong = |reason: String| Row { line: line.number, event: Err(reason), raw: String::new() };
            match line.content {
                Content::Text(text) => {
                    if text.contains("\"entries\"")
                        && let Ok(page) = serde_json::from_str::<Page<'_>>(&text)
                    {
                        self.waiting.extend(page.entries.into_iter().map(|entry| of(line.number, entry.get())));
                        continue;
                    }
                    return Ok(Some(of(line.number, text.trim())));
                }
                Content::TooLong => return Ok(Some(wrong("is longer than the server takes".to_owned()))),
                Content::NotText(at) => return Ok(Some(wrong(format!("is not UTF-8 from byte {at} of the line on")))),
            }
        }
    }

    fn bytes(&self) -> u64 {
        self.lines.bytes
    }
}

/// A row of JSON that is not looked into; its line breaks mean nothing.
fn of(line: u64, text: &str) -> Row {
    let text = if text.contains('\n') { text.replace(['\n', '\r'], " ") } else { text.to_owned() };
    Row { line, event: Ok(text.clone()), raw: text }
}

/// The entries of a file that is one piece of JSON.
pub(super) struct Whole {
    rows: VecDeque<Row>,
    bytes: u64,
}

/// Reads a file that is a page of the events API, a list of events, or one event.
pub(super) fn whole(from: impl Read) -> Result<Whole, String> {
    let mut text = String::new();
    let read = from.take(WHOLE_BYTES_MAX + 1).read_to_string(&mut text);
    let bytes = read.map_err(|why| format!("cannot be read: {why}"))? as u64;
    if bytes > WHOLE_BYTES_MAX {
        return Err(format!("has more than {WHOLE_BYTES_MAX} bytes of one piece of JSON; write one event a line"));
    }
    let json = text.trim_start_matches('\u{feff}').trim_start();
    let entries: Vec<&RawValue> = if json.starts_with('[') {
        serde_json::from_str(json).map_err(|why| format!("is no JSON: {why}"))?
    } else if let Ok(page) = serde_json::from_str::<Page<'_>>(json) {
        page.entries
    } else {
        vec![serde_json::from_str(json).map_err(|why| format!("is no JSON: {why}"))?]
    };
    // Each entry is named by the line on which it begins; they follow one another in the text.
    let (mut line, mut counted, mut rows) = (1, 0, VecDeque::new());
    for entry in entries {
        let at = text[counted..].find(entry.get()).map_or(counted, |at| at + counted);
        line += text[counted..at].matches('\n').count() as u64;
        counted = at;
        rows.push_back(of(line, entry.get()));
    }
    Ok(Whole { rows, bytes })
}

impl Rows for Whole {
    fn next(&mut self) -> io::Result<Option<Row>> {
        Ok(self.rows.pop_front())
    }

    fn bytes(&self) -> u64 {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(mut rows: impl Rows) -> Vec<(u64, String)> {
        let mut found = Vec::new();
        while let Some(row) = rows.next().unwrap() {
            found.push((row.line, row.event.unwrap()));
        }
        found
    }

    fn pairs(expected: &[(u64, &str)]) -> Vec<(u64, String)> {
        expected.iter().map(|(line, text)| (*line, (*text).to_owned())).collect()
    }

    #[test]
    fn lines_are_events_or_pages_of_them() {
        let text = "{\"event_id\":\"a\"}\n\n{\"chunk_size\":2,\"entries\":[{\"event_id\":\"b\"}, {\"event_id\":\"c\"}]}\n{\"x\":1}";
        let rows = Lined::new(text.as_bytes(), 1_000);
        let expected =
            [(1, "{\"event_id\":\"a\"}"), (3, "{\"event_id\":\"b\"}"), (3, "{\"event_id\":\"c\"}"), (4, "{\"x\":1}")];
        assert_eq!(all(rows), pairs(&expected));
    }

    #[test]
    fn one_piece_of_json_is_a_page_a_list_or_an_event() {
        let page = "\u{feff}{\n \"entries\": [\n  {\"event_id\":\n\"a\"},\n  {\"event_id\":\"b\"}\n]}";
        assert_eq!(
            all(whole(page.as_bytes()).unwrap()),
            pairs(&[(3, "{\"event_id\": \"a\"}"), (5, "{\"event_id\":\"b\"}")])
        );
        assert_eq!(all(whole(&b"[{\"a\":1},{\"a\":1}]"[..]).unwrap()).len(), 2);
        assert_eq!(all(whole(&b"{\"a\":1}"[..]).unwrap()), pairs(&[(1, "{\"a\":1}")]));
        assert!(whole(&b"{\"a\":"[..]).is_err());
    }
}
