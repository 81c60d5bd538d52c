//! The two files of a sealed half partition. The first two bytes say which kind and in what its blocks lie, and how long
//! that file is.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some(([kind, length], rest)) = bytes.split_first_chunk::<2>() else { return };
    let (data, index) = rest.split_at((usize::from(*length) * 16).min(rest.len()));
    store::embedded::untrusted::half(kind % 2 == 1, kind & 2 != 0, data, index);
});
