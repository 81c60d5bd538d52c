//! Positions: places in a feed that fit every client (design, section 4; protocol, section 6).
//!
//! A position is a whole number from 1 to 2^53 − 1:
//!
//! ```text
//!  52                            21 20              2 1  0
//! ┌────────────────────────────────┬─────────────────┬────┐
//! │ seconds since 1970 (32 bits)   │ ordinal (19)    │ fam│
//! └────────────────────────────────┴─────────────────┴────┘
//! ```
//!
//! Ordinals count from 1 within a second, so that (second, 0) is "before everything of that second": a position
//! can be made from a time. The family says which line of positions it belongs to, so that a long poll knows which
//! feed a bare number means, and a position of another stream can be read sensibly instead of failing.

use crate::limits::{CREATED_AHEAD_S_MAX, SETTLING_DELAY_S_MAX};
use crate::time::Second;
use std::fmt;

/// The largest ordinal within a second.
pub const ORDINAL_MAX: u32 = (1 << 19) - 1;
/// The largest position: 2^53 − 1, the largest whole number that every JSON reader keeps exact.
pub const POSITION_MAX: u64 = (1 << 53) - 1;

/// A place in one line: a second and an ordinal within it. Readers stand *at* a place and are shown what lies
/// *after* it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Place {
    /// The second, by the line's own clock: of recording (arrival), of history, or of the deed (windows).
    pub second: Second,
    /// Which entry within the second, from 1; 0 is before them all. At most [`ORDINAL_MAX`].
    pub ordinal: u32,
}

impl Place {
    /// Before everything.
    pub const START: Place = Place { second: Second(0), ordinal: 0 };
    /// After everything.
    pub const END: Place = Place { second: Second::MAX, ordinal: ORDINAL_MAX };

    /// Before everything of this second.
    pub fn at(second: Second) -> Self {
        Place { second, ordinal: 0 }
    }

    /// The next place of the line, moving into the next second when this one is used up.
    #[must_use]
    pub fn next(self) -> Self {
        if self.ordinal < ORDINAL_MAX {
            Place { second: self.second, ordinal: self.ordinal + 1 }
        } else {
            Place { second: self.second.ahead(1), ordinal: 1 }
        }
    }

    /// The place as one number that sorts as places do (51 bits), for keepers.
    pub fn to_bits(self) -> u64 {
        u64::from(self.second.0) << 19 | u64::from(self.ordinal)
    }

    /// The place of a number made by [`Place::to_bits`].
    pub fn from_bits(bits: u64) -> Self {
        let low = |n: u64| u32::try_from(n & u64::from(u32::MAX)).unwrap_or(0);
        Place { second: Second(low(bits >> 19)), ordinal: low(bits & u64::from(ORDINAL_MAX)) }
    }
}

/// Which line a position belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Family {
    /// A closed time window, walked by true `created_at`; the ordinal is the rank within the second.
    Window = 0,
    /// A user's feed, in arrival order.
    User = 1,
    /// `admin_logs_streaming`, in arrival order.
    Streaming = 2,
    /// `admin_logs`, in history order.
    History = 3,
}

/// A position as readers get and send it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(u64);

impl Position {
    /// The position of a place in a line. It is never zero: [`Place::START`] of a window becomes the beginning of
    /// second 1, before which no event can lie.
    pub fn new(place: Place, family: Family) -> Self {
        let place = if family == Family::Window { place.max(Place::at(Second(1))) } else { place };
        Position(place.to_bits() << 2 | family as u64)
    }

    /// A position from its number.
    pub fn from_number(number: u64) -> Option<Self> {
        (1..=POSITION_MAX).contains(&number).then_some(Position(number))
    }

    /// The number that goes over the wire, from 1 to [`POSITION_MAX`].
    pub fn number(self) -> u64 {
        self.0
    }

    /// The place it stands for, in its own line.
    pub fn place(self) -> Place {
        Place::from_bits(self.0 >> 2)
    }

    /// The line it belongs to.
    pub fn family(self) -> Family {
        match self.0 & 3 {
            0 => Family::Window,
            1 => Family::User,
            2 => Family::Streaming,
            _ => Family::History,
        }
    }

    /// Where a reader who stands here must begin in **arrival order** to miss nothing: the same place for the two
    /// arrival lines; else back far enough to read a little again rather than skip.
    ///
    /// What such a reader has not seen was recorded at or after its history second, and at most
    /// [`CREATED_AHEAD_S_MAX`] before its `created_at`.
    pub fn in_arrival_order(self) -> Place {
        let place = self.place();
        match self.family() {
            Family::User | Family::Streaming => place,
            Family::History => Place::at(place.second),
            Family::Window => Place::at(place.second.back(CREATED_AHEAD_S_MAX)),
        }
    }

    /// Where a reader who stands here must begin in **history order** to miss nothing.
    ///
    /// A history second is at most the settling delay before recording, so a place of arrival goes back by the
    /// largest delay that may be configured; and it is at most [`CREATED_AHEAD_S_MAX`] before `created_at`.
    pub fn in_history_order(self) -> Place {
        let place = self.place();
        match self.family() {
            Family::History => place,
            Family::User | Family::Streaming => Place::at(place.second.back(SETTLING_DELAY_S_MAX)),
            Family::Window => Place::at(place.second.back(CREATED_AHEAD_S_MAX)),
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Where a read begins (protocol, section 6, "Special inputs").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// From the oldest event kept.
    Oldest,
    /// At the end: no entries, only the position.
    Now,
    /// After a position.
    After(Position),
}

/// A `stream_position` that is neither a position nor one of the words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadPosition(String);

impl fmt::Display for BadPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "stream_position '{}' is not a position: send back a next_stream_position, or 'now', or '0'",
            self.0.escape_debug()
        )
    }
}

