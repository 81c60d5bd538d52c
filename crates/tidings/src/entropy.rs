//! The one home of randomness: the operating system's.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// Fresh random bytes.
///
/// # Panics
/// If the operating system has no randomness to give; nothing safe can be done then.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    #[expect(clippy::disallowed_methods, reason = "this is the home of randomness")]
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// Eight bytes that no other call in this process gets, and most likely none of another process. Unlike [`random`] they
/// can be guessed from those before, and cost nothing: for ids of requests, never for secrets.
pub fn distinct() -> [u8; 8] {
    static NEXT: LazyLock<AtomicU64> = LazyLock::new(|| AtomicU64::new(u64::from_le_bytes(random())));
    // Odd, so that it takes all values before one comes again; large, so that neighbours look different.
    const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
    NEXT.fetch_add(STEP, Ordering::Relaxed).to_le_bytes()
}

/// Lower-case hexadecimal digits of bytes.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        text.extend([byte >> 4, byte & 15].map(|digit| DIGITS[usize::from(digit)]));
    }
    text
}

/// The same randomness in the form that the `rsa` crate takes.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandom;

impl rsa::rand_core::RngCore for SystemRandom {
    fn next_u32(&mut self) -> u32 {
        u32::from_le_bytes(random())
    }

    fn next_u64(&mut self) -> u64 {
        u64::from_le_bytes(random())
    }

    fn fill_bytes(&mut self, to: &mut [u8]) {
        for part in to.chunks_mut(64) {
            part.copy_from_slice(&random::<64>()[..part.len()]);
        }
    }

    fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), rsa::rand_core::Error> {
        self.fill_bytes(to);
        Ok(())
    }
}

impl rsa::rand_core::CryptoRng for SystemRandom {}
