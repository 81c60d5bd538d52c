//! What is asked of the history of an enterprise: filters over everything kept, in the order of the true `created_at`.
//!
//! Filters of one kind widen (this actor or that one), filters of several kinds narrow (this actor, and below that
//! folder). Search and reports ask in the same words.

use crate::event::EventType;
use crate::filter::TypeFilter;
use crate::id::{GroupId, ItemId, UserId};
use crate::limits::{SEARCH_TEXT_BYTES_MAX, SEARCH_VALUES_MAX};
use crate::position::Place;
use crate::term::Term;
use crate::text_match::TextMatch;
use crate::time::Second;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::fmt;

/// Which events of an enterprise are wanted. An empty list does not narrow.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Filters {
    /// Done at or after this second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_from: Option<Second>,
    /// Done before this second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_before: Option<Second>,
    /// Of these types.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub types: Vec<EventType>,
    /// Done by these users.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub actors: Vec<UserId>,
    /// Done to the things of these ids.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<ItemId>,
    /// Done to these folders or to anything below them, however deep.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub folders: Vec<ItemId>,
    /// Concerning these groups.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<GroupId>,
    /// Done from these addresses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<SmolStr>,
    /// With this text anywhere in the event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<TextMatch>,
}

/// Filters that cannot be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BadFilters {
    /// More values of one kind than `limits` allows.
    TooMany(&'static str),
    /// A text that is empty or longer than `limits` allows.
    Text,
    /// An address that is empty or too long.
    Address(SmolStr),
    /// A window that ends before it begins.
    Window,
}

impl fmt::Display for BadFilters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BadFilters::TooMany(what) => {
                write!(f, "{what} names more than {SEARCH_VALUES_MAX}; ask in parts, or leave the filter out")
            }
            BadFilters::Text => write!(f, "text must have 1 to {SEARCH_TEXT_BYTES_MAX} bytes"),
            BadFilters::Address(text) => write!(f, "ip '{}' is no address", text.escape_debug()),
            BadFilters::Window => f.write_str("created_before must lie after created_after"),
        }
    }
}

impl std::error::Error for BadFilters {}

impl Filters {
    /// Whether they can be asked.
    ///
    /// # Errors
    /// [`BadFilters`].
    pub fn check(&self) -> Result<(), BadFilters> {
        let counts = [
            ("event_type", self.types.len()),
            ("actor", self.actors.len()),
            ("item", self.items.len()),
            ("folder", self.folders.len()),
            ("group", self.groups.len()),
            ("ip", self.addresses.len()),
        ];
        if let Some((what, _)) = counts.into_iter().find(|(_, count)| *count > SEARCH_VALUES_MAX) {
            return Err(BadFilters::TooMany(what));
        }
        if let Some(address) = self.addresses.iter().find(|address| Term::address(address).is_none()) {
            return Err(BadFilters::Address(address.chars().take(60).collect()));
        }
        let text = self.text.as_ref().map_or(1, |text| text.as_str().len());
        if !(1..=SEARCH_TEXT_BYTES_MAX).contains(&text) {
            return Err(BadFilters::Text);
        }
        if let (Some(from), Some(before)) = (self.created_from, self.created_before)
            && before <= from
        {
            return Err(BadFilters::Window);
        }
        Ok(())
    }

    /// The types as a filter.
    pub fn type_filter(&self) -> TypeFilter {
        TypeFilter::only(&self.types)
    }

    /// What an event must have: of each group at least one term.
    pub fn terms(&self) -> Vec<Vec<Term>> {
        let folders = self.folders.iter().flat_map(|folder| [Term::below(folder), Term::source(folder)]);
        let groups: [Vec<Term>; 5] = [
            self.actors.iter().map(Term::actor).collect(),
            self.items.iter().map(Term::source).collect(),
            folders.collect(),
            self.groups.iter().map(Term::group).collect(),
            self.addresses.iter().filter_map(|address| Term::address(address)).collect(),
        ];
        groups.into_iter().filter(|group| !group.is_empty()).collect()
    }

    /// Whether the time of a deed lies in the window.
    pub fn takes_time(&self, created_at: Second) -> bool {
        self.created_from.is_none_or(|from| from <= created_at)
            && self.created_before.is_none_or(|before| created_at < before)
    }

