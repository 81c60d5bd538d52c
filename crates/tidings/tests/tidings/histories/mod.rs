//! Random histories, played on the services and checked by what anybody could say who only kept a list of what was
//! published: nothing lost, nothing twice, nothing foreign, nothing out of order, and an end that stays where it is.
//!
//! - [`dice`]: chance, the same for a seed for ever.
//! - [`book`]: the list of what was published, and who may see what of it.
//! - [`reader`]: readers of every kind, and what they may expect.
//! - [`company`]: the services under test.
//!
//! The rules are written from the design (section 4), not from the code. A failure names its seed; play that alone with
//! `cargo run -p tidings --example histories -- SEED..SEED`.

mod book;
mod company;
mod dice;
mod reader;

use book::{Book, Deed};
use company::Company;
use dice::Dice;
use reader::Reader;
use std::fmt;
use std::ops::{AddAssign, Range};

/// What was played.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) histories: u64,
    pub(crate) events: u64,
    pub(crate) late: u64,
    pub(crate) early: u64,
    pub(crate) duplicates: u64,
    pub(crate) readers: u64,
    pub(crate) windows: u64,
    pub(crate) changes_of_stream: u64,
    pub(crate) pages: u64,
    pub(crate) entries: u64,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Tally) {
        self.histories += other.histories;
        self.events += other.events;
        self.late += other.late;
        self.early += other.early;
        self.duplicates += other.duplicates;
        self.readers += other.readers;
        self.windows += other.windows;
        self.changes_of_stream += other.changes_of_stream;
        self.pages += other.pages;
        self.entries += other.entries;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} histories: {} events ({} late, {} early), {} published again, {} readers ({} of windows, {} changes \
             of stream), {} pages with {} entries: all as promised",
            self.histories,
            self.events,
            self.late,
            self.early,
            self.duplicates,
            self.readers,
            self.windows,
            self.changes_of_stream,
            self.pages,
            self.entries
        )
    }
}

/// Plays the histories of these seeds.
pub(crate) fn play_all(seeds: Range<u64>) -> Tally {
    let mut tally = Tally::default();
    for seed in seeds {
        tally += play(seed);
    }
    tally
}

/// Plays one history.
fn play(seed: u64) -> Tally {
    let mut dice = Dice::new(seed);
    let delay_s = *dice.one_of(&[0, 1, 5, 30]);
    let company = Company::new(delay_s);
    let mut book = Book::new(seed, delay_s, company.wall());
    let mut tally = Tally { histories: 1, ..Tally::default() };
    let mut readers: Vec<Reader> = Vec::new();
    // Most histories are short in time; in some, what readers lag behind grows older than it is kept.
    let long = dice.chance(10);
    for deed in Deed::first() {
        publish(&company, &mut book, vec![deed], &mut tally);
    }
    for _ in 0..dice.between(40, 160) {
        match dice.between(0, 100) {
            0..40 => {
                let mut batch = Vec::new();
                for _ in 0..dice.between(1, 7) {
                    batch.push(match book.known(&mut dice, company.wall()) {
                        Some(known) if dice.chance(12) => known,
                        _ => book.deed(&mut dice, company.wall()),
                    });
                }
                publish(&company, &mut book, batch, &mut tally);
            }
            40..52 => company.pass(*dice.one_of(&[0, 1, 1, 2, 5, 60, 150, 400])),
            52..56 => company.step_back(*dice.one_of(&[1, 5, 31, 1_000])),
            56..58 if long => company.pass(dice.between(1, 25) * 86_400),
            58 => company.sweep(),
            59..68 => {
                let mut reader = Reader::beginning(&mut dice, &company, &book);
                tally.readers += 1;
                tally.windows += u64::from(reader.has_a_window());
                if dice.chance(60) {
                    reader.read(&company, &mut book, page_size(&mut dice), &mut tally);
                }
                readers.push(reader);
            }
            _ => {
                let count = readers.len() as u64;
                if let Some(reader) = readers.get_mut(dice.below(count.max(1))) {
                    if dice.chance(15) {
                        tally.changes_of_stream += u64::from(reader.change_stream(&mut dice));
                    }
                    reader.read(&company, &mut book, page_size(&mut dice), &mut tally);
                }
            }
        }
    }
    // Everything settles, and everybody reads to the end.
    company.pass(book.all_is_settled_at().saturating_sub(company.wall()));
    for mut reader in readers {
        reader.finish(&company, &mut book, &mut dice, &mut tally);
    }
    tally
}

fn page_size(dice: &mut Dice) -> usize {
    *dice.one_of(&[0, 1, 1, 2, 3, 5, 20, 500])
}

/// Publishes a batch, notes it, and checks what was answered.
fn publish(company: &Company, book: &mut Book, batch: Vec<Deed>, tally: &mut Tally) {
    let home = batch[0].home;
    let batch: Vec<Deed> = batch.into_iter().filter(|deed| deed.home == home).collect();
    let receipts = company.publish(home, &batch);
    assert_eq!(receipts.len(), batch.len(), "{}", book.seed());
    for (deed, receipt) in batch.into_iter().zip(receipts) {
        let noted = book.note(deed, &receipt, company.wall());
        tally.events += u64::from(noted.new);
        tally.late += u64::from(noted.late);
        tally.early += u64::from(noted.early);
        tally.duplicates += u64::from(!noted.new);
    }
}

#[cfg(test)]
mod tests {
    /// How many are played in an ordinary run of the tests; the example `histories` plays more.
    const HISTORIES: u64 = 200;

    #[test]
    fn random_histories_are_read_as_promised() {
        let tally = super::play_all(0..HISTORIES);
        assert_eq!(tally.histories, HISTORIES);
        // They must not become tame unnoticed.
        assert!(HISTORIES * 50 < tally.events && HISTORIES < tally.late && HISTORIES < tally.duplicates, "{tally}");
        assert!(HISTORIES * 3 < tally.readers && HISTORIES / 4 < tally.windows, "{tally}");
        assert!(HISTORIES / 4 < tally.changes_of_stream, "{tally}");
    }

    #[test]
    fn a_seed_is_the_same_history_every_time() {
        assert_eq!(super::play(7), super::play(7));
    }
}
