//! The files and folders of a directory file: where each lies.

use super::people::shown;
use super::plan::{Planner, Wrong, item};
use crate::service::changes::{self, Change};
use feed::directory::{Effect, Person};
use feed::id::ItemId;
use feed::limits::FOLDER_DEPTH_MAX;
use rustc_hash::FxHashMap;
use serde_json::{Value, json};

/// The id of everybody's own root folder.
const ROOT: &str = "0";

/// The folder an item is to lie in: the root, a folder, or wherever it lies now.
type Parent = Option<Option<ItemId>>;

impl Planner<'_> {
    /// What becomes of the files and folders, from the top down, so that no move on the way looks like a circle; and the
    /// owners that the file names.
    pub(super) fn items(&self) -> Result<(Vec<Change>, FxHashMap<ItemId, Person>), Wrong> {
        let (mut parents, mut owners) = (FxHashMap::<ItemId, Parent>::default(), FxHashMap::default());
        for (index, it) in self.roster.items.iter().enumerate() {
            let wrong = |why: String| Wrong::at("items", index, &it.id, why);
            let id = item(&it.id).map_err(wrong)?;
            let parent = match it.parent.as_deref() {
                None => None,
                Some(ROOT) => Some(None),
                Some(parent) => Some(Some(item(parent).map_err(wrong)?)),
            };
            if parents.insert(id.clone(), parent).is_some() {
                return Err(wrong("there is another item with this id in the file".to_owned()));
            }
            if let Some(owner) = &it.owner {
                owners.insert(id, self.somebody(owner).map_err(|why| wrong(format!("owner: {why}")))?);
            }
        }
        let mut changes = Vec::new();
        for (index, it) in self.roster.items.iter().enumerate() {
            let wrong = |why: String| Wrong::at("items", index, &it.id, why);
            let id = item(&it.id).map_err(wrong)?;
            let depth = self.depth(&id, &parents).map_err(wrong)?;
            let parent = parents.get(&id).cloned().flatten();
            changes.extend(self.place(id, parent, &owners, it.trashed).map(|change| (depth, change)));
        }
        changes.sort_by_key(|(depth, _)| *depth);
        Ok((changes.into_iter().map(|(_, change)| change).collect(), owners))
    }

    /// How many folders will lie above an item; an error if one of them is not there, or is the item itself.
    fn depth(&self, id: &ItemId, parents: &FxHashMap<ItemId, Parent>) -> Result<usize, String> {
        let above = |id: &ItemId| match parents.get(id) {
            Some(Some(parent)) => parent.clone(),
            _ => self.directory.item(self.home, id).and_then(|it| it.parent),
        };
        let mut depth = 0;
        let mut next = above(id);
        while let Some(folder) = next {
            depth += 1;
            if folder == *id {
                return Err("it would lie in itself: follow the parents from it, and they lead back".to_owned());
            }
            if FOLDER_DEPTH_MAX < depth {
                return Err(format!(
                    "it would lie more than {FOLDER_DEPTH_MAX} folders deep, or the parents lead in a circle"
                ));
            }
            if !parents.contains_key(&folder) && self.directory.item(self.home, &folder).is_none() {
                return Err(format!(
                    "there is no folder '{}', neither in the file nor in the directory",
                    shown(folder.as_str())
                ));
            }
            next = above(&folder);
        }
        Ok(depth)
    }

    /// The change that puts an item where it is to lie; nothing if it lies there.
    fn place(
        &self,
        id: ItemId,
        parent: Parent,
        owners: &FxHashMap<ItemId, Person>,
        trashed: Option<bool>,
    ) -> Option<Change> {
        let there = self.directory.item(self.home, &id);
        let owner = owners.get(&id);
        let moves = |parent: &Option<ItemId>| there.as_ref().is_none_or(|there| there.parent != *parent);
        let parent = parent.filter(moves);
        let is_theirs = |owner: &&Person| there.as_ref().and_then(|it| it.owner.as_ref()) == Some(&owner.id);
        let owner = owner.filter(|owner| !is_theirs(owner));
        let was_trashed = there.as_ref().is_some_and(|it| it.trashed);
        let trashed = trashed.filter(|trashed| *trashed != was_trashed);
        if there.is_some() && parent.is_none() && owner.is_none() && trashed.is_none() {
            return None;
        }
        let mut source = json!({ "id": id.as_str() });
        if let Some(parent) = &parent {
            source["parent_id"] = json!(parent.as_ref().map_or(ROOT, ItemId::as_str));
        }
        if let Some(owner) = owner {
            source["owner_id"] = json!(owner.id.as_str());
        }
        let mut effects = vec![Effect::Placed {
            item: id.clone(),
            rooted: parent == Some(None),
            folders: parent.flatten().into_iter().collect(),
            owner: owner.map(|owner| owner.id.clone()),
        }];
        if let Some(trashed) = trashed {
            source["trashed"] = json!(trashed);
            effects.push(if trashed { Effect::Trashed(id) } else { Effect::Restored(id) });
        }
        Some(Change::by_the_server(changes::deed(self.by, "ITEM_PLACED", &source, &Value::Null), effects))
    }
}
