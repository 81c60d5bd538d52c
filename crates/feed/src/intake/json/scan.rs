//! Strings and numbers, byte by byte.

use super::{Reader, Text};
use crate::intake::fault::{Checked, Fault};

impl<'a> Reader<'a> {
    /// Reads a number at whose first byte the place is, as [`Reader::kind`] has told.
    pub(in crate::intake) fn digits(&mut self) -> Checked<&'a str> {
        let start = *self;
        let bytes = self.text.as_bytes();
        let run = |at: &mut usize| {
            let from = *at;
            while bytes.get(*at).is_some_and(u8::is_ascii_digit) {
                *at += 1;
            }
            *at > from
        };
        if bytes.get(self.at) == Some(&b'-') {
            self.at += 1;
        }
        let whole = if bytes.get(self.at) == Some(&b'0') {
            self.at += 1;
            true
        } else {
            run(&mut self.at)
        };
        let mut good = whole;
        if good && bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            good = run(&mut self.at);
        }
        let mut exponent = false;
        if good && matches!(bytes.get(self.at), Some(b'e' | b'E')) {
            exponent = true;
            self.at += 1;
            if matches!(bytes.get(self.at), Some(b'+' | b'-')) {
                self.at += 1;
            }
            good = run(&mut self.at);
        }
        if !good {
            return Err(self.not_json("a digit"));
        }
        let number = self.since(start);
        // Some readers fail on a number beyond the range of a double; only an exponent or a great length gets there.
        if (exponent || number.len() > 300) && !number.parse::<f64>().is_ok_and(f64::is_finite) {
            return Err(Fault::new("is a number beyond the range of a double; write it as a string"));
        }
        Ok(number)
    }

    /// Reads a string at whose opening quote the place is, as [`Reader::kind`] has told.
    #[inline]
    pub(in crate::intake) fn string(&mut self) -> Checked<Text<'a>> {
        let start = *self;
        let bytes = self.text.as_bytes();
        self.at += 1;
        self.at += ordinary(&bytes[self.at..]);
        if bytes.get(self.at) != Some(&b'"') {
            return self.rest_of_string(start);
        }
        self.at += 1;
        Ok(Text { raw: self.since(start), plain: true })
    }

    /// Reads on in a string at what is no ordinary byte of one.
    #[cold]
    fn rest_of_string(&mut self, start: Reader<'a>) -> Checked<Text<'a>> {
        let bytes = self.text.as_bytes();
        loop {
            match bytes.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Text { raw: self.since(start), plain: false });
                }
                Some(b'\\') => self.escape()?,
                Some(_) => return Err(self.not_json("an escape in place of a control character")),
                None => return Err(self.not_json("the closing quote of a string")),
            }
            self.at += ordinary(&bytes[self.at..]);
        }
    }

    /// Reads an escape at whose backslash the place is.
    #[cold]
    fn escape(&mut self) -> Checked<()> {
        match self.text.as_bytes().get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.at += 2;
                Ok(())
            }
            Some(b'u') => {
                let unit = self.code_unit()?;
                let low = 0xDC00..=0xDFFF;
                let paired = match unit {
                    0xD800..=0xDBFF => {
                        self.text.as_bytes()[self.at..].starts_with(b"\\u") && low.contains(&self.code_unit()?)
                    }
                    unit => !low.contains(&unit),
                };
                if paired {
                    Ok(())
                } else {
                    Err(Fault::new(format!(
                        "holds \\u{unit:04x}, half of a surrogate pair, which stands for no character; \
                         write the character itself or both halves"
                    )))
                }
            }
            _ => Err(self.not_json("an escape that JSON knows")),
        }
    }

    /// Reads the `\uXXXX` at which the place is.
    fn code_unit(&mut self) -> Checked<u32> {
        let digits = self.text.as_bytes().get(self.at + 2..self.at + 6).unwrap_or_default();
        let unit = digits.iter().try_fold(0, |unit, digit| Some(unit << 4 | char::from(*digit).to_digit(16)?));
        match unit {
            Some(unit) if digits.len() == 4 => {
                self.at += 6;
                Ok(unit)
            }
            _ => Err(self.not_json("four hexadecimal digits after \\u")),
        }
    }
}

/// How many bytes of a string come before one that needs a closer look: a quote, a backslash, a control character.
///
/// Looks at eight bytes at a time. Subtracting `n` from each byte borrows from its highest bit if it is below `n`;
/// bytes beyond ASCII have that bit set from the start and are left out by `!word`. A borrow may reach into higher
/// bytes, so only the lowest bit found is exact, and it is the only one looked at. Flipping bit 1 brings the quote
/// (0x22) right above the control characters (below 0x20), so that one subtraction finds both.
#[inline]
fn ordinary(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGHS: u64 = ONES << 7;
    let (chunks, rest) = bytes.as_chunks::<8>();
    for (index, chunk) in chunks.iter().enumerate() {
        let word = u64::from_le_bytes(*chunk);
        let quote_or_control = (word ^ (ONES * 0x02)).wrapping_sub(ONES * 0x21);
        let backslash = (word ^ (ONES * 0x5c)).wrapping_sub(ONES);
        let special = (quote_or_control | backslash) & !word & HIGHS;
        if special != 0 {
            return index * 8 + (special.trailing_zeros() / 8) as usize;
        }
    }
    let before = bytes.len() - rest.len();
    before + rest.iter().position(|byte| matches!(byte, 0..0x20 | b'"' | b'\\')).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_first_byte_that_needs_a_look_wherever_it_lies() {
        for special in [b'"', b'\\', 0, 0x1f] {
            for before in 0..40 {
                let mut bytes = vec![0x7f; 48];
                bytes[before] = special;
                bytes[before + 1] = b'"';
                assert_eq!(ordinary(&bytes), before);
            }
        }
        for byte in 0..=u8::MAX {
            let special = byte < 0x20 || byte == b'"' || byte == b'\\';
            assert_eq!(ordinary(&[byte; 9]), if special { 0 } else { 9 }, "{byte:#x}");
        }
        assert_eq!(ordinary("é\u{ff}ß — 語 ü!#[]".as_bytes()), "é\u{ff}ß — 語 ü!#[]".len());
    }
}
