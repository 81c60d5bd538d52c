//! A block of renderings, as frames and sealed files hold it.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| store::embedded::untrusted::block(bytes));
