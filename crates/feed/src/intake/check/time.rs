//! Times: which ones every reader parses, and when a deed was done.

use crate::intake::fault::{Checked, Fault};
use crate::intake::json::Text;
use crate::limits::CREATED_AHEAD_S_MAX;
use crate::time::{ReadTime, Second, WIRE_TIME_BYTES, is_wire_form};
use std::ops::Range;

/// Whether every reader parses a time that is passed on untouched.
pub(super) fn every_reader_parses(text: &str) -> bool {
    seconds_of(text).is_some()
}

/// The time in a form that every reader parses, in seconds since 1970: RFC 3339 with a real date, no fraction of a
/// second or exactly three digits of it, and an offset in numbers or `Z`. `None` for any other form.
///
/// Events hold several of these, so it looks at the bytes itself.
fn seconds_of(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let number = |range: Range<usize>| -> Option<i64> {
        let mut number = 0;
        for byte in bytes.get(range)? {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                return None;
            }
            number = number * 10 + i64::from(digit);
        }
        Some(number)
    };
    let [_, _, _, _, b'-', _, _, b'-', _, _, b'T', _, _, b':', _, _, b':', _, _, tail @ ..] = bytes else {
        return None;
    };
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
    let offset_at = if tail.first() == Some(&b'.') {
        number(20..23)?;
        23
    } else {
        19
    };
    let offset = match bytes.get(offset_at..)? {
        b"Z" => 0,
        [sign @ (b'+' | b'-'), _, _, b':', _, _] => {
            let (hours, minutes) = (number(offset_at + 1..offset_at + 3)?, number(offset_at + 4..offset_at + 6)?);
            if hours > 14 || minutes > 59 {
                return None;
            }
            let offset = hours * 3_600 + minutes * 60;
            if *sign == b'-' { -offset } else { offset }
        }
        _ => return None,
    };
    if year == 0 || !(1..=days_of(year, month)).contains(&day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    Some(days_since_1970(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second - offset)
}

/// Counts days in years that begin in March, so that the leap day is the last of its year.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    year * 365 + year / 4 - year / 100 + year / 400 + day_of_year - 719_468
}

fn days_of(year: i64, month: i64) -> i64 {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 0,
    }
}

/// When a deed was done: for sorting, and as readers get it.
#[derive(Debug, Clone, Copy)]
pub(in crate::intake) struct Moment {
    pub(in crate::intake) second: Second,
    pub(in crate::intake) wire: [u8; WIRE_TIME_BYTES],
    /// Whether the draft gave none and the server put in the time of intake.
    pub(in crate::intake) filled: bool,
}

impl Moment {
    /// The time of intake, for a draft that gives none.
    pub(in crate::intake) fn filled(now: Second) -> Self {
        Moment { second: now, wire: now.to_wire(), filled: true }
    }

    /// Reads `created_at`. It is kept as it stands if every reader parses that form, else written in UTC.
    pub(in crate::intake) fn read(text: Text<'_>, now: Second) -> Checked<Self> {
        let value = text.value();
        let known = if is_wire_form(&value) { seconds_of(&value) } else { None };
        let second = match known.and_then(|seconds| u32::try_from(seconds).ok()) {
            Some(second) => Second(second),
            None => ReadTime::parse(&value).map_err(|bad| Fault::new(format!("is wrong: {bad}")))?.second,
        };
        if second == Second(0) {
            return Err(Fault::new(
                "is 1970-01-01T00:00:00Z, the time that stands for none; give the time of the deed",
            ));
        }
        let ahead = second.0.saturating_sub(now.0);
        if ahead > CREATED_AHEAD_S_MAX {
            return Err(Fault::new(format!(
                "lies {ahead} s after the server's time, {now}; at most {CREATED_AHEAD_S_MAX} s are taken; \
                 check the publisher's clock"
            )));
        }
        let kept = known.and_then(|_| <[u8; WIRE_TIME_BYTES]>::try_from(value.as_bytes()).ok());
        Ok(Moment { second, wire: kept.unwrap_or_else(|| second.to_wire()), filled: false })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_times_that_every_reader_parses_pass() {
        for good in [
            "2025-05-14T02:09:05-07:00",
            "2024-02-29T23:59:59.123+05:30",
            "2025-05-14T02:09:05Z",
            "0001-01-01T00:00:00+14:00",
        ] {
            assert!(every_reader_parses(good), "{good}");
        }
        for bad in [
            "",
            "2025-05-14",
            "2025-05-14T02:09:05",
            "2025-05-14 02:09:05Z",
            "2025-05-14T02:09:05z",
            "2025-05-14T02:09:05.1Z",
            "2025-05-14T02:09:05.1234Z",
            "2025-05-14T02:09:60Z",
            "2025-05-14T24:00:00Z",
            "2025-02-29T02:09:05Z",
            "2025-13-01T02:09:05Z",
            "2025-00-01T02:09:05Z",
            "2025-05-14T02:09:05+15:00",
            "2025-05-14T02:09:05+0700",
            "2025-05-14T02:09:05+07:00x",
            "1747213200",
            "2025-05-14T02:09:05é",
        ] {
            assert!(!every_reader_parses(bad), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_passes_another_parser_reads_the_same(
            text in "[0-2][0-9]{3}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9](\\.[0-9]{3})?(Z|[+-][01][0-9]:[0-5][0-9])"
        ) {
            if let Some(seconds) = seconds_of(&text) {
                let there: jiff::Timestamp = text.parse().unwrap();
                prop_assert_eq!(seconds, there.as_nanosecond().div_euclid(1_000_000_000) as i64);
            }
        }
    }
}
