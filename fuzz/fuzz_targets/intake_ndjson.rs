//! The body of a publish as NDJSON.

#![no_main]

use feed::intake::Format;

mod intake_check;

libfuzzer_sys::fuzz_target!(|body: &[u8]| intake_check::check(body, Format::Ndjson));
