//! The catalogue: the known event types, the streams that carry each, and how the two vocabularies correspond.
//!
//! One table feeds everything that depends on a type: which user streams carry it, who may hear it, which rendering
//! can be made from which, and the page for people. The set of types is open all the same: an event of a type that
//! is not in here is taken as it is, and carried by the stream `all` only.
//!
//! It deliberately knows nothing of JSON; the shapes of sources are [`crate::intake`]'s.

mod added;
pub mod page;
mod table;

pub use added::{AddedType, BadAddedType};

use crate::event::{EventType, FeedKind, UserStreams};
use rustc_hash::FxHashMap;
use smol_str::SmolStr;

/// What an event of a type happened to, and so what its `source` looks like (protocol, section 12).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SourceKind {
    /// A file.
    File,
    /// A folder.
    Folder,
    /// A file or a folder.
    Item,
    /// A file, or null when the file is gone.
    FileOrNone,
    /// A user.
    User,
    /// A comment.
    Comment,
    /// A collaboration: an item and the one who may use it.
    Collaboration,
    /// A group of users.
    Group,
    /// A group and the item it may use.
    GroupAndItem,
    /// An application.
    Application,
    /// An information barrier.
    Barrier,
    /// Always null.
    None,
    /// Any object; nothing more is known.
    Other,
}

impl SourceKind {
    const EVERY: [SourceKind; 13] = [
        SourceKind::File,
        SourceKind::Folder,
        SourceKind::Item,
        SourceKind::FileOrNone,
        SourceKind::User,
        SourceKind::Comment,
        SourceKind::Collaboration,
        SourceKind::Group,
        SourceKind::GroupAndItem,
        SourceKind::Application,
        SourceKind::Barrier,
        SourceKind::None,
        SourceKind::Other,
    ];

    /// The words for it, in the table and on the page.
    pub fn words(self) -> &'static str {
        match self {
            SourceKind::File => "file",
            SourceKind::Folder => "folder",
            SourceKind::Item => "item",
            SourceKind::FileOrNone => "file or none",
            SourceKind::User => "user",
            SourceKind::Comment => "comment",
            SourceKind::Collaboration => "collaboration",
            SourceKind::Group => "group",
            SourceKind::GroupAndItem => "group and item",
            SourceKind::Application => "application",
            SourceKind::Barrier => "barrier",
            SourceKind::None => "none",
            SourceKind::Other => "other",
        }
    }

    fn of_words(words: &str) -> Option<Self> {
        Self::EVERY.into_iter().find(|kind| kind.words() == words)
    }
}

/// Where a type comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Origin {
    /// The protocol's published lists.
    Box,
    /// This server's own, for what the protocol has no name.
    Tidings,
    /// The operator's configuration.
    Operator,
}

impl Origin {
    /// The word for it, in the table and on the page.
    pub fn word(self) -> &'static str {
        match self {
            Origin::Box => "box",
            Origin::Tidings => "tidings",
            Origin::Operator => "operator",
        }
    }
}

/// The name that the other vocabulary has for the same deed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counterpart {
    /// The name in the other feed.
    pub name: EventType,
    /// Whether no source says so and it was inferred from the meaning.
    pub inferred: bool,
}

/// One row: an event type in one of the two vocabularies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownType {
    /// The name on the wire.
    pub name: EventType,
    /// Whose vocabulary it belongs to. Some names exist in both, with a row for each.
    pub feed: FeedKind,
    /// Which user streams carry it; none for types of the enterprise feed.
    pub streams: UserStreams,
    /// What it happens to.
    pub source: SourceKind,
    /// The names of the same deed in the other vocabulary.
    pub counterparts: Vec<Counterpart>,
    /// The counterpart whose rendering can be made from this one without inventing anything, provided the source
    /// given allows it: a whole file or folder, or a user.
    pub derives: Option<EventType>,
    /// Whether only the owner of the item hears of it.
    pub owner_only: bool,
    /// Whether it reaches only enterprises that opted in.
    pub opt_in: bool,
    /// Where the type comes from.
    pub origin: Origin,
    /// What it tells, in a few words.
    pub description: SmolStr,
}

/// The rows of one name: at most one for each feed.
type Rows = [Option<u16>; 2];

/// The known event types.
#[derive(Debug, Clone)]
pub struct Catalogue {
    types: Vec<KnownType>,
    by_name: FxHashMap<SmolStr, Rows>,
}

fn side(feed: FeedKind) -> usize {
    match feed {
        FeedKind::User => 0,
        FeedKind::Enterprise => 1,
    }
}

impl Catalogue {
    /// The types of the protocol and this server's own.
    pub fn standard() -> Self {
        let mut catalogue = Catalogue { types: Vec::new(), by_name: FxHashMap::default() };
        let rows = table::rows().expect("the table is part of this crate, and a test reads it");
        for row in rows {
            let fresh = catalogue.insert(row);
            debug_assert!(fresh, "the table has a row twice");
        }
        catalogue
    }

