//! Seconds, and the forms in which they go over the wire (protocol, section 3 "Times" and section 7).
//!
//! The wire shows whole seconds with a numeric offset, so the program counts in whole seconds since 1970.
//! Reading is lenient, because clients write times in many styles; writing is one form only.

use jiff::{Timestamp, civil, tz};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A point in time: whole seconds since 1970-01-01T00:00:00Z, up to the year 2106.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Second(pub u32);

/// A time that could not be read, or lies outside 1970 to 2106.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadTime(String);

impl fmt::Display for BadTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}' is not a time such as 2025-05-14T02:09:05-07:00 between 1970 and 2106", self.0.escape_debug())
    }
}

impl std::error::Error for BadTime {}

/// Length of a time as [`Second::to_wire`] writes it, in bytes.
pub const WIRE_TIME_BYTES: usize = 25;

impl Second {
    /// The last second there is.
    pub const MAX: Second = Second(u32::MAX);

    /// This second less `seconds`, not below zero.
    #[must_use]
    pub fn back(self, seconds: u32) -> Self {
        Second(self.0.saturating_sub(seconds))
    }

    /// This second and `seconds` more, not beyond the last.
    #[must_use]
    pub fn ahead(self, seconds: u32) -> Self {
        Second(self.0.saturating_add(seconds))
    }

    /// Writes it as `2025-05-14T09:09:05+00:00`: numeric offset, whole seconds, never `Z` (protocol, section 3).
    pub fn to_wire(self) -> [u8; WIRE_TIME_BYTES] {
        let (year, month, day) = civil_of_days(self.0 / 86_400);
        let of_day = self.0 % 86_400;
        let mut out = *b"0000-00-00T00:00:00+00:00";
        put(&mut out[0..4], year);
        put(&mut out[5..7], month);
        put(&mut out[8..10], day);
        put(&mut out[11..13], of_day / 3_600);
        put(&mut out[14..16], of_day / 60 % 60);
        put(&mut out[17..19], of_day % 60);
        out
    }

    /// The day it lies in, counted from 1970-01-01 in UTC.
    pub fn day(self) -> u32 {
        self.0 / 86_400
    }
}

impl fmt::Display for Second {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.to_wire()))
    }
}

/// Writes `number` in decimal, right-aligned, over all of `place`.
fn put(place: &mut [u8], mut number: u32) {
    for digit in place.iter_mut().rev() {
        *digit = b'0' + u8::try_from(number % 10).unwrap_or(0);
        number /= 10;
    }
}

/// Year, month and day of a count of days since 1970 (proleptic Gregorian, era of 400 years from March).
fn civil_of_days(days: u32) -> (u32, u32, u32) {
    let z = days + 719_468;
    let era = z / 146_097;
    let day_of_era = z % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + u32::from(month <= 2);
    (year, month, day)
}

/// A time as read from a request or a draft: the second, and whether a fraction was cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadTime {
    /// The whole second at or before the time.
    pub second: Second,
    /// Whether the time had a fraction other than zero.
    pub fraction: bool,
}

impl ReadTime {
    /// Reads RFC 3339 and the odd forms that clients send: `Z`, any numeric offset, 0 to 9 digits of fraction,
    /// a blank where a `+` was lost in a query, no offset at all (UTC), and a bare date (midnight UTC).
    ///
    /// # Errors
    /// [`BadTime`] when it is none of these or lies outside 1970 to 2106.
    pub fn parse(text: &str) -> Result<Self, BadTime> {
        let wrong = || BadTime(text.chars().take(60).collect());
        let trimmed = text.trim();
        if trimmed.len() > 40 || !trimmed.is_ascii() {
            return Err(wrong());
        }
        let timestamp = instant(trimmed).ok_or_else(wrong)?;
        let second = u32::try_from(timestamp.as_nanosecond().div_euclid(1_000_000_000)).map_err(|_| wrong())?;
        Ok(ReadTime { second: Second(second), fraction: timestamp.subsec_nanosecond() != 0 })
    }

