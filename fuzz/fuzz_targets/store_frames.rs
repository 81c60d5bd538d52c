//! The file of a partition that is not sealed.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| store::embedded::untrusted::frames(bytes));
