//! Times: which ones every reader parses, and when a deed was done.

use crate::intake::fault::{Checked, Fault};
use crate::intake::json::Text;
use crate::limits::CREATED_AHEAD_S_MAX;
use crate::time::{ReadTime, Second, WIRE_TIME_BYTES, is_wire_form};

/// Whether every reader parses a time that is passed on untouched: RFC 3339 with a real date, no fraction of a second
/// or exactly three digits of it, and an offset in numbers or `Z`.
pub(super) fn every_reader_parses(text: &str) -> bool {
    let bytes = text.as_bytes();
    let number = |at: usize, digits: usize| -> Option<u32> {
        bytes.get(at..at + digits)?.iter().try_fold(0, |n, b| Some(n * 10 + char::from(*b).to_digit(10)?))
    };
    let sign = |at: usize, wanted: u8| bytes.get(at) == Some(&wanted);
    let date_and_time = || -> Option<bool> {
        let (year, month, day) = (number(0, 4)?, number(5, 2)?, number(8, 2)?);
        let (hour, minute, second) = (number(11, 2)?, number(14, 2)?, number(17, 2)?);
        let signs = sign(4, b'-') && sign(7, b'-') && sign(10, b'T') && sign(13, b':') && sign(16, b':');
        Some(signs && year > 0 && (1..=days_of(year, month)).contains(&day) && hour < 24 && minute < 60 && second < 60)
    };
    let offset_at = if sign(19, b'.') {
        if number(20, 3).is_none() {
            return false;
        }
        23
    } else {
        19
    };
    let offset = match bytes.get(offset_at..) {
        Some(b"Z") => true,
        Some([b'+' | b'-', _, _, b':', _, _]) => {
            number(offset_at + 1, 2).is_some_and(|hours| hours <= 14)
                && number(offset_at + 4, 2).is_some_and(|minutes| minutes < 60)
        }
        _ => false,
    };
    offset && date_and_time() == Some(true)
}

fn days_of(year: u32, month: u32) -> u32 {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
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
        let second = ReadTime::parse(&value).map_err(|bad| Fault::new(format!("is wrong: {bad}")))?.second;
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
        let kept = if is_wire_form(&value) && every_reader_parses(&value) {
            <[u8; WIRE_TIME_BYTES]>::try_from(value.as_bytes()).ok()
        } else {
            None
        };
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
        fn what_passes_another_parser_reads(text in "2[0-9]{3}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9](\\.[0-9]{3})?(Z|[+-][01][0-9]:[0-5][0-9])") {
            prop_assert!(!every_reader_parses(&text) || text.parse::<jiff::Timestamp>().is_ok());
        }
    }
}
