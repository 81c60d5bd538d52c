//! Types that the operator adds to the catalogue.
//!
//! An event of an unknown type is accepted anyway; adding it says which user streams carry it, pairs it with its
//! counterpart so that one rendering can be made from the other, and gives it a line on the page.

use super::{Counterpart, KnownType, Origin, SourceKind};
use crate::event::{BadEventType, EventType, FeedKind, UserStreams};
use smol_str::SmolStr;
use std::fmt;

/// A row as configuration gives it, unchecked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddedType {
    /// The name on the wire.
    pub name: String,
    /// Whose vocabulary it belongs to.
    pub feed: FeedKind,
    /// Which user streams carry it: at least `all` for the user feed, none for the enterprise feed.
    pub streams: UserStreams,
    /// The name of the same deed in the other vocabulary, if it has one there.
    pub counterpart: Option<String>,
    /// What it tells, in a few words.
    pub description: String,
}

/// Why a row of the operator's cannot be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BadAddedType {
    /// The name of the type or of its counterpart is none.
    Name {
        /// The name given.
        name: String,
    },
    /// The type is in the catalogue already.
    Exists {
        /// The name given.
        name: String,
        /// The feed given.
        feed: FeedKind,
    },
    /// A user type that the stream `all` does not carry, or an enterprise type that user streams should carry.
    Streams {
        /// The name given.
        name: String,
        /// The feed given.
        feed: FeedKind,
    },
    /// A counterpart that is not in the catalogue.
    UnknownCounterpart {
        /// The name of the type.
        name: String,
        /// The name given for its counterpart.
        counterpart: String,
        /// The feed in which it was looked for.
        feed: FeedKind,
    },
}

impl fmt::Display for BadAddedType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BadAddedType::Name { name } => {
                write!(f, "'{}' cannot be an event type: {BadEventType}", name.escape_debug())
            }
            BadAddedType::Exists { name, feed } => {
                write!(f, "the {} feed has an event type {name} already; give yours another name", feed.name())
            }
            BadAddedType::Streams { name, feed: FeedKind::User } => {
                write!(
                    f,
                    "{name} is of the user feed, where the stream 'all' carries every type; add 'all' to its streams"
                )
            }
            BadAddedType::Streams { name, feed: FeedKind::Enterprise } => {
                write!(f, "{name} is of the enterprise feed, which user streams do not carry; leave its streams out")
            }
            BadAddedType::UnknownCounterpart { name, counterpart, feed } => {
                let feed = feed.name();
                write!(
                    f,
                    "the {feed} feed has no event type {counterpart}, the counterpart of {name}; add it, or leave it out"
                )
            }
        }
    }
}

impl std::error::Error for BadAddedType {}

pub(super) fn checked(row: &AddedType) -> Result<KnownType, BadAddedType> {
    let name = |text: &str| EventType::new(text).map_err(|BadEventType| BadAddedType::Name { name: text.into() });
    let fits = match row.feed {
        FeedKind::User => row.streams.meets(UserStreams::ALL),
        FeedKind::Enterprise => row.streams == UserStreams::NONE,
    };
    if !fits {
        return Err(BadAddedType::Streams { name: row.name.clone(), feed: row.feed });
    }
    let counterpart = row.counterpart.as_deref().map(name).transpose()?;
    Ok(KnownType {
        name: name(&row.name)?,
        feed: row.feed,
        streams: row.streams,
        source: SourceKind::Other,
        counterparts: counterpart.iter().map(|name| Counterpart { name: name.clone(), inferred: false }).collect(),
        derives: counterpart,
        owner_only: false,
        opt_in: false,
        origin: Origin::Operator,
        description: SmolStr::new(&row.description),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Catalogue;

    fn row(name: &str, feed: FeedKind, counterpart: Option<&str>) -> AddedType {
        let streams = if feed == FeedKind::User { UserStreams::ALL } else { UserStreams::NONE };
        let counterpart = counterpart.map(str::to_owned);
        AddedType { name: name.into(), feed, streams, counterpart, description: "Ours".into() }
    }

    fn refusal(rows: Vec<AddedType>) -> String {
        Catalogue::standard().with(rows).unwrap_err().to_string()
    }

    #[test]
    fn added_types_may_name_each_other() {
        let rows = [
            row("ITEM_STAMPED", FeedKind::User, Some("STAMP")),
            row("STAMP", FeedKind::Enterprise, Some("ITEM_STAMPED")),
        ];
        let catalogue = Catalogue::standard().with(rows).unwrap();
        let stamped = catalogue.find(FeedKind::User, "ITEM_STAMPED").unwrap();
        assert_eq!(stamped.origin, Origin::Operator);
        assert_eq!(stamped.derives.as_ref().map(EventType::as_str), Some("STAMP"));
    }

    #[test]
    fn rows_that_cannot_be_are_refused() {
        let login = row("LOGIN", FeedKind::Enterprise, None);
        assert!(refusal(vec![login.clone()]).contains("has an event type LOGIN already"));
        assert!(refusal(vec![row("A", FeedKind::User, None), row("A", FeedKind::User, None)]).contains("already"));
        assert!(refusal(vec![row("A B", FeedKind::User, None)]).contains("'A B' cannot be"));
        assert!(refusal(vec![row("A", FeedKind::User, Some("B"))]).contains("has no event type B"));
        let streams = UserStreams::SYNC;
        assert!(refusal(vec![AddedType { streams, ..row("A", FeedKind::User, None) }]).contains("add 'all'"));
        assert!(refusal(vec![AddedType { streams, ..login }]).contains("leave its streams out"));
        // The same name in the other feed is another type.
        assert!(Catalogue::standard().with([row("LOGIN", FeedKind::User, None)]).is_ok());
    }
}
