//! A page of events as the server gives it: every entry exactly as it came.

use crate::cli::client::{Failure, read_json};
use feed::position::{Family, Position, Start};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::io::{self, Write};

/// A page.
#[derive(Debug)]
pub(super) struct Page<'a> {
    /// The entries, as they came.
    pub(super) entries: Vec<&'a str>,
    /// Where to go on.
    pub(super) next: Position,
}

impl<'a> Page<'a> {
    /// Reads an answer.
    pub(super) fn of(answer: &'a [u8]) -> Result<Self, Failure> {
        #[derive(Deserialize)]
        struct Body<'a> {
            #[serde(borrow)]
            next_stream_position: &'a RawValue,
            #[serde(borrow)]
            entries: Vec<&'a RawValue>,
        }
        let body: Body<'_> = read_json(answer)?;
        let Ok(Start::After(next)) = Start::parse(body.next_stream_position.get()) else {
            let why = format!("the answer has no position to go on with: {}", body.next_stream_position);
            return Err(Failure::Broken { why });
        };
        Ok(Page { entries: body.entries.into_iter().map(RawValue::get).collect(), next })
    }

    /// Whether it is of a closed window, to which nothing is ever added behind its end.
    pub(super) fn is_of_closed_window(&self) -> bool {
        self.next.family() == Family::Window
    }

    /// Prints the entries, one on each line; or the whole page on one line, with its position.
    pub(super) fn print(&self, to: &mut impl Write, as_json: bool) -> io::Result<()> {
        if as_json {
            write!(to, "{{\"next_stream_position\":\"{}\",\"entries\":[", self.next)?;
        }
        for (at, entry) in self.entries.iter().enumerate() {
            if as_json && at > 0 {
                to.write_all(b",")?;
            }
            write_on_one_line(to, entry)?;
            if !as_json {
                to.write_all(b"\n")?;
            }
        }
        if as_json {
            to.write_all(b"]}\n")?;
        }
        to.flush()
    }
}

/// JSON has line breaks only between its parts, where a blank means the same.
fn write_on_one_line(to: &mut impl Write, json: &str) -> io::Result<()> {
    if json.contains(['\n', '\r']) {
        to.write_all(json.replace(['\n', '\r'], " ").as_bytes())
    } else {
        to.write_all(json.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(answer: &str, as_json: bool) -> String {
        let mut out = Vec::new();
        Page::of(answer.as_bytes()).unwrap().print(&mut out, as_json).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn entries_are_printed_as_they_came() {
        let answer =
            r#"{"chunk_size":2,"next_stream_position":"41207","entries":[{"b" :1.50e3,"a":"ü\u00fc"}, {"c":[ ]}]}"#;
        assert_eq!(printed(answer, false), "{\"b\" :1.50e3,\"a\":\"ü\\u00fc\"}\n{\"c\":[ ]}\n");
        let whole = r#"{"next_stream_position":"41207","entries":[{"b" :1.50e3,"a":"ü\u00fc"},{"c":[ ]}]}"#;
        assert_eq!(printed(answer, true), format!("{whole}\n"));
    }

    #[test]
    fn an_event_is_one_line_however_it_was_published() {
        let answer = "{\"next_stream_position\":7,\"entries\":[{\n\t\"a\":\r\n1}]}";
        assert_eq!(printed(answer, false), "{ \t\"a\":  1}\n");
    }

    #[test]
    fn an_answer_without_a_position_is_no_page() {
        for answer in
            ["{}", r#"{"next_stream_position":0,"entries":[]}"#, r#"{"next_stream_position":"x","entries":[]}"#]
        {
            assert!(Page::of(answer.as_bytes()).is_err(), "{answer}");
        }
    }
}
