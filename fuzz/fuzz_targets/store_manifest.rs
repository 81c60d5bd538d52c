//! The manifest of a store.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| store::embedded::untrusted::manifest(bytes));
