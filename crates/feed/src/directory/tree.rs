//! The tree of files and folders, as far as the sources of events show it.
//!
//! An event of the enterprise feed shows only the folder just above its item, and one about the trash none at all;
//! what other events showed fills the rest in. Each enterprise has its own tree: the same id in two is two items.

use super::keys::{EnterpriseKey, ItemKey, OddIds, Packed, UserKey, index, number};
use crate::limits::{FOLDER_DEPTH_MAX, TREE_ITEMS_MAX};
use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use smol_str::SmolStr;
use std::hash::BuildHasher;

/// What is known of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Row {
    enterprise: EnterpriseKey,
    id: Packed,
    parent: Option<ItemKey>,
    owner: Option<UserKey>,
    trashed: bool,
}

impl Row {
    fn hash(&self) -> u64 {
        hash_of(self.enterprise, self.id)
    }
}

fn hash_of(enterprise: EnterpriseKey, id: Packed) -> u64 {
    FxBuildHasher.hash_one((enterprise, id))
}

/// Items and what lies above them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tree {
    rows: Vec<Row>,
    /// By enterprise and id, which stand in the rows only: with millions of items this table is most of what is looked at,
    /// and five bytes of it are more often at hand than twenty-five.
    by_id: HashTable<ItemKey>,
}

impl PartialEq for Tree {
    fn eq(&self, other: &Self) -> bool {
        self.rows == other.rows
    }
}

impl Eq for Tree {}

/// The way up from an item.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Above {
    /// The item, where known, and the folders above it, nearest first.
    pub(crate) items: Vec<ItemKey>,
    /// Whether one of them is in the trash.
    pub(crate) trashed: bool,
}

impl Tree {
    pub(crate) fn find(&self, enterprise: EnterpriseKey, id: &str, odd: &OddIds) -> Option<ItemKey> {
        self.find_packed(enterprise, odd.find(id)?)
    }

    /// The item of an id that was packed.
    pub(crate) fn find_packed(&self, enterprise: EnterpriseKey, id: Packed) -> Option<ItemKey> {
        let is_it =
            |key: &ItemKey| self.rows.get(index(key.0)).is_some_and(|row| row.id == id && row.enterprise == enterprise);
        self.by_id.find(hash_of(enterprise, id), is_it).copied()
    }

    /// The id of an item, packed.
    pub(crate) fn packed(&self, item: ItemKey) -> Option<Packed> {
        self.rows.get(index(item.0)).map(|row| row.id)
    }

    pub(crate) fn id(&self, item: ItemKey, odd: &OddIds) -> SmolStr {
        self.rows.get(index(item.0)).map(|row| odd.text(row.id)).unwrap_or_default()
    }

    /// All items of an enterprise.
    pub(crate) fn all(&self, enterprise: EnterpriseKey) -> impl Iterator<Item = ItemKey> {
        let theirs = (0_u32..).zip(&self.rows).filter(move |(_, row)| row.enterprise == enterprise);
        theirs.map(|(key, _)| ItemKey(key))
    }

    pub(crate) fn enterprise(&self, item: ItemKey) -> Option<EnterpriseKey> {
        self.rows.get(index(item.0)).map(|row| row.enterprise)
    }

    pub(crate) fn owner(&self, item: ItemKey) -> Option<UserKey> {
        self.rows.get(index(item.0))?.owner
    }

    pub(crate) fn is_trashed(&self, item: ItemKey) -> bool {
        self.rows.get(index(item.0)).is_some_and(|row| row.trashed)
    }

    /// The key of an item, new if it is unknown.
    pub(crate) fn key(&mut self, enterprise: EnterpriseKey, id: &str, odd: &mut OddIds) -> ItemKey {
        let packed = odd.pack(id);
        self.find_packed(enterprise, packed).unwrap_or_else(|| {
            self.rows.push(Row { enterprise, id: packed, parent: None, owner: None, trashed: false });
            self.index_last()
        })
    }

    /// Lets the last row be found.
    fn index_last(&mut self) -> ItemKey {
        let last = self.rows.len() - 1;
        let key = ItemKey(number(last));
        self.by_id.insert_unique(self.rows[last].hash(), key, |key| self.rows[index(key.0)].hash());
        key
    }

    /// The same, but not for a new item once the tree is full: folders with collaborations are always known, and what
    /// an event shows itself it needs no tree for.
    pub(crate) fn key_if_room(&mut self, enterprise: EnterpriseKey, id: &str, odd: &mut OddIds) -> Option<ItemKey> {
        match self.rows.len() < TREE_ITEMS_MAX {
            true => Some(self.key(enterprise, id, odd)),
            false => self.find(enterprise, id, odd),
        }
    }

    /// Sets the folder above an item. A folder is never put below itself: whoever says so is not believed.
    pub(crate) fn put(&mut self, item: ItemKey, parent: Option<ItemKey>) {
        if self.rows.get(index(item.0)).is_some_and(|row| row.parent == parent) {
            return;
        }
        let circle = parent.is_some_and(|parent| self.above(parent).items.contains(&item));
        if let Some(row) = self.rows.get_mut(index(item.0)).filter(|_| !circle) {
            row.parent = parent;
        }
    }

    pub(crate) fn own(&mut self, item: ItemKey, owner: UserKey) {
        if let Some(row) = self.rows.get_mut(index(item.0)) {
            row.owner = Some(owner);
        }
    }

    pub(crate) fn trash(&mut self, item: ItemKey, trashed: bool) {
        if let Some(row) = self.rows.get_mut(index(item.0)) {
            row.trashed = trashed;
        }
    }

    /// The item and all that is known to lie above it.
    pub(crate) fn above(&self, item: ItemKey) -> Above {
        let mut above = Above::default();
        let mut next = Some(item);
        while let Some(item) = next.filter(|_| above.items.len() <= FOLDER_DEPTH_MAX) {
            above.items.push(item);
            above.trashed |= self.is_trashed(item);
            next = self.rows.get(index(item.0)).and_then(|row| row.parent);
        }
        above
    }

    /// The folder just above an item.
    pub(crate) fn parent(&self, item: ItemKey) -> Option<ItemKey> {
        self.rows.get(index(item.0))?.parent
    }
}

impl Serialize for Tree {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.rows.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let rows = Vec::<Row>::deserialize(deserializer)?;
        let mut by_id = HashTable::with_capacity(rows.len());
        for (key, row) in (0_u32..).zip(&rows) {
            by_id.insert_unique(row.hash(), ItemKey(key), |key| rows[index(key.0)].hash());
        }
        Ok(Tree { rows, by_id })
    }
}
