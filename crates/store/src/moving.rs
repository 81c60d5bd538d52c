//! Moving a store: everything that one keeper keeps, piece by piece, for another to take over with its ids, times and
//! places. A cursor given out by the one reads on at the other.
//!
//! Pieces come in this order: the directory, the heads of all lines, the small records; then what enterprise feeds have,
//! what was imported, and what user feeds have, of each line in the order of its places; and at last [`Piece::End`],
//! without which nothing is taken over.

use crate::access_store::AccessRecord;
use crate::embedded::print_of;
use crate::ledger::Unavailable;
use crate::report_store::KeptReport;
use crate::token_store::TokenRecord;
use bytes::Bytes;
use feed::directory::Directory;
use feed::event::UserStreams;
use feed::hold::Hold;
use feed::id::EnterpriseId;
use feed::position::Place;
use feed::term::Term;
use feed::time::Second;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt;

/// Most entries in a piece.
pub const PIECE_ENTRIES_MAX: usize = 500;
/// A piece takes no more entries once they have so many bytes.
pub const PIECE_BYTES_MAX: usize = 4 << 20;

/// A part of a store.
#[derive(Debug, Clone)]
pub enum Piece {
    /// Who and what is known.
    Directory(Box<Directory>),
    /// The ends of a line.
    Head(Head),
    /// An access token.
    Token(TokenRecord),
    /// A secret of the server's, by name.
    Secret(String, [u8; 32]),
    /// A record of access.
    Access(AccessRecord),
    /// A legal hold, also one that ended.
    Hold(Hold),
    /// A schedule of reports. Reports themselves are not moved, for their files are the program's.
    Schedule(Box<KeptReport>),
    /// Entries of one line and kind, in the order of their places.
    Entries(EnterpriseId, Vec<Entry>),
    /// That was all.
    End,
}

/// The ends of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Whose line.
    pub enterprise: EnterpriseId,
    /// The last place given in arrival order, also of what is not kept any more.
    pub last: Place,
    /// The largest place given in history order.
    pub last_history: Place,
    /// The second below which history was shown.
    pub frontier: Second,
}

/// A rendering, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its place of arrival; of imported history, its only one.
    pub place: Place,
    /// When the deed was done.
    pub created_at: Second,
    /// Its type.
    pub event_type: String,
    /// Its id.
    pub event_id: String,
    /// The final bytes.
    pub bytes: Bytes,
    /// What else there is to it.
    pub kept: Kept,
}

/// What there is to a rendering beside its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// In the enterprise feed.
    Published {
        /// Its place in history order.
        history: Place,
        /// Its place by true `created_at`.
        rank: Place,
        /// What it is found by.
        marks: Vec<Mark>,
    },
    /// In imported history.
    Imported {
        /// What it is found by.
        marks: Vec<Mark>,
    },
    /// In user feeds.
    Heard {
        /// Whether it was published in another line, whose id it bears.
        relayed: bool,
        /// By whom, and on which of their streams.
        by: Vec<(Hearer, UserStreams)>,
    },
}

/// Whose feed it is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hearer {
    /// A user's, by id.
    User(String),
    /// That of a list, by the name that it has everywhere.
    List(String),
}

/// What an event is found by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mark {
    /// In words.
    Term(Term),
    /// As a fingerprint, where no words are kept.
    Print(u64),
}

impl Mark {
    /// Its fingerprint in a line.
    pub(crate) fn print(&self, line: &EnterpriseId) -> u64 {
        match self {
            Mark::Term(term) => print_of(line.as_str(), term),
            Mark::Print(print) => *print,
        }
    }
}

/// Why a store did not take over another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MoveError {
    /// It has something in it already.
    NotEmpty,
    /// The pieces ended before [`Piece::End`].
    BrokenOff,
    /// A keeper failed.
    Unavailable(Unavailable),
}

impl fmt::Display for MoveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MoveError::NotEmpty => {
                f.write_str("there is something in it already; only an empty store takes over another")
            }
            MoveError::BrokenOff => f.write_str("it was broken off; nothing was taken over"),
            MoveError::Unavailable(why) => why.fmt(f),
        }
    }
}

impl std::error::Error for MoveError {}

impl From<Unavailable> for MoveError {
    fn from(why: Unavailable) -> Self {
        MoveError::Unavailable(why)
    }
}

/// How many there are of something, and the sum of their hashes, which does not depend on their order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Sum {
    count: u64,
    hashes: u128,
}

impl Sum {
    fn add(&mut self, parts: &[&[u8]]) {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        let mut half = [0; 16];
        half.copy_from_slice(&hash.finalize()[..16]);
        self.count += 1;
        self.hashes = self.hashes.wrapping_add(u128::from_le_bytes(half));
    }
}

