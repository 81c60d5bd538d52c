//! A directory as a file has it.

use super::super::administer::UserChange;
use feed::retention::Days;
use serde::{Deserialize, Serialize};

/// The directory of one enterprise.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Roster {
    /// Which enterprise; if it is missing, the one that the file is imported into.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether types that need opting in reach it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opted_in: Option<bool>,
    /// How long its events are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retention: Option<Days>,
    /// The users.
    pub users: Vec<RosterUser>,
    /// The groups.
    pub groups: Vec<RosterGroup>,
    /// Where files and folders lie, and whose they are.
    pub items: Vec<RosterItem>,
    /// The collaborations.
    pub collaborations: Vec<RosterCollaboration>,
    /// The synced folders.
    pub synced: Vec<RosterSync>,
}

/// The directories of several enterprises.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rosters {
    /// One for each enterprise.
    pub enterprises: Vec<Roster>,
}

/// A user of a roster.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RosterUser {
    /// The id.
    pub id: String,
    /// The name.
    #[serde(default)]
    pub name: String,
    /// The login.
    #[serde(default)]
    pub login: String,
    /// The role; a plain user if it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The rights of a co-admin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Vec<String>>,
    /// `provisional` for somebody whom events named and nobody has added; else missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
}

/// A group of a roster.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RosterGroup {
    /// The id.
    pub id: String,
    /// The name; an event may have made the group without one.
    #[serde(default)]
    pub name: String,
    /// Its members, by id or login.
    #[serde(default)]
    pub members: Vec<String>,
}

/// A file or folder of a roster.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RosterItem {
    /// The id.
    pub id: String,
    /// The folder that it lies in, `0` for the root; wherever it lies now if it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// The owner, by id or login; whoever it is now if it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Whether it is in the trash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trashed: Option<bool>,
}

/// A collaboration of a roster.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RosterCollaboration {
    /// The id; made up if it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The file or folder.
    pub item: String,
    /// The user let in, by id or login; somebody of another enterprise by id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The group let in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// The role; an editor if it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// `pending`, or accepted if it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
}

/// A synced folder of a roster.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RosterSync {
    /// Whose, by id or login.
    pub user: String,
    /// Which folder.
    pub folder: String,
}

impl RosterUser {
    /// Whether it is somebody whom events named and nobody has added.
    pub(super) fn is_provisional(&self) -> bool {
        self.status.is_some()
    }

    /// The same as a change of a user.
    pub(super) fn change(&self) -> UserChange {
        UserChange {
            id: Some(self.id.clone()),
            name: Some(self.name.clone()),
            login: Some(self.login.clone()),
            role: self.role.clone(),
            permissions: self.permissions.clone(),
        }
    }
}
