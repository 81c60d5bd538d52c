//! A file about the directory: a snapshot or notes. The first byte says which, and whether checksums are made right.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((which, rest)) = bytes.split_first() else { return };
    store::embedded::untrusted::directory(which & 1 == 1, which & 2 == 2, rest);
});