/// Counts and checksums of what went by: one for each line and kind of entry, and for each kind of record. Two stores that hold
/// the same have the same.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    sums: BTreeMap<(String, &'static str), Sum>,
    entries: u64,
}

impl Tally {
    /// How many entries went by.
    pub fn entries(&self) -> u64 {
        self.entries
    }

    /// How many lines and kinds of record have a checksum of their own.
    pub fn checksums(&self) -> usize {
        self.sums.len()
    }

    /// What differs from another one, in words; nothing if they are the same.
    pub fn differences(&self, other: &Tally) -> Vec<String> {
        let keys: std::collections::BTreeSet<_> = self.sums.keys().chain(other.sums.keys()).collect();
        let of = |tally: &Tally, key: &(String, &'static str)| tally.sums.get(key).copied().unwrap_or_default();
        let differs = keys.into_iter().filter(|key| of(self, key) != of(other, key));
        let told = differs.map(|key| {
            let (line, kind) = key;
            format!("{kind} of {line}: {} there, {} here", of(self, key).count, of(other, key).count)
        });
        told.collect()
    }

    /// Counts a piece.
    pub fn count(&mut self, piece: &Piece) {
        match piece {
            Piece::Directory(directory) => self.count_people(directory),
            Piece::Head(head) => {
                let places = [head.last.to_bits().to_le_bytes(), head.last_history.to_bits().to_le_bytes()];
                self.sum(head.enterprise.as_str(), "head").add(&[&places[0], &places[1]]);
            }
            Piece::Token(token) => self.record(token.enterprise.as_str(), "tokens", token),
            Piece::Secret(name, secret) => self.sum("the server", "secrets").add(&[name.as_bytes(), secret]),
            Piece::Access(record) => self.record(record.enterprise().as_str(), "records of access", record),
            Piece::Hold(hold) => self.record(hold.enterprise.as_str(), "holds", hold),
            Piece::Schedule(schedule) => self.record(schedule.enterprise().as_str(), "schedules", schedule),
            Piece::Entries(line, entries) => entries.iter().for_each(|entry| self.entry(line, entry)),
            Piece::End => {}
        }
    }

    fn sum(&mut self, of: &str, kind: &'static str) -> &mut Sum {
        self.sums.entry((of.to_owned(), kind)).or_default()
    }

    fn record(&mut self, of: &str, kind: &'static str, record: &impl Serialize) {
        // Records are plain values, which can be written for certain; one that could not would differ from any other.
        let text = serde_json::to_vec(record).unwrap_or_default();
        self.sum(of, kind).add(&[&text]);
    }

    fn count_people(&mut self, directory: &Directory) {
        for enterprise in directory.enterprises() {
            self.record(enterprise.id.as_str(), "settings", enterprise);
        }
        for user in directory.users() {
            self.record(user.home.as_str(), "users", user);
            for span in directory.lists(&user.person.id) {
                let name = directory.list_name(&span.list).unwrap_or_default();
                let places = [span.from.to_bits().to_le_bytes(), span.to.to_bits().to_le_bytes()];
                let parts = [user.person.id.as_str().as_bytes(), name.as_bytes(), &places[0], &places[1]];
                self.sum(user.home.as_str(), "lists of users").add(&parts);
            }
        }
    }

    fn entry(&mut self, line: &EnterpriseId, entry: &Entry) {
        self.entries += 1;
        let mut facts = Vec::new();
        let mut put = |number: u64| facts.extend_from_slice(&number.to_le_bytes());
        put(entry.place.to_bits());
        put(u64::from(entry.created_at.0));
        let mut hearers: Vec<String> = Vec::new();
        let (kind, marks) = match &entry.kept {
            Kept::Published { history, rank, marks } => {
                put(history.to_bits());
                put(rank.to_bits());
                ("events", marks.as_slice())
            }
            Kept::Imported { marks } => ("imported events", marks.as_slice()),
            Kept::Heard { relayed, by } => {
                put(u64::from(*relayed));
                hearers.extend(by.iter().map(|(hearer, streams)| format!("{hearer:?} {}", streams.to_bits())));
                ("entries of user feeds", &[][..])
            }
        };
        hearers.sort_unstable();
        let mut prints: Vec<u64> = marks.iter().map(|mark| mark.print(line)).collect();
        prints.sort_unstable();
        prints.dedup();
        prints.into_iter().for_each(&mut put);
        let hearers = hearers.join("\n");
        let (event_type, event_id) = (entry.event_type.as_bytes(), entry.event_id.as_bytes());
        self.sum(line.as_str(), kind).add(&[&facts, event_type, event_id, hearers.as_bytes(), &entry.bytes]);
    }
}
