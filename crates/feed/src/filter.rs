//! The filter by event type (protocol, section 8).

use crate::event::EventType;
use crate::limits::FILTER_TYPES_MAX;
use std::fmt;

/// The event types a reader of an enterprise stream wants; none means all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TypeFilter {
    wanted: Vec<EventType>,
    only: bool,
}

/// More types in one filter than `limits` allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TooManyTypes;

impl fmt::Display for TooManyTypes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "event_type names more than {FILTER_TYPES_MAX} types")
    }
}

impl std::error::Error for TooManyTypes {}

/// The published lists disagree about the spelling of this one; a filter with either matches both.
const SPELT_TWO_WAYS: [&str; 2] = ["SIGN_DOCUMENT_VIEWED_BY_SIGNED", "SIGN_DOCUMENT_VIEWED_BY_SIGNER"];

impl TypeFilter {
    /// Reads a comma-separated list: blanks trimmed, empty parts dropped, an empty list means no filter. A name that
    /// no event can have matches nothing, like any unknown name.
    ///
    /// # Errors
    /// [`TooManyTypes`] beyond the bound in `limits`.
    pub fn parse(text: &str) -> Result<Self, TooManyTypes> {
        let mut filter = TypeFilter::default();
        for (count, name) in text.split(',').map(str::trim).filter(|name| !name.is_empty()).enumerate() {
            if count == FILTER_TYPES_MAX {
                return Err(TooManyTypes);
            }
            filter.only = true;
            let both = SPELT_TWO_WAYS.contains(&name);
            let names = if both { &SPELT_TWO_WAYS[..] } else { std::slice::from_ref(&name) };
            filter.wanted.extend(names.iter().filter_map(|name| EventType::new(name).ok()));
        }
        filter.wanted.sort();
        filter.wanted.dedup();
        Ok(filter)
    }

    /// Only these types; none means all.
    pub fn only(types: &[EventType]) -> Self {
        let both = types.iter().any(|name| SPELT_TWO_WAYS.contains(&name.as_str()));
        let spelt = if both { &SPELT_TWO_WAYS[..] } else { &[] };
        let spelt = spelt.iter().filter_map(|name| EventType::new(name).ok());
        let mut wanted: Vec<EventType> = types.iter().cloned().chain(spelt).collect();
        wanted.sort();
        wanted.dedup();
        TypeFilter { only: !wanted.is_empty(), wanted }
    }

    /// Whether every type passes.
    pub fn takes_all(&self) -> bool {
        !self.only
    }

    /// Whether events of this type pass.
    pub fn takes(&self, event_type: &EventType) -> bool {
        self.takes_all() || self.wanted.binary_search(event_type).is_ok()
    }

    /// The types wanted, sorted; to be asked only if not [`TypeFilter::takes_all`].
    pub fn wanted(&self) -> &[EventType] {
        &self.wanted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn takes(filter: &str, name: &str) -> bool {
        TypeFilter::parse(filter).unwrap().takes(&EventType::new(name).unwrap())
    }

    #[test]
    fn an_empty_list_is_no_filter() {
        for text in ["", " ", ",", " , ,"] {
            assert!(TypeFilter::parse(text).unwrap().takes_all(), "{text:?}");
        }
    }

    #[test]
    fn names_are_exact_and_unknown_ones_match_nothing() {
        assert!(takes("LOGIN, FAILED_LOGIN", "FAILED_LOGIN"));
        assert!(!takes("LOGIN", "FAILED_LOGIN"));
        assert!(!takes("login", "LOGIN"));
        assert!(!takes("NO_SUCH_TYPE", "LOGIN"));
        assert!(!takes("é", "LOGIN"));
    }

    #[test]
    fn a_type_spelt_two_ways_matches_both_ways() {
        assert!(takes("SIGN_DOCUMENT_VIEWED_BY_SIGNED", "SIGN_DOCUMENT_VIEWED_BY_SIGNER"));
        assert!(takes("SIGN_DOCUMENT_VIEWED_BY_SIGNER", "SIGN_DOCUMENT_VIEWED_BY_SIGNED"));
    }

    #[test]
    fn a_filter_has_its_bound() {
        assert!(TypeFilter::parse(&"A,".repeat(1_000)).is_ok());
        assert_eq!(TypeFilter::parse(&"A,".repeat(1_001)), Err(TooManyTypes));
    }
}
