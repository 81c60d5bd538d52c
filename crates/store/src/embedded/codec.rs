//! Writing and reading numbers and short texts in files: little-endian, every read checked.

/// Appends a number.
pub(super) fn put_u16(out: &mut Vec<u8>, number: u16) {
    out.extend_from_slice(&number.to_le_bytes());
}

/// Appends a number.
pub(super) fn put_u32(out: &mut Vec<u8>, number: u32) {
    out.extend_from_slice(&number.to_le_bytes());
}

/// Appends a number.
pub(super) fn put_u64(out: &mut Vec<u8>, number: u64) {
    out.extend_from_slice(&number.to_le_bytes());
}

/// Appends a text of at most 255 bytes behind its length. Ids and type names are at most 64 (`feed::limits`).
pub(super) fn put_text(out: &mut Vec<u8>, text: &str) {
    let length = u8::try_from(text.len()).expect("ids and type names are short");
    out.push(length);
    out.extend_from_slice(text.as_bytes());
}

/// A length or count as four bytes. Everything counted here is bounded by a frame or a partition.
pub(super) fn count32(length: usize) -> u32 {
    u32::try_from(length).expect("frames and partitions are bounded far below 2^32")
}

/// An index into memory from four stored bytes.
pub(super) fn index(number: u32) -> usize {
    usize::try_from(number).expect("memory is addressed with 32 bits at least")
}

/// Reads from the front of some bytes; `None` as soon as they do not suffice.
#[derive(Debug, Clone)]
pub(super) struct Taker<'a>(pub(super) &'a [u8]);

impl<'a> Taker<'a> {
    pub(super) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.array().map(|[byte]| byte)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    pub(super) fn text(&mut self) -> Option<&'a str> {
        let length = self.u8()?;
        std::str::from_utf8(self.take(usize::from(length))?).ok()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A 64-bit fingerprint of some texts. It is part of the format: fingerprints are stored. Collisions are met by
/// comparing the texts themselves, so it needs to spread well, not to withstand an adversary.
pub(super) fn fingerprint(seed: u64, texts: &[&str]) -> u64 {
    const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut state = seed ^ MULTIPLIER;
    let mut mix = |word: u64| {
        state = (state ^ word).wrapping_mul(MULTIPLIER);
        state ^= state >> 29;
    };
    for text in texts {
        let mut words = text.as_bytes().chunks_exact(8);
        for word in &mut words {
            mix(u64::from_le_bytes(word.try_into().unwrap_or_default()));
        }
        let rest = words.remainder();
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        mix(u64::from_le_bytes(last));
        mix(text.len() as u64);
    }
    state = (state ^ (state >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    state ^ (state >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_are_part_of_the_format() {
        // If one of these changes, stores of released versions lose their indexes: raise the format version instead.
        let samples =
            [fingerprint(0, &[]), fingerprint(1, &["e1", "0123456789"]), fingerprint(2, &["e1", "0123456789"])];
        assert_eq!(samples, [0x17fb_89ee_9dca_b42a, 0x8a6c_6f7a_b9dd_8335, 0x2a50_e649_c19e_62a9]);
    }

    #[test]
    fn texts_do_not_run_into_each_other() {
        assert_ne!(fingerprint(0, &["ab", "c"]), fingerprint(0, &["a", "bc"]));
        assert_ne!(fingerprint(0, &["ab"]), fingerprint(0, &["ab\0"]));
    }

    #[test]
    fn reading_stops_where_the_bytes_do() {
        let mut out = Vec::new();
        put_u64(&mut out, 7);
        put_text(&mut out, "seven");
        let mut taker = Taker(&out);
        assert_eq!((taker.u64(), taker.text(), taker.u8()), (Some(7), Some("seven"), None));
        assert!(taker.is_empty());
        assert_eq!(Taker(&out[..12]).clone().take(13), None);
    }
}
