//! `COPY` into the tables of a Tidings store: how fast rows can get there at all, if nothing is asked about them.
//!
//! Rows that the store has are read from it once: those of the entry, its postings and what it tells of the tree. The same
//! rows are then put into the same tables, partitions and indexes again, under an enterprise of their own, with places and
//! ids of their own. Five hundred events are one transaction, on one session, or on two in turn, so that one is read while the
//! other is synced. Nothing is looked up, decided, locked or answered to anybody: it is a bound, not a way to keep events.

use crate::Peer;
use crate::events::{BATCH, Events};
use crate::session::Session;
use std::collections::BTreeMap;
use std::io;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

const USER: &str = "postgres";
const SOCKET: &str = ".s.PGSQL.5432";
/// How the enterprises begin that rows are copied to: one for each process that does so.
const ENTERPRISE: &str = "plain";
/// Events that are read from the store, to be copied again and again.
const SAMPLE: usize = 8_000;
/// What stands before and after the rows in the binary form of `COPY`.
const HEAD: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
const END: [u8; 2] = (-1_i16).to_be_bytes();

/// The tables, and their columns with the place first. Which of the others are set anew is in [`Table::fresh`].
const TABLES: [Table; 4] = [
    Table {
        name: "enterprise_entries",
        columns: "place, event_id, history, rank, created_at, event_type, bytes, terms",
    },
    Table { name: "user_entries", columns: "place, event_id, relayed, created_at, event_type, feeds, bytes" },
    Table { name: "postings", columns: "place, feed, streams" },
    Table { name: "tree_changes", columns: "place, version, effects" },
];

struct Table {
    name: &'static str,
    columns: &'static str,
}

impl Table {
    /// The value of a column of the event with this number, if it is not what was read.
    fn fresh(&self, column: usize, event: &Fresh) -> Option<Vec<u8>> {
        let bits = |second: u32| (i64::from(second) << 19 | i64::from(event.ordinal)).to_be_bytes().to_vec();
        match (self.name, column) {
            (_, 0) | ("enterprise_entries", 2) => Some(bits(event.second)),
            ("enterprise_entries", 3) => Some(bits(event.second - event.late_s)),
            ("enterprise_entries" | "user_entries", 1) => Some(event.id.clone().into_bytes()),
            ("tree_changes", 1) => Some(event.number.to_be_bytes().to_vec()),
            _ => None,
        }
    }
}

/// What is new in an event each time.
struct Fresh {
    /// Counts all that were copied.
    number: i64,
    second: u32,
    ordinal: u32,
    late_s: u32,
    id: String,
}

/// The values of a row.
type Row = Vec<Option<Vec<u8>>>;

/// The rows of an event, by table.
#[derive(Default)]
struct Kept {
    rows: [Vec<Row>; TABLES.len()],
    late_s: u32,
}

/// Sessions with the database of a store.
pub(crate) struct Copy {
    sessions: Vec<Session>,
    enterprise: String,
    next: usize,
    statements: String,
    sample: Vec<Kept>,
    number: i64,
    last: (u32, u32),
}

impl Copy {
    /// Goes to the server whose socket is in this folder with so many sessions, and reads what is to be copied.
    pub(crate) fn start(folder: &Path, sessions: usize) -> io::Result<Self> {
        let open = || Session::open(UnixStream::connect(folder.join(SOCKET))?, USER, "postgres", None);
        let mut sessions = (0..sessions).map(|_| open()).collect::<io::Result<Vec<_>>>()?;
        let first = sessions.first_mut().ok_or_else(|| io::Error::other("it has no session"))?;
        let mut sample: BTreeMap<i64, Kept> = BTreeMap::new();
        let mut statements = "BEGIN".to_owned();
        for (number, Table { name, columns }) in TABLES.iter().enumerate() {
            let sql = format!(
                "COPY (SELECT {columns} FROM {name} WHERE place IN (SELECT place FROM user_entries \
                 WHERE enterprise NOT LIKE '{ENTERPRISE}%' ORDER BY place DESC LIMIT {SAMPLE})) TO STDOUT (FORMAT binary)"
            );
            for row in rows(&first.copy_out(&sql)?).ok_or_else(|| io::Error::other(format!("{name} is not read")))? {
                let place = number_of(&row, 0);
                let kept = sample.entry(place).or_default();
                if *name == "enterprise_entries" {
                    kept.late_s = u32::try_from((place >> 19) - number_of(&row, 4)).unwrap_or(0);
                }
                kept.rows[number].push(row);
            }
            statements += &format!("; COPY {name} (enterprise, {columns}) FROM STDIN (FORMAT binary)");
        }
        statements += "; COMMIT";
        if sample.is_empty() {
            return Err(io::Error::other("the store has no events to be copied"));
        }
        let sample = sample.into_values().collect();
        let enterprise = format!("{ENTERPRISE}{}", std::process::id());
        Ok(Copy { sessions, enterprise, next: 0, statements, sample, number: 0, last: (0, 0) })
    }

