//! Ties: who belongs to what, since when. Collaborations, memberships and synced folders are all of this form.
//!
//! Kept as sorted sets of small keys, read from either side, with the number of users at home who hear through each:
//! a million collaborations must fit into memory, and a publish must not count a large audience.

use super::keys::Who;
use crate::position::Place;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::Hash;

/// What is known of one tie.
pub(crate) trait Tie: Copy + Eq {
    /// Where it began to be heard through.
    fn since(&self) -> Place;
    /// Whether it is heard through.
    fn hears(&self) -> bool;
}

/// A tie that is just there, since a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Since(pub(super) u64);

impl Tie for Since {
    fn since(&self) -> Place {
        Place::from_bits(self.0)
    }

    fn hears(&self) -> bool {
        true
    }
}

/// Ties to things of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ties<K: Ord + Hash, T> {
    rows: BTreeMap<(K, Who), T>,
    back: BTreeSet<(Who, K)>,
    /// How many users at home hear through each, where there are any.
    heard_at_home: FxHashMap<K, u32>,
}

impl<K: Ord + Hash, T> Default for Ties<K, T> {
    fn default() -> Self {
        Ties { rows: BTreeMap::new(), back: BTreeSet::new(), heard_at_home: FxHashMap::default() }
    }
}

impl<K: Copy + Ord + Hash, T: Tie> Ties<K, T> {
    pub(crate) fn get(&self, to: K, who: Who) -> Option<&T> {
        self.rows.get(&(to, who))
    }

    /// Whether somebody is tied and hears through it.
    pub(crate) fn hears(&self, to: K, who: Who) -> bool {
        self.get(to, who).is_some_and(Tie::hears)
    }

    /// Ties, or changes a tie; answers what was there.
    pub(crate) fn set(&mut self, to: K, who: Who, tie: T) -> Option<T> {
        let before = self.rows.insert((to, who), tie);
        if before.is_none() {
            self.back.insert((who, to));
        }
        self.count(to, who, before, Some(tie));
        before
    }

    /// Unties; answers what was there.
    pub(crate) fn remove(&mut self, to: K, who: Who) -> Option<T> {
        let before = self.rows.remove(&(to, who))?;
        self.back.remove(&(who, to));
        self.count(to, who, Some(before), None);
        Some(before)
    }

    fn count(&mut self, to: K, who: Who, before: Option<T>, after: Option<T>) {
        let hears = |tie: Option<T>| u32::from(who.at_home().is_some() && tie.is_some_and(|tie| tie.hears()));
        let (before, after) = (hears(before), hears(after));
        if before == after {
            return;
        }
        let count = self.heard_at_home.entry(to).or_default();
        *count = *count + after - before;
        if *count == 0 {
            self.heard_at_home.remove(&to);
        }
    }

    /// How many users at home hear through ties to it.
    pub(crate) fn heard_at_home(&self, to: K) -> usize {
        self.heard_at_home.get(&to).map_or(0, |count| usize::try_from(*count).unwrap_or(usize::MAX))
    }

    /// Everybody tied to it, users at home first.
    pub(crate) fn to(&self, to: K) -> impl Iterator<Item = (Who, &T)> {
        self.to_after(to, Who::FIRST)
    }

    /// Everybody tied to it from `first` on.
    pub(crate) fn to_after(&self, to: K, first: Who) -> impl Iterator<Item = (Who, &T)> {
        self.rows.range((to, first)..=(to, Who::LAST)).map(|((_, who), tie)| (*who, tie))
    }

    /// Groups and users from elsewhere who are tied to it.
    pub(crate) fn not_at_home(&self, to: K) -> impl Iterator<Item = (Who, &T)> {
        self.to_after(to, Who::FIRST_NOT_AT_HOME)
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }
}

/// Keys with a first and a last, so that a range of them can be asked for.
pub(crate) trait Bounds {
    const FIRST: Self;
    const LAST: Self;
}

impl Bounds for super::keys::ItemKey {
    const FIRST: Self = super::keys::ItemKey(0);
    const LAST: Self = super::keys::ItemKey(u32::MAX);
}

impl Bounds for super::keys::GroupKey {
    const FIRST: Self = super::keys::GroupKey(0);
    const LAST: Self = super::keys::GroupKey(u32::MAX);
}

impl<K: Copy + Ord + Hash + Bounds, T: Tie> Ties<K, T> {
    /// Everything somebody is tied to, in the order of the keys.
    pub(crate) fn of(&self, who: Who) -> impl Iterator<Item = (K, &T)> {
        let theirs = self.back.range((who, K::FIRST)..=(who, K::LAST));
        theirs.filter_map(move |(_, to)| Some((*to, self.rows.get(&(*to, who))?)))
    }
}

impl<K: Ord + Hash + Serialize, T: Serialize> Serialize for Ties<K, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(&self.rows)
    }
}

impl<'de, K, T> Deserialize<'de> for Ties<K, T>
where
    K: Copy + Ord + Hash + Deserialize<'de>,
    T: Tie + Deserialize<'de>,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let rows = Vec::<((K, Who), T)>::deserialize(deserializer)?;
        let mut ties = Ties::default();
        for ((to, who), tie) in rows {
            ties.set(to, who, tie);
        }
        Ok(ties)
    }
}
