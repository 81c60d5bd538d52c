//! A filter by event type as a query gives it.

#![no_main]

use feed::event::EventType;
use feed::filter::TypeFilter;

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(filter) = TypeFilter::parse(text) {
        assert!(filter.wanted().is_sorted());
        for name in text.split(',').filter_map(|name| EventType::new(name.trim()).ok()) {
            assert!(filter.takes(&name));
        }
    }
});
