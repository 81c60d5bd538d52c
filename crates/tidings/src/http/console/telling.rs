//! Times and numbers in words. Every number has its unit; every time names its zone.
//!
//! Pages are sent with times in UTC; the script of the page shows them in the reader's own zone and leaves the exact UTC
//! in the title.

use feed::time::Second;
use std::fmt;

/// A point in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment(pub Second);

impl Moment {
    /// For the `datetime` of a `time` element.
    pub fn machine(&self) -> String {
        format!("{}Z", &self.0.to_string()[..19])
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string();
        write!(f, "{} {} UTC", &text[..10], &text[11..19])
    }
}

/// A second; templates have theirs by reference.
pub trait At {
    /// The second.
    fn at(&self) -> Second;
}

impl At for Second {
    fn at(&self) -> Second {
        *self
    }
}

impl<S: At> At for &S {
    fn at(&self) -> Second {
        (**self).at()
    }
}

/// The moment of a second.
pub fn moment(second: impl At) -> Moment {
    Moment(second.at())
}

/// A whole number of any type; templates have theirs by reference.
pub trait Amount {
    /// The number.
    fn amount(&self) -> u64;
}

impl Amount for u64 {
    fn amount(&self) -> u64 {
        *self
    }
}

impl Amount for u32 {
    fn amount(&self) -> u64 {
        u64::from(*self)
    }
}

impl Amount for usize {
    fn amount(&self) -> u64 {
        *self as u64
    }
}

impl<N: Amount> Amount for &N {
    fn amount(&self) -> u64 {
        (**self).amount()
    }
}

/// A whole number with its thousands apart.
pub fn number(of: impl Amount) -> String {
    let digits = of.amount().to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

/// So many of something: `1 event`, `2 events`.
pub fn count(of: impl Amount, one: &str) -> String {
    let plural = if of.amount() == 1 { "" } else { "s" };
    format!("{} {one}{plural}", number(of))
}

/// Bytes in the unit that suits them.
pub fn bytes(of: impl Amount) -> String {
    let of = of.amount();
    const UNITS: [(&str, u64); 4] =
        [("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)];
    match UNITS.into_iter().find(|(_, size)| *size <= of) {
        Some((unit, size)) => format!("{}.{} {unit}", number(of / size), of % size * 10 / size),
        None => count(of, "byte"),
    }
}

/// A span of time in its two largest units.
pub fn span(seconds: u64) -> String {
    let parts = [(seconds / 86_400, "d"), (seconds / 3_600 % 24, "h"), (seconds / 60 % 60, "min"), (seconds % 60, "s")];
    let first = parts.iter().position(|(count, _)| *count > 0).unwrap_or(3);
    let shown = parts.iter().skip(first).take(2).filter(|(count, _)| *count > 0);
    let words: Vec<String> = shown.map(|(count, unit)| format!("{count} {unit}")).collect();
    if words.is_empty() { "0 s".to_owned() } else { words.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_name_their_zone() {
        let moment = Moment(Second(1_750_000_000));
        assert_eq!(moment.to_string(), "2025-06-15 15:06:40 UTC");
        assert_eq!(moment.machine(), "2025-06-15T15:06:40Z");
    }

    #[test]
    fn numbers_have_units() {
        assert_eq!(number(1_234_567_u64), "1\u{202f}234\u{202f}567");
        assert_eq!(number(12_u32), "12");
        assert_eq!((count(1_usize, "event"), count(0_u64, "event")), ("1 event".to_owned(), "0 events".to_owned()));
        assert_eq!(
            (bytes(999_u64), bytes(1_550_u64), bytes(12_000_000_u64)),
            ("999 bytes".into(), "1.5 kB".into(), "12.0 MB".into())
        );
        assert_eq!([0, 59, 60, 3_661, 90_000].map(span), ["0 s", "59 s", "1 min", "1 h 1 min", "1 d 1 h"]);
    }
}