    /// These types and the operator's.
    ///
    /// # Errors
    /// [`BadAddedType`] naming the first row that cannot be: a bad name, a type that exists already, streams that do
    /// not fit its feed, or a counterpart nobody knows.
    pub fn with(mut self, added: impl IntoIterator<Item = AddedType>) -> Result<Self, BadAddedType> {
        let first = self.types.len();
        for row in added {
            let known = added::checked(&row)?;
            if !self.insert(known) {
                return Err(BadAddedType::Exists { name: row.name, feed: row.feed });
            }
        }
        // Only now, because two added types may be each other's counterpart.
        for row in &self.types[first..] {
            let other = match row.feed {
                FeedKind::User => FeedKind::Enterprise,
                FeedKind::Enterprise => FeedKind::User,
            };
            if let Some(lost) = row.counterparts.iter().find(|c| self.find(other, c.name.as_str()).is_none()) {
                let (name, counterpart) = (row.name.to_string(), lost.name.to_string());
                return Err(BadAddedType::UnknownCounterpart { name, counterpart, feed: other });
            }
        }
        Ok(self)
    }

    /// The row of a type in one vocabulary.
    pub fn find(&self, feed: FeedKind, name: &str) -> Option<&KnownType> {
        let row = self.by_name.get(name)?[side(feed)]?;
        self.types.get(usize::from(row))
    }

    /// The only feed in which a type exists; `None` if it exists in both or in none.
    pub fn only_feed(&self, name: &str) -> Option<FeedKind> {
        match self.by_name.get(name)? {
            [Some(_), None] => Some(FeedKind::User),
            [None, Some(_)] => Some(FeedKind::Enterprise),
            _ => None,
        }
    }

    /// All rows: by name, the operator's after the others.
    pub fn types(&self) -> &[KnownType] {
        &self.types
    }

    /// Adds a row; false if the type has one already.
    fn insert(&mut self, row: KnownType) -> bool {
        let Ok(index) = u16::try_from(self.types.len()) else { return false };
        let rows = self.by_name.entry(row.name.clone().into()).or_default();
        if rows[side(row.feed)].is_some() {
            return false;
        }
        rows[side(row.feed)] = Some(index);
        self.types.push(row);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_holds_every_published_type() {
        let catalogue = Catalogue::standard();
        let count = |feed, origin| catalogue.types().iter().filter(|t| t.feed == feed && t.origin == origin).count();
        assert_eq!(count(FeedKind::User, Origin::Box), 34);
        assert_eq!(count(FeedKind::Enterprise, Origin::Box), 188);
        assert_eq!(count(FeedKind::Enterprise, Origin::Tidings), 17);
    }

    #[test]
    fn a_name_may_be_in_one_feed_or_in_both() {
        let catalogue = Catalogue::standard();
        assert_eq!(catalogue.only_feed("ITEM_UPLOAD"), Some(FeedKind::User));
        assert_eq!(catalogue.only_feed("LOGIN"), Some(FeedKind::Enterprise));
        assert_eq!(catalogue.only_feed("COMMENT_CREATE"), None);
        assert_eq!(catalogue.only_feed("NO_SUCH_TYPE"), None);
    }

    #[test]
    fn special_rules_are_rare_and_exact() {
        let catalogue = Catalogue::standard();
        let names = |rule: fn(&KnownType) -> bool| -> Vec<&str> {
            catalogue.types().iter().filter(|t| rule(t)).map(|t| t.name.as_str()).collect()
        };
        assert_eq!(names(|t| t.owner_only), ["ITEM_DOWNLOAD", "ITEM_PREVIEW"]);
        assert_eq!(names(|t| t.opt_in), ["FILE_MARKED_MALICIOUS"]);
    }

    #[test]
    fn streams_nest_and_only_user_types_have_them() {
        for known in Catalogue::standard().types() {
            let has = |stream| known.streams.meets(stream);
            assert_eq!(has(UserStreams::ALL), known.feed == FeedKind::User, "{}", known.name);
            assert_eq!(has(UserStreams::SYNC), has(UserStreams::CHANGES), "{}", known.name);
        }
    }

    #[test]
    fn what_is_derived_is_a_counterpart_that_exists() {
        let catalogue = Catalogue::standard();
        for known in catalogue.types() {
            let other = if known.feed == FeedKind::User { FeedKind::Enterprise } else { FeedKind::User };
            for counterpart in &known.counterparts {
                assert!(catalogue.find(other, counterpart.name.as_str()).is_some(), "{}", known.name);
            }
            if let Some(derived) = &known.derives {
                assert!(known.counterparts.iter().any(|c| c.name == *derived), "{}", known.name);
            }
        }
    }
}