    /// As a bound of a window. Stored times have whole seconds, so a bound with a fraction is compared as the
    /// next whole second, for a lower (inclusive) as for an upper (exclusive) bound: adjoining windows then
    /// neither overlap nor leave a gap.
    pub fn as_bound(self) -> Second {
        self.second.ahead(u32::from(self.fraction))
    }
}

/// The instant that a text of 40 ASCII characters at most stands for.
fn instant(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    if bytes.len() == 10 {
        let date: civil::Date = text.parse().ok()?;
        return date.to_zoned(tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    }
    // A date and a time are at least 16 bytes ("2025-05-14T02:09"); what follows decides about the offset.
    if bytes.len() < 16 || !matches!(bytes[10], b'T' | b't' | b' ') {
        return None;
    }
    let tail = &text[16..];
    if tail.ends_with(['Z', 'z']) {
        return text.parse().ok();
    }
    if let Some(at) = tail.find(['+', '-', ' ']) {
        let (local, offset) = text.split_at(16 + at);
        let sign = if offset.starts_with('-') { '-' } else { '+' };
        return format!("{local}{sign}{}", &offset[1..]).parse().ok();
    }
    let local: civil::DateTime = text.parse().ok()?;
    local.to_zoned(tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

/// Whether a time may go to readers as it stands: `2025-05-14T02:09:05-07:00`, whole seconds, a numeric offset of
/// whole hours (the legacy Java parser reads only the hours). Anything else is rewritten.
pub fn is_wire_form(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == WIRE_TIME_BYTES
        && bytes.iter().enumerate().all(|(i, b)| match i {
            4 | 7 => *b == b'-',
            10 => *b == b'T',
            13 | 16 | 22 => *b == b':',
            19 => matches!(b, b'+' | b'-'),
            23 | 24 => *b == b'0',
            _ => b.is_ascii_digit(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Option<u32> {
        ReadTime::parse(text).ok().map(|time| time.second.0)
    }

    #[test]
    fn reads_every_form_that_clients_send() {
        let wanted = Some(1_747_213_200);
        for text in [
            "2025-05-14T09:00:00Z",
            "2025-05-14T09:00:00+00:00",
            "2025-05-14T09:00:00-00:00",
            "2025-05-14T02:00:00-07:00",
            "2025-05-14T14:30:00+05:30",
            "2025-05-14T14:30:00 05:30",
            "2025-05-14T09:00:00",
            "2025-05-14T09:00:00.000Z",
            "2025-05-14T09:00:00.123456",
            "2025-05-14T09:00:00.999999Z",
            "2025-05-14T09:00:00.123+00:00",
        ] {
            assert_eq!(read(text), wanted, "{text}");
        }
        assert_eq!(read("2025-05-14"), Some(1_747_180_800));
        assert_eq!(read("1970-01-01T00:00:00Z"), Some(0));
    }

    #[test]
    fn refuses_what_is_no_time() {
        for text in [
            "",
            "yesterday",
            "2025-05-14T25:00:00Z",
            "2025-13-01",
            "1969-12-31T23:59:59Z",
            "2200-01-01T00:00:00Z",
            "1747213200",
            "2025-05-14T09:00:00é",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn a_bound_with_a_fraction_is_the_next_second() {
        let at = |text| ReadTime::parse(text).unwrap().as_bound().0;
        assert_eq!(at("1970-01-01T00:00:05Z"), 5);
        assert_eq!(at("1970-01-01T00:00:05.000Z"), 5);
        assert_eq!(at("1970-01-01T00:00:05.001Z"), 6);
    }

    #[test]
    fn only_the_safe_form_is_kept() {
        assert!(is_wire_form("2025-05-14T02:09:05-07:00"));
        for text in [
            "2025-05-14T02:09:05Z",
            "2025-05-14T02:09:05+05:30",
            "2025-05-14T02:09:05.000-07:00",
            "2025-05-14 02:09:05-07:00",
        ] {
            assert!(!is_wire_form(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(second: u32) {
            let text = Second(second).to_string();
            prop_assert!(is_wire_form(&text));
            prop_assert_eq!(read(&text), Some(second));
        }

        #[test]
        fn reading_never_panics(text in ".{0,50}") {
            let _ = ReadTime::parse(&text);
        }
    }
}
