//! What became of the rows, counted and told.

use super::send::Taken;
use crate::cli::{note, say};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

/// Counts, and tells as it goes.
pub(super) struct Tally {
    all: Taken,
    bad: u64,
    as_json: bool,
    bar: ProgressBar,
    /// Bytes of the files before the one under way.
    before: u64,
}

impl Tally {
    /// A tally with a progress bar over so many bytes, drawn on standard error, and only on a terminal.
    pub(super) fn new(bytes: u64, as_json: bool) -> Self {
        let bar = ProgressBar::new(bytes);
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {bytes} of {total_bytes}, {eta} to go, {msg}") {
            bar.set_style(style);
        }
        Tally { all: Taken::default(), bad: 0, as_json, bar, before: 0 }
    }

    /// A file begins.
    pub(super) fn begins(&mut self) {
        self.before = self.bar.position();
    }

    /// So many bytes of the file are done.
    pub(super) fn reached(&self, bytes: u64) {
        self.bar.set_position(self.before + bytes);
        self.bar.set_message(format!("{} imported", self.all.imported));
    }

    /// The file is done.
    pub(super) fn ends(&self, bytes: u64) {
        self.reached(bytes);
    }

    /// What became of a batch.
    pub(super) fn add(&mut self, name: &str, taken: &Taken) {
        self.all.imported += taken.imported;
        self.all.known += taken.known;
        self.all.differing += taken.differing;
        self.all.expired += taken.expired;
        self.all.withheld += taken.withheld;
        for id in &taken.differing_ids {
            self.bar.suspend(|| {
                note(format_args!("{name}: {id} is there already with another content; that one stays"));
            });
        }
    }

    /// A bad row.
    pub(super) fn bad(&mut self, name: &str, line: u64, reason: &str) {
        self.bad += 1;
        self.bar.suspend(|| note(format_args!("{name}, line {line}: {reason}")));
    }

    /// Tells the whole.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
        if self.as_json {
            let Taken { imported, known, differing, expired, withheld, .. } = &self.all;
            say(json!({
                "imported": imported, "known": known, "differing": differing, "expired": expired,
                "withheld": withheld, "bad": self.bad,
            }));
        } else {
            say(words(&self.all, self.bad));
        }
    }
}

fn words(all: &Taken, bad: u64) -> String {
    let mut words = format!("imported {}", all.imported);
    for (count, what) in [
        (all.known, "there already"),
        (all.differing, "there already with another content"),
        (all.expired, "left out, older than the enterprise keeps events"),
        (all.withheld, "left out, because the enterprise has not opted in"),
        (bad, "bad"),
    ] {
        if count > 0 {
            words.push_str(&format!(", {count} {what}"));
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_says_only_what_there_was() {
        assert_eq!(words(&Taken { imported: 3, ..Taken::default() }, 0), "imported 3");
        let all = Taken { known: 1, differing: 2, expired: 4, ..Taken::default() };
        let expected = "imported 0, 1 there already, 2 there already with another content, \
                        4 left out, older than the enterprise keeps events, 5 bad";
        assert_eq!(words(&all, 5), expected);
    }
}
