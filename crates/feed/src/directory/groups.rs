//! The groups, by key and by id.

use super::keys::{EnterpriseKey, GroupKey, index, number};
use crate::id::GroupId;
use crate::time::Second;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use smol_str::SmolStr;

/// A group of users of an enterprise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct GroupRow {
    pub(crate) enterprise: EnterpriseKey,
    pub(crate) id: GroupId,
    pub(crate) name: SmolStr,
    pub(crate) created_at: Second,
    pub(crate) deleted: bool,
}

/// All groups. A deleted one keeps its key: those who were in it still read what they heard.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Groups {
    rows: Vec<GroupRow>,
    by_id: FxHashMap<(EnterpriseKey, GroupId), GroupKey>,
}

impl Groups {
    /// The key of a group, deleted or not.
    pub(super) fn key(&self, enterprise: EnterpriseKey, id: &GroupId) -> Option<GroupKey> {
        self.by_id.get(&(enterprise, id.clone())).copied()
    }

    pub(super) fn row(&self, key: GroupKey) -> Option<&GroupRow> {
        self.rows.get(index(key.0))
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (GroupKey, &GroupRow)> {
        (0_u32..).zip(&self.rows).map(|(key, row)| (GroupKey(key), row))
    }

    /// The group, made or made again if it is not there; and its name, if one is given.
    pub(super) fn set(
        &mut self,
        enterprise: EnterpriseKey,
        id: &GroupId,
        name: Option<&SmolStr>,
        now: Second,
    ) -> GroupKey {
        let key = self.key(enterprise, id).unwrap_or_else(|| {
            let key = GroupKey(number(self.rows.len()));
            let name = SmolStr::default();
            self.rows.push(GroupRow { enterprise, id: id.clone(), name, created_at: now, deleted: false });
            self.by_id.insert((enterprise, id.clone()), key);
            key
        });
        if let Some(row) = self.rows.get_mut(index(key.0)) {
            row.deleted = false;
            if let Some(name) = name {
                row.name = name.clone();
            }
        }
        key
    }

    pub(super) fn delete(&mut self, key: GroupKey) {
        if let Some(row) = self.rows.get_mut(index(key.0)) {
            row.deleted = true;
        }
    }
}

impl Serialize for Groups {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.rows.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Groups {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let rows = Vec::<GroupRow>::deserialize(deserializer)?;
        let by_id = (0_u32..).zip(&rows).map(|(key, row)| ((row.enterprise, row.id.clone()), GroupKey(key))).collect();
        Ok(Groups { rows, by_id })
    }
}
