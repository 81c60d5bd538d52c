//! What became of the drafts of a publish, counted and told.

use super::batch::{Fate, Stopped};
use crate::cli::{note, say};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

/// The count.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Count {
    published: u64,
    known: u64,
    differing: u64,
    withheld: u64,
    refused: u64,
}

/// Counts, and tells as it goes.
pub(super) struct Tally {
    count: Count,
    json: bool,
    bar: ProgressBar,
}

impl Tally {
    /// A tally with a progress bar over so many bytes, if that is known. It is drawn on standard error, and only on a
    /// terminal.
    pub(super) fn new(bytes: Option<u64>, json: bool) -> Self {
        let bar = bytes.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
        let looks = match bytes {
            Some(_) => "{bar:30} {bytes} of {total_bytes}, {msg}",
            None => "{spinner} {bytes}, {msg}",
        };
        if let Ok(style) = ProgressStyle::with_template(looks) {
            bar.set_style(style);
        }
        Tally { count: Count::default(), json, bar }
    }

    /// So many bytes of the file are done.
    pub(super) fn read(&self, bytes: u64) {
        self.bar.set_position(bytes);
        self.bar.set_message(format!("{} published", self.count.published));
    }

    /// Tells what became of the draft on a line.
    pub(super) fn tell(&mut self, line: u64, fate: Fate) {
        match fate {
            Fate::Published => self.count.published += 1,
            Fate::Known => self.count.known += 1,
            Fate::Withheld => self.count.withheld += 1,
            Fate::Differing => {
                self.count.differing += 1;
                self.entry(&json!({"line": line, "differs": true}), || {
                    format!("line {line}: an event with this id is there already, with another content; that one stays")
                });
            }
            Fate::Refused { field, reason } => {
                self.count.refused += 1;
                self.entry(&json!({"line": line, "refused": {"field": field, "reason": reason}}), || {
                    match field.as_str() {
                        "" => format!("line {line}: refused: {reason}"),
                        field => format!("line {line}: refused: `{field}` {reason}"),
                    }
                });
            }
        }
    }

    fn entry(&self, entry: &Value, words: impl FnOnce() -> String) {
        self.bar.suspend(|| if self.json { say(entry) } else { note(words()) });
    }

    /// Tells the whole, and whether everything was published.
    pub(super) fn finish(&self, stopped: Option<&Stopped>, key: &str) -> Result<(), String> {
        self.bar.finish_and_clear();
        if self.json {
            say(self.count.json(stopped, key));
        } else {
            say(self.count.words());
        }
        match stopped {
            Some(stopped) => Err(advice(stopped, key)),
            None if self.count.refused > 0 => Err(format!("refused {}", drafts(self.count.refused))),
            None => Ok(()),
        }
    }
}

impl Count {
    fn words(&self) -> String {
        let mut words = format!("published {}", self.published);
        for (count, what) in [
            (self.known, "already known"),
            (self.differing, "differing from what is there"),
            (self.withheld, "withheld, because the enterprise has not opted in"),
            (self.refused, "refused"),
        ] {
            if count > 0 {
                words.push_str(&format!(", {count} {what}"));
            }
        }
        words
    }

    fn json(&self, stopped: Option<&Stopped>, key: &str) -> Value {
        let stopped = stopped.map(|it| {
            json!({
                "line": it.line, "ids": key, "reason": it.failure.to_string(),
                "unclear_until": it.unclear_until,
            })
        });
        json!({
            "published": self.published, "known": self.known, "differing": self.differing,
            "withheld": self.withheld, "refused": self.refused, "stopped": stopped,
        })
    }
}

fn drafts(count: u64) -> String {
    if count == 1 { "1 draft".to_owned() } else { format!("{count} drafts") }
}

/// Where to go on.
pub(super) fn advice(stopped: &Stopped, key: &str) -> String {
    let Stopped { line, failure, unclear_until } = stopped;
    match unclear_until {
        None if failure.did_nothing() => format!(
            "{failure}\nNothing from line {line} on was published. Go on with `--from-line {line} --ids {key}`."
        ),
        None => format!(
            "{failure}\nFrom line {line} on nothing is known to be published. Go on with `--from-line {line} --ids \
             {key}`: what did arrive is then recognised and not published twice."
        ),
        Some(until) => format!(
            "{failure}\nLines {line} to {until} may or may not have been published, and some of them have no event_id \
             by which they would be recognised. Look whether they are there; if not, go on with `--from-line {line} \
             --ids {key}`, else with `--from-line {} --ids {key}`.",
            until + 1
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::client::Failure;

    #[test]
    fn the_summary_says_only_what_there_was() {
        assert_eq!(Count { published: 3, ..Count::default() }.words(), "published 3");
        let mixed = Count { published: 0, known: 2, differing: 1, withheld: 4, refused: 5 };
        let words = "published 0, 2 already known, 1 differing from what is there, \
                     4 withheld, because the enterprise has not opted in, 5 refused";
        assert_eq!(mixed.words(), words);
        assert_eq!(mixed.json(None, "k")["refused"], 5);
    }

    #[test]
    fn whoever_was_interrupted_is_told_where_to_go_on() {
        let failure = || Failure::Broken { why: "gone".into() };
        let safe = Stopped { line: 12, failure: failure(), unclear_until: None };
        assert!(advice(&safe, "k7").contains("`--from-line 12 --ids k7`"));
        let unclear = Stopped { line: 12, failure: failure(), unclear_until: Some(20) };
        assert!(advice(&unclear, "k7").contains("`--from-line 21 --ids k7`"));
    }
}
