//! Administration of the folder tree: what lies where, and whose it is.
//!
//! The tree is kept by events, as far as their sources show it. An administrator sets up what none has shown yet, and
//! moves folders; both are published as the deed they are, so those concerned hear of it. Names are for readers of the
//! event; the directory does not keep them.

use super::Services;
use super::administer::{AdminError, fresh_user_id};
use super::changes;
use super::sharing::{checked_name, item_id, missing};
use crate::auth::Caller;
use feed::directory::{Directory, ItemView};
use feed::id::ItemId;
use feed::limits::FOLDER_DEPTH_MAX;
use feed::permission::Action;

/// A folder to be added or moved; what is missing stays as it is.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FolderChange {
    /// The id; only for a new folder, which gets one if it is missing.
    pub id: Option<String>,
    /// The name, for readers of the event; the id if it is missing.
    pub name: Option<String>,
    /// The folder that it lies in; `0`, or missing for a new folder, is the root.
    pub parent: Option<String>,
    /// Its owner, by id or login; whoever adds it if it is missing.
    pub owner: Option<String>,
}

/// A folder and the way to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderView {
    /// The folder.
    pub folder: ItemView,
    /// The folders known to lie above it, from the top down.
    pub above: Vec<ItemId>,
}

/// The id of everybody's own root folder.
const ROOT: &str = "0";

impl Services {
    /// A file or folder of the caller's enterprise, as far as the directory knows of it.
    ///
    /// # Errors
    /// [`AdminError`]; so with the others.
    pub async fn folder(&self, caller: &Caller, id: &str) -> Result<FolderView, AdminError> {
        caller.may(Action::ManageSharing).map_err(AdminError::Denied)?;
        let (home, id) = (caller.enterprise(), item_id(id)?);
        let question = |directory: &Directory| {
            let folder = directory.item(home, &id)?;
            Some(FolderView { folder, above: directory.folders_above(home, &id) })
        };
        self.stores.directory.ask(question).await?.ok_or_else(|| missing("folder", id.as_str()))
    }

    /// Adds a folder. Recorded as `UPLOAD`, in user feeds `ITEM_CREATE`.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn add_folder(&self, caller: &Caller, change: &FolderChange) -> Result<FolderView, AdminError> {
        caller.may(Action::ManageSharing).map_err(AdminError::Denied)?;
        let id = change.id.as_deref().map_or_else(|| item_id(fresh_user_id().as_str()), item_id)?;
        let name = checked_name(Some(change.name.as_deref().unwrap_or(id.as_str())))?;
        let above = self.way_into(caller, change.parent.as_deref().unwrap_or(ROOT), &id).await?;
        let owner = match &change.owner {
            Some(owner) => self.anybody(caller, owner).await?,
            None => caller.person().clone(),
        };
        match self.folder(caller, id.as_str()).await {
            Err(AdminError::Missing(..)) => {}
            Ok(_) => return Err(AdminError::Taken("folder", id.to_string())),
            Err(why) => return Err(why),
        }
        let added = changes::folder(caller, ["ITEM_CREATE", "UPLOAD"], (&id, name), &above, Some(&owner));
        self.change(caller, &[added]).await?;
        self.folder(caller, id.as_str()).await
    }

    /// Moves a folder with all that is in it, or gives it to another owner. Recorded as `MOVE`, in user feeds
    /// `ITEM_MOVE`; of a move those hear who are let in at the old place or at the new one.
    ///
    /// # Errors
    /// [`AdminError`].
    pub async fn move_folder(
        &self,
        caller: &Caller,
        id: &str,
        change: &FolderChange,
    ) -> Result<FolderView, AdminError> {
        let there = self.folder(caller, id).await?;
        let id = &there.folder.id;
        let name = checked_name(Some(change.name.as_deref().unwrap_or(id.as_str())))?;
        let above = match &change.parent {
            Some(parent) => self.way_into(caller, parent, id).await?,
            None => there.above.clone(),
        };
        let old = there.folder.owner.as_ref();
        let new = match &change.owner {
            Some(owner) => Some(self.anybody(caller, owner).await?).filter(|owner| Some(&owner.id) != old),
            None => None,
        };
        if above == there.above && new.is_none() {
            return Ok(there);
        }
        let owner = match (new, old) {
            (None, Some(old)) => self.anybody(caller, old.as_str()).await.ok(),
            (new, _) => new,
        };
        let moved = changes::folder(caller, ["ITEM_MOVE", "MOVE"], (id, name), &above, owner.as_ref());
        self.change(caller, &[moved]).await?;
        self.folder(caller, id.as_str()).await
    }

    /// The folders from the top down to `parent`, and it itself: what will lie above `id` in it.
    async fn way_into(&self, caller: &Caller, parent: &str, id: &ItemId) -> Result<Vec<ItemId>, AdminError> {
        if parent == ROOT {
            return Ok(Vec::new());
        }
        let parent = self.folder(caller, parent).await?;
        let mut way = parent.above;
        way.push(parent.folder.id);
        if way.contains(id) {
            let circle: Vec<&str> = way.iter().map(ItemId::as_str).collect();
            let why = format!("The folder {id} would lie in itself: the way there is {}.", circle.join(" / "));
            return Err(AdminError::Bad(why));
        }
        if FOLDER_DEPTH_MAX <= way.len() {
            return Err(AdminError::Bad(format!("A folder lies at most {FOLDER_DEPTH_MAX} folders deep.")));
        }
        Ok(way)
    }
}
