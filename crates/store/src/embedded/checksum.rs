//! The checksum of everything in files: CRC-32C. Every rendering is checked each time it is read, and what is published
//! several times over, so it has to be fast for a few hundred bytes as well as for many.

use crc_fast::{CrcAlgorithm, Digest};

/// The checksum of some bytes.
pub(super) fn checksum(bytes: &[u8]) -> u32 {
    of_32_bits(crc_fast::checksum(CrcAlgorithm::Crc32Iscsi, bytes))
}

/// The checksum of two stretches of bytes as if they were one.
pub(super) fn checksum_of_both(first: &[u8], second: &[u8]) -> u32 {
    let mut both = Running::new();
    both.add(first);
    both.add(second);
    both.value()
}

/// The checksum of what comes stretch by stretch.
#[derive(Debug)]
pub(super) struct Running(Digest);

impl Running {
    /// That of nothing yet.
    pub(super) fn new() -> Self {
        Running(Digest::new(CrcAlgorithm::Crc32Iscsi))
    }

    /// Goes on with these bytes.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The checksum of all bytes so far.
    pub(super) fn value(&self) -> u32 {
        of_32_bits(self.0.finalize())
    }
}

/// The library gives checksums of every width as 64 bits.
fn of_32_bits(checksum: u64) -> u32 {
    (checksum & u64::from(u32::MAX)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_that_of_the_standard() {
        // RFC 3720, appendix B.4, and the check value that every table of such checksums has.
        assert_eq!(checksum(&[0; 32]), 0x8a91_36aa);
        assert_eq!(checksum(&[0xff; 32]), 0x62a8_ab43);
        assert_eq!(checksum(b"123456789"), 0xe306_9283);
        assert_eq!(checksum(b""), 0);
    }

    #[test]
    fn two_stretches_are_as_one_wherever_they_are_cut() {
        let bytes: Vec<u8> = (0..2_000u32).map(|n| ((n * 31) >> 2) as u8).collect();
        // Bit by bit, as the polynomial says.
        let plain = |bytes: &[u8]| {
            let step = |crc: u32| if crc & 1 == 1 { (crc >> 1) ^ 0x82f6_3b78 } else { crc >> 1 };
            !bytes.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| step(crc)))
        };
        for length in [1, 7, 8, 63, 64, 255, 256, 600, 1_400, 2_000] {
            let expected = plain(&bytes[..length]);
            assert_eq!(checksum(&bytes[..length]), expected, "{length}");
            for cut in [0, 1, length / 2, length] {
                assert_eq!(checksum_of_both(&bytes[..cut], &bytes[cut..length]), expected, "{cut} of {length}");
            }
        }
    }
}
