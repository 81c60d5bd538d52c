//! Partitions: one a month for entries and postings, made ahead.

use super::connect::Turn;
use super::fault::Fault;
use super::patience::Pool;
use feed::position::Place;
use feed::time::Second;
use rustc_hash::FxHashSet;
use std::sync::{Mutex, PoisonError};

/// The tables that are partitioned by the month of recording.
pub(super) const TABLES: [&str; 3] = ["enterprise_entries", "user_entries", "postings"];
/// The advisory lock under which partitions are made and dropped.
pub(super) const LOCK: i64 = 0x0074_6964_696e_6702;
/// How many months are made ahead.
const AHEAD: usize = 2;

/// A calendar month in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Month {
    /// Its first second.
    begin: u32,
}

impl Month {
    /// The month that a second lies in.
    pub(super) fn of(second: Second) -> Self {
        let wire = second.to_wire();
        let day = u32::from(wire[8] - b'0') * 10 + u32::from(wire[9] - b'0');
        Month { begin: (second.day() - (day - 1)).saturating_mul(86_400) }
    }

    pub(super) fn next(self) -> Self {
        Month::of(Second(self.begin).ahead(32 * 86_400))
    }

    /// The name of its partitions ends with this: `p202506`.
    pub(super) fn suffix(self) -> String {
        let wire = Second(self.begin).to_wire();
        format!("p{}{}", String::from_utf8_lossy(&wire[0..4]), String::from_utf8_lossy(&wire[5..7]))
    }

    /// The month of the partition with this name, if it is one.
    pub(super) fn of_partition(name: &str) -> Option<Self> {
        let (year, month) = name.rsplit_once("_p")?.1.split_at_checked(4)?;
        Month::of_civil(year.parse().ok()?, month.parse().ok()?)
    }

    fn of_civil(year: u32, month: u32) -> Option<Self> {
        let mut at = Month { begin: 0 };
        // There are at most 1,633 months until 2106.
        while at.begin < u32::MAX - 62 * 86_400 {
            let wire = Second(at.begin).to_wire();
            let number = |digits: &[u8]| digits.iter().fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'));
            if (number(&wire[0..4]), number(&wire[5..7])) == (year, month) {
                return Some(at);
            }
            at = at.next();
        }
        None
    }

    /// The places in it: from the first up to below the second.
    pub(super) fn places(self) -> (i64, i64) {
        let next = self.next();
        // The last month of all has no end before the last second.
        let end = if next.begin <= self.begin { bits(Place::END) + 1 } else { bits(Place::at(Second(next.begin))) };
        (bits(Place::at(Second(self.begin))), end)
    }
}

/// A place as the database keeps it.
pub(super) fn bits(place: Place) -> i64 {
    i64::try_from(place.to_bits()).unwrap_or(i64::MAX)
}

/// The place of a number that the database kept.
pub(super) fn place(bits: i64) -> Place {
    Place::from_bits(u64::try_from(bits).unwrap_or(0))
}

/// A second that the database kept.
pub(super) fn second(number: i64) -> Second {
    Second(u32::try_from(number.max(0)).unwrap_or(u32::MAX))
}

/// The months that are known to be there.
#[derive(Debug, Default)]
pub(super) struct Months {
    there: Mutex<FxHashSet<Month>>,
}

impl Months {
    pub(super) fn has(&self, month: Month) -> bool {
        self.there.lock().unwrap_or_else(PoisonError::into_inner).contains(&month)
    }

    /// Makes the partitions of these months, and a few after each, if they are not there.
    pub(super) async fn make(&self, pool: &Pool, months: &[Month]) -> Result<(), Fault> {
        let mut wanted = Vec::new();
        for month in months.iter().filter(|month| !self.has(**month)) {
            let mut month = *month;
            for _ in 0..=AHEAD {
                wanted.push(month);
                month = month.next();
            }
        }
        if wanted.is_empty() {
            return Ok(());
        }
        let mut turn = Turn::begin(pool).await?;
        let client = turn.client()?;
        client.batch_execute("BEGIN").await?;
        client.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await?;
        let mut sql = String::new();
        for month in &wanted {
            let (from, to) = month.places();
            for table in TABLES {
                let name = format!("{table}_{}", month.suffix());
                if client.query_one("SELECT to_regclass($1) IS NULL", &[&name]).await?.get::<_, bool>(0) {
                    // Attaching takes a weaker lock than making it as a partition: readers and writers go on.
                    sql += &format!(
                        "CREATE TABLE {name} (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS); \
                         ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ({from}) TO ({to}); "
                    );
                }
            }
        }
        client.batch_execute(&format!("{sql}COMMIT")).await?;
        turn.done();
        self.there.lock().unwrap_or_else(PoisonError::into_inner).extend(wanted);
        Ok(())
    }

    /// Forgets a month that was dropped.
    pub(super) fn forget(&self, month: Month) {
        self.there.lock().unwrap_or_else(PoisonError::into_inner).remove(&month);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_adjoin_and_are_known_by_their_names() {
        let mut month = Month::of(Second(1_750_000_000));
        assert_eq!(month.suffix(), "p202506");
        for _ in 0..30 {
            assert_eq!(Month::of_partition(&format!("user_entries_{}", month.suffix())), Some(month));
            assert_eq!(month.places().1, month.next().places().0);
            month = month.next();
        }
        assert_eq!(month.suffix(), "p202712");
        assert_eq!(Month::of_partition("user_entries_place_idx"), None);
        let last = Month::of(Second::MAX);
        assert_eq!((last.suffix().as_str(), last.places().1), ("p210602", bits(Place::END) + 1));
    }
}
