//! A position as a query gives it.

#![no_main]

use feed::position::{POSITION_MAX, Place, Position, Start};

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(Start::After(position)) = Start::parse(text) {
        assert!((1..=POSITION_MAX).contains(&position.number()));
        assert_eq!(Position::from_number(position.number()), Some(position));
        let place = position.place();
        assert_eq!(Place::from_bits(place.to_bits()), place);
        assert!(position.in_arrival_order() <= Place::END && position.in_history_order() <= Place::END);
        assert_eq!(Start::parse(&position.number().to_string()), Ok(Start::After(position)));
    }
});
