//! A block whose renderings are compressed one by one. The first byte says how long the dictionary is.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((length, rest)) = bytes.split_first() else { return };
    let (dictionary, packed) = rest.split_at(usize::from(*length).min(rest.len()));
    store::embedded::untrusted::packed(dictionary, packed);
});