impl std::error::Error for BadPosition {}

impl Start {
    /// Reads the query parameter. Besides digits it takes a quoted number and scientific notation of a whole number,
    /// which some pipelines make of large numbers. A number between 2^53 and 2^63 is a cursor of some other server;
    /// it is taken for the end of the line.
    ///
    /// # Errors
    /// [`BadPosition`] for words, signs, fractions, and numbers of 2^63 and above.
    pub fn parse(text: &str) -> Result<Self, BadPosition> {
        let trimmed = text.trim().trim_matches('"');
        match trimmed {
            "" | "null" => return Ok(Start::Oldest),
            "now" => return Ok(Start::Now),
            _ => {}
        }
        let number = whole_number(trimmed)
            .filter(|n| *n < 1 << 63)
            .ok_or_else(|| BadPosition(text.chars().take(40).collect()))?;
        Ok(match number {
            0 => Start::Oldest,
            n => Start::After(Position(n.min(POSITION_MAX))),
        })
    }
}

/// The whole number that a text of digits, or of scientific notation, stands for.
fn whole_number(text: &str) -> Option<u64> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => {
            let digits = exponent.strip_prefix('+').unwrap_or(exponent);
            // At most two digits: a larger exponent is beyond every position.
            if digits.is_empty() || digits.len() > 2 || !digits.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            (mantissa, digits.parse::<usize>().ok()?)
        }
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all_digits = whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit());
    if whole.is_empty() || !all_digits || mantissa.len() > 40 {
        return None;
    }
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() > exponent {
        return None;
    }
    let zeros = exponent - fraction.len();
    let mut number: u64 = 0;
    for digit in whole.bytes().chain(fraction.bytes()).chain(std::iter::repeat_n(b'0', zeros)) {
        number = number.checked_mul(10)?.checked_add(u64::from(digit - b'0'))?;
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn after(number: u64) -> Result<Start, BadPosition> {
        Ok(Start::After(Position::from_number(number).unwrap()))
    }

    #[test]
    fn reads_the_special_words_and_odd_numbers() {
        for text in ["", "0", "null", "\"0\"", "0.0", "0e5"] {
            assert_eq!(Start::parse(text), Ok(Start::Oldest), "{text}");
        }
        assert_eq!(Start::parse("now"), Ok(Start::Now));
        assert_eq!(Start::parse("41207"), after(41_207));
        assert_eq!(Start::parse("\"41207\""), after(41_207));
        assert_eq!(Start::parse("1.152E+15"), after(1_152_000_000_000_000));
        assert_eq!(Start::parse("1.1529215046068e13"), after(11_529_215_046_068));
        assert_eq!(Start::parse("0041207"), after(41_207));
        // A cursor of the real service lies above 2^53: it is beyond the end of any line here.
        assert_eq!(Start::parse("1152923112629260788"), after(POSITION_MAX));
    }

    #[test]
    fn refuses_what_is_no_position() {
        for text in [
            "-1",
            "+1",
            "abc",
            "1.5",
            "1e",
            "e5",
            "1e-3",
            "1e999",
            ".",
            "9223372036854775808",
            "99999999999999999999999",
            "1_000",
            "0x10",
            "NOW",
        ] {
            assert!(Start::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn nothing_yet_is_never_zero() {
        for family in [Family::Window, Family::User, Family::Streaming, Family::History] {
            assert!(Position::new(Place::START, family).number() > 0, "{family:?}");
        }
    }

    #[test]
    fn a_full_second_runs_on_into_the_next() {
        let full = Place { second: Second(7), ordinal: ORDINAL_MAX };
        assert_eq!(full.next(), Place { second: Second(8), ordinal: 1 });
    }

    proptest! {
        #[test]
        fn a_position_keeps_its_place_and_family(second in 1u32.., ordinal in 0..=ORDINAL_MAX, family in 0..4u8) {
            let family = [Family::Window, Family::User, Family::Streaming, Family::History][usize::from(family)];
            let place = Place { second: Second(second), ordinal };
            let position = Position::new(place, family);
            prop_assert_eq!(position.place(), place);
            prop_assert_eq!(position.family(), family);
            prop_assert!(position.number() <= POSITION_MAX);
            prop_assert_eq!(Start::parse(&position.to_string()), Ok(Start::After(position)));
        }

        #[test]
        fn positions_sort_as_places(a in any::<u32>(), b in 0..=ORDINAL_MAX, c in any::<u32>(), d in 0..=ORDINAL_MAX) {
            let x = Place { second: Second(a), ordinal: b };
            let y = Place { second: Second(c), ordinal: d };
            let user = |place| Position::new(place, Family::User);
            prop_assert_eq!(x.cmp(&y), user(x).cmp(&user(y)));
        }

        #[test]
        fn reading_never_panics(text in ".{0,40}") {
            let _ = Start::parse(&text);
        }
    }
}
