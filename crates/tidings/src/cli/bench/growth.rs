//! The same rows again when the store has grown, and what became of them.

use super::goals;
use super::report::{Row, Unit};
use super::statistics::median;
use std::fmt;
use std::str::FromStr;

/// A number of events at which is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Size(pub(super) usize);

/// Most events that a store is filled with.
const SIZE_MAX: usize = 1_000_000_000;

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (digits, times) = match text.strip_suffix('M') {
            Some(millions) => (millions, 1_000_000),
            None => text.strip_suffix('k').map_or((text, 1), |thousands| (thousands, 1_000)),
        };
        let events = digits.parse::<usize>().ok().and_then(|digits| digits.checked_mul(times));
        let events = events.filter(|events| (1..=SIZE_MAX).contains(events));
        events.map(Size).ok_or_else(|| "it is a number of events, such as 500k or 30M, at most 1000M".to_owned())
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            events if events.is_multiple_of(1_000_000) => write!(f, "{}M", events / 1_000_000),
            events if events.is_multiple_of(1_000) => write!(f, "{}k", events / 1_000),
            events => write!(f, "{events}"),
        }
    }
}

/// What became of each row from the first size to the last: of 1 nothing was lost, of 0.5 half. Where a row has a
/// reference, that of its ratio, because the machine may have changed meanwhile; else that of its figure.
pub(super) fn rows(first: (Size, &[Row]), last: (Size, &[Row])) -> Vec<Row> {
    let number = |row: &Row| row.ratio().or_else(|| median(&row.rounds));
    let grown = first.1.iter().zip(last.1).filter(|(before, after)| before.name == after.name);
    let rows = grown.filter_map(|(before, after)| {
        let (then, now) = (number(before)?, number(after)?);
        let kept = if before.unit.less_is_better() { then / now } else { now / then };
        let of = if before.beside.is_some() { "ratio" } else { "figure" };
        let beside = before.beside.as_ref().map(|beside| format!(" / {}", beside.name)).unwrap_or_default();
        let name = format!("{} of {}{beside}, {} to {}", of, before.name, first.0, last.0);
        let mut row = Row::alone(name, Unit::Times).with_goal(goals::GROWTH);
        row.round(kept, None);
        Some(row)
    });
    rows.collect()
}

/// The rows with the size they were measured at in their names.
pub(super) fn named(rows: Vec<Row>, size: Size) -> Vec<Row> {
    rows.into_iter().map(|row| Row { name: format!("{}, at {size} events", row.name), ..row }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_shown_alike() {
        for (text, events) in [("30M", 30_000_000), ("500k", 500_000), ("1234", 1_234)] {
            assert_eq!(text.parse(), Ok(Size(events)));
            assert_eq!(Size(events).to_string(), text);
        }
        for wrong in ["", "M", "0", "-1k", "1.5M", "2000M", "99999999999999999999k"] {
            assert!(wrong.parse::<Size>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn less_speed_and_more_time_are_both_a_loss() {
        let rate = |figure| {
            let mut row = Row::beside("publishing", Unit::EventsASecond, "plain");
            row.round(figure, Some(100.0));
            row
        };
        let time = |figure| {
            let mut row = Row::alone("opening", Unit::Seconds);
            row.round(figure, None);
            row
        };
        let lost = rows((Size(1), &[rate(80.0), time(1.0)]), (Size(2), &[rate(40.0), time(4.0)]));
        let lost: Vec<_> = lost.iter().map(|row| (row.name.as_str(), row.rounds[0])).collect();
        assert_eq!(lost, [("ratio of publishing / plain, 1 to 2", 0.5), ("figure of opening, 1 to 2", 0.25)]);
    }
}
