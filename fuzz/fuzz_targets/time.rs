//! A time as a query or a draft gives it.

#![no_main]

use feed::time::{ReadTime, is_wire_form};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let wire = is_wire_form(text);
    if let Ok(time) = ReadTime::parse(text) {
        let written = time.second.to_string();
        assert!(is_wire_form(&written));
        assert_eq!(ReadTime::parse(&written).expect("what is written is read").second, time.second);
        assert!(!wire || !time.fraction);
        assert!(time.as_bound() >= time.second);
    }
});