    /// The data of the next batch, by table.
    fn next_batch(&mut self, now: u32) -> Vec<Vec<u8>> {
        let mut data = vec![HEAD.to_vec(); TABLES.len()];
        for _ in 0..BATCH {
            let kept = &self.sample[usize::try_from(self.number).unwrap_or(0) % self.sample.len()];
            self.number += 1;
            let (second, ordinal) = self.last;
            self.last = if second < now { (now, 1) } else { (second, ordinal + 1) };
            // Ids that follow each other should not lie side by side in an index; no two numbers give the same.
            let mixed = (self.number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(32);
            let fresh = Fresh {
                number: self.number,
                second: self.last.0,
                ordinal: self.last.1,
                late_s: kept.late_s,
                id: format!("copied-{mixed:016x}"),
            };
            for ((table, rows), out) in TABLES.iter().zip(&kept.rows).zip(&mut data) {
                rows.iter().for_each(|row| put_row(out, table, &self.enterprise, row, &fresh));
            }
        }
        data.iter_mut().for_each(|data| data.extend_from_slice(&END));
        data
    }
}

impl Peer for Copy {
    fn append(&mut self, _: &mut Events) -> io::Result<()> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let data = self.next_batch(u32::try_from(now).unwrap_or(u32::MAX));
        self.next = (self.next + 1) % self.sessions.len();
        let session = &mut self.sessions[self.next];
        session.settle()?;
        session.copy_in(&self.statements, &data)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.sessions.iter_mut().try_for_each(Session::settle)
    }
}

/// A row with what is fresh in it, the enterprise first.
fn put_row(out: &mut Vec<u8>, table: &Table, enterprise: &str, row: &Row, fresh: &Fresh) {
    let columns = i16::try_from(row.len() + 1).unwrap_or(i16::MAX);
    out.extend_from_slice(&columns.to_be_bytes());
    put_value(out, Some(enterprise.as_bytes()));
    for (column, value) in row.iter().enumerate() {
        match table.fresh(column, fresh) {
            Some(fresh) => put_value(out, Some(&fresh)),
            None => put_value(out, value.as_deref()),
        }
    }
}

fn put_value(out: &mut Vec<u8>, value: Option<&[u8]>) {
    let length = value.map_or(-1, |value| i32::try_from(value.len()).unwrap_or(i32::MAX));
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(value.unwrap_or_default());
}

/// The rows of data in the binary form; nothing if it is not.
fn rows(data: &[u8]) -> Option<Vec<Row>> {
    let mut rest = data.strip_prefix(HEAD)?;
    let mut rows = Vec::new();
    loop {
        let (columns, after) = rest.split_first_chunk()?;
        let Ok(columns) = usize::try_from(i16::from_be_bytes(*columns)) else { return Some(rows) };
        rest = after;
        let mut row = Vec::with_capacity(columns);
        for _ in 0..columns {
            let (length, after) = rest.split_first_chunk()?;
            let length = usize::try_from(i32::from_be_bytes(*length)).ok();
            let (value, after) = after.split_at_checked(length.unwrap_or(0))?;
            row.push(length.map(|_| value.to_vec()));
            rest = after;
        }
        rows.push(row);
    }
}

/// A column that is a whole number of eight bytes.
fn number_of(row: &Row, column: usize) -> i64 {
    let value = row.get(column).and_then(Option::as_deref).and_then(|value| value.try_into().ok());
    value.map_or(0, i64::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_written_as_they_are_read() {
        let fresh = Fresh { number: 7, second: 10, ordinal: 3, late_s: 2, id: "copied-1".to_owned() };
        let mut out = HEAD.to_vec();
        let row: Row = vec![Some(vec![0; 8]), Some(b"old".to_vec()), Some(b"x".to_vec()), None];
        put_row(&mut out, &TABLES[1], ENTERPRISE, &row, &fresh);
        out.extend_from_slice(&END);
        let read = rows(&out).unwrap();
        let expected: Row = vec![
            Some(ENTERPRISE.into()),
            Some((10_i64 << 19 | 3).to_be_bytes().to_vec()),
            Some(b"copied-1".to_vec()),
            Some(b"x".to_vec()),
            None,
        ];
        assert_eq!(read, [expected]);
        assert_eq!(number_of(&read[0], 1) >> 19, 10);
        assert_eq!(rows(&out[..out.len() - 3]), None, "data that is cut off");
        assert_eq!(rows(b"no such data"), None);
    }

    #[test]
    fn late_events_keep_their_lateness_in_the_order_by_time() {
        let fresh = Fresh { number: 7, second: 10, ordinal: 3, late_s: 2, id: String::new() };
        let bits = |second: i64| Some((second << 19 | 3).to_be_bytes().to_vec());
        assert_eq!(TABLES[0].fresh(2, &fresh), bits(10));
        assert_eq!(TABLES[0].fresh(3, &fresh), bits(8));
        assert_eq!(TABLES[2].fresh(1, &fresh), None, "whose feed it is stays");
    }
}
