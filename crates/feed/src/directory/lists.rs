//! Lists: large audiences, to which an event is posted once (design, section 6).
//!
//! There is a list for the collaborators of an item, for the members of a group, and for those of either who have a
//! certain folder synced. A list is *opened* when its members first become too many to be posted to one by one, and
//! stays open. From then on it matters who belonged to it when: for whoever belongs, the tie itself says since when;
//! for whoever left, the span is kept here for as long as any user feed shows events of that time.

use super::keys::{GroupKey, ItemKey, UserKey};
use crate::id::ListId;
use crate::limits::LIST_SPANS_KEPT_S;
use crate::position::Place;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The time during which a reader belonged to a list: places after `from`, up to and including `to`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListSpan {
    /// The list.
    pub list: ListId,
    /// Where the reader joined.
    pub from: Place,
    /// Where the reader left; [`Place::END`] if not yet.
    pub to: Place,
}

/// Something with members.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum Circle {
    /// The users who collaborate on the item themselves.
    Collaborators(ItemKey),
    /// The members of the group.
    Members(GroupKey),
    /// Those who have the folder synced.
    Syncers(ItemKey),
}

impl Circle {
    /// The name of its list. Short, because it stands in every posting; keys are the same after every replay.
    pub(crate) fn list(self) -> ListId {
        let text = match self {
            Circle::Collaborators(item) => format!("i{}", item.0),
            Circle::Members(group) => format!("g{}", group.0),
            Circle::Syncers(item) => format!("s{}", item.0),
        };
        ListId::new(&text).expect("a letter and digits are visible ASCII")
    }

    /// The name of the list of those in this circle who have the folder synced.
    pub(crate) fn list_synced(self, folder: ItemKey) -> ListId {
        let text = format!("{}s{}", self.list(), folder.0);
        ListId::new(&text).expect("letters and digits are visible ASCII")
    }

    /// The circle of a list, and the synced folder if it has one.
    pub(crate) fn of_list(list: &ListId) -> Option<(Circle, Option<ItemKey>)> {
        let (kind, rest) = list.as_str().split_at_checked(1)?;
        let (key, synced) = match rest.split_once('s') {
            Some((key, synced)) => (key, Some(ItemKey(synced.parse().ok()?))),
            None => (rest, None),
        };
        let key = key.parse().ok()?;
        match kind {
            "i" => Some((Circle::Collaborators(ItemKey(key)), synced)),
            "g" => Some((Circle::Members(GroupKey(key)), synced)),
            _ => None,
        }
    }
}

/// A time during which somebody belonged to a circle and after which they left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Gone {
    pub(crate) circle: Circle,
    from: u64,
    to: u64,
}

/// A stretch of places, after the first, up to and including the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stretch {
    pub(crate) from: Place,
    pub(crate) to: Place,
}

impl Stretch {
    /// Since the place where something was given, which is part of it, until further notice.
    pub(crate) fn since(place: Place) -> Self {
        Stretch { from: before(place), to: Place::END }
    }

    /// What lies in both.
    pub(crate) fn meet(self, other: Stretch) -> Option<Stretch> {
        let both = Stretch { from: self.from.max(other.from), to: self.to.min(other.to) };
        (both.from < both.to).then_some(both)
    }
}

impl Gone {
    pub(crate) fn stretch(&self) -> Stretch {
        Stretch { from: before(Place::from_bits(self.from)), to: Place::from_bits(self.to) }
    }
}

/// The place just before one that was given. Ordinals count from 1, so there always is one.
fn before(place: Place) -> Place {
    Place { second: place.second, ordinal: place.ordinal.saturating_sub(1) }
}

/// Which circles have an open list, and who left them when.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Lists {
    open: BTreeSet<Circle>,
    #[serde(with = "super::rows")]
    gone: BTreeMap<UserKey, Vec<Gone>>,
}

impl Lists {
    pub(crate) fn is_open(&self, circle: Circle) -> bool {
        self.open.contains(&circle)
    }

    pub(crate) fn open(&mut self, circle: Circle) {
        self.open.insert(circle);
    }

    /// Remembers that somebody belonged to an open circle since `since`, and left at `place`, which they still hear.
    pub(crate) fn leave(&mut self, user: UserKey, circle: Circle, since: Place, place: Place) {
        if !self.is_open(circle) {
            return;
        }
        let oldest = Place::at(place.second.back(LIST_SPANS_KEPT_S));
        let gone = self.gone.entry(user).or_default();
        gone.retain(|gone| oldest <= Place::from_bits(gone.to));
        gone.push(Gone { circle, from: since.to_bits(), to: place.to_bits() });
    }

    /// Everybody who left an open circle.
    pub(crate) fn everybody_gone(&self) -> impl Iterator<Item = UserKey> {
        self.gone.keys().copied()
    }

    /// Where somebody belonged and left.
    pub(crate) fn gone(&self, user: UserKey) -> &[Gone] {
        self.gone.get(&user).map(Vec::as_slice).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_list_says_whose_it_is() {
        let (shared, group, synced) = (Circle::Collaborators(ItemKey(12)), Circle::Members(GroupKey(7)), ItemKey(5));
        assert_eq!(shared.list().as_str(), "i12");
        assert_eq!(group.list_synced(synced).as_str(), "g7s5");
        assert_eq!(Circle::of_list(&shared.list()), Some((shared, None)));
        assert_eq!(Circle::of_list(&group.list_synced(synced)), Some((group, Some(synced))));
        assert_eq!(Circle::of_list(&ListId::new("x").unwrap()), None);
    }
}