    /// Whether they narrow by anything but time.
    pub fn narrow(&self) -> bool {
        let timeless = Filters { created_from: None, created_before: None, ..self.clone() };
        timeless != Filters::default()
    }
}

/// In which order of the true `created_at` events are answered. Within a second they stand as they arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Order {
    /// The newest first.
    #[default]
    NewestFirst,
    /// The oldest first.
    OldestFirst,
}

/// Where a reader of a search stands: the order, and the last place that was looked at. It holds for good, across
/// restarts and whatever is published meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// In which order.
    pub order: Order,
    /// The last place looked at, by the true `created_at`.
    pub last: Place,
}

/// A text that is no cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadCursor;

impl fmt::Display for BadCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cursor is none that a search in this order gave; leave it out to begin")
    }
}

impl std::error::Error for BadCursor {}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let order = match self.order {
            Order::NewestFirst => 'n',
            Order::OldestFirst => 'o',
        };
        write!(f, "{order}{}", self.last.to_bits())
    }
}

impl Cursor {
    /// Reads what a search in this order gave.
    ///
    /// # Errors
    /// [`BadCursor`].
    pub fn parse(text: &str, order: Order) -> Result<Self, BadCursor> {
        let letter = match order {
            Order::NewestFirst => 'n',
            Order::OldestFirst => 'o',
        };
        let digits = text.strip_prefix(letter).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
        let bits = digits.and_then(|digits| digits.parse().ok()).ok_or(BadCursor)?;
        let last = Place::from_bits(bits);
        if last.to_bits() == bits { Ok(Cursor { order, last }) } else { Err(BadCursor) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_asked_is_refused() {
        let actor = UserId::new("7").unwrap();
        let with = |filters: Filters| filters.check();
        assert_eq!(with(Filters::default()), Ok(()));
        let many = Filters { actors: vec![actor; SEARCH_VALUES_MAX + 1], ..Filters::default() };
        assert_eq!(with(many), Err(BadFilters::TooMany("actor")));
        assert_eq!(with(Filters { text: Some(TextMatch::new("")), ..Filters::default() }), Err(BadFilters::Text));
        let window = |from, before| Filters {
            created_from: Some(Second(from)),
            created_before: Some(Second(before)),
            ..Filters::default()
        };
        assert_eq!((with(window(5, 5)), with(window(5, 6))), (Err(BadFilters::Window), Ok(())));
        let address = Filters { addresses: vec![" ".into()], ..Filters::default() };
        assert_eq!(with(address), Err(BadFilters::Address(" ".into())));
    }

    #[test]
    fn a_folder_is_itself_and_what_lies_below() {
        let folder = ItemId::new("9").unwrap();
        let filters = Filters { folders: vec![folder.clone()], ..Filters::default() };
        assert_eq!(filters.terms(), [[Term::below(&folder), Term::source(&folder)]]);
        assert!(filters.narrow() && !Filters { created_from: Some(Second(1)), ..Filters::default() }.narrow());
    }

    #[test]
    fn a_cursor_reads_back_in_its_order_alone() {
        for order in [Order::NewestFirst, Order::OldestFirst] {
            let cursor = Cursor { order, last: Place { second: Second(1_750_000_000), ordinal: 7 } };
            assert_eq!(Cursor::parse(&cursor.to_string(), order), Ok(cursor));
        }
        let newest = Cursor { order: Order::NewestFirst, last: Place::START }.to_string();
        assert_eq!(Cursor::parse(&newest, Order::OldestFirst), Err(BadCursor));
        for text in ["", "n", "n-1", "n 5", "nx", "n18446744073709551615", "917502981308417"] {
            assert_eq!(Cursor::parse(text, Order::NewestFirst), Err(BadCursor), "{text}");
        }
    }

    #[test]
    fn they_read_back() {
        let json = r#"{"created_from":5,"types":["LOGIN"],"actors":["7"],"text":"Budget"}"#;
        let filters: Filters = serde_json::from_str(json).unwrap();
        let again = serde_json::to_string(&filters).unwrap();
        assert_eq!(again, json.replace('B', "b"));
    }
}
