//! Drafts as the company's applications write them: the shapes of the protocol, with their members in its order.

use serde::Serialize;
use serde_json::Value;

/// A user, in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Person {
    #[serde(rename = "type")]
    kind: &'static str,
    pub(super) id: String,
    pub(super) name: String,
    pub(super) login: String,
}

impl Person {
    /// Somebody with an account.
    pub(super) fn new(id: &str, name: &str, login: &str) -> Self {
        Person { kind: "user", id: id.to_owned(), name: name.to_owned(), login: login.to_owned() }
    }

    /// Somebody who is not signed in.
    pub(super) fn unknown() -> Self {
        Person::new("2", "Unknown User", "")
    }
}

/// A folder, in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct FolderMini {
    #[serde(rename = "type")]
    kind: &'static str,
    pub(super) id: String,
    pub(super) sequence_id: Option<String>,
    pub(super) etag: Option<String>,
    pub(super) name: String,
}

impl FolderMini {
    /// Everybody's root.
    pub(super) fn root() -> Self {
        FolderMini { kind: "folder", id: "0".to_owned(), sequence_id: None, etag: None, name: "All Files".to_owned() }
    }

    /// A folder at this point of its life.
    pub(super) fn new(id: &str, sequence: u64, name: &str) -> Self {
        let sequence = Some(sequence.to_string());
        FolderMini {
            kind: "folder",
            id: id.to_owned(),
            sequence_id: sequence.clone(),
            etag: sequence,
            name: name.to_owned(),
        }
    }
}

/// The way from the root down to the folder of an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Path {
    total_count: usize,
    entries: Vec<FolderMini>,
}

impl Path {
    /// The way through these folders.
    pub(super) fn of(entries: Vec<FolderMini>) -> Self {
        Path { total_count: entries.len(), entries }
    }
}

/// One state of a file's content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct FileVersion {
    #[serde(rename = "type")]
    kind: &'static str,
    pub(super) id: String,
    pub(super) sha1: String,
}

impl FileVersion {
    /// A version.
    pub(super) fn new(id: String, sha1: String) -> Self {
        FileVersion { kind: "file_version", id, sha1 }
    }
}

/// A link under which somebody without an account may open an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct SharedLink {
    pub(super) url: String,
    pub(super) download_url: Option<String>,
    pub(super) vanity_url: Option<String>,
    pub(super) vanity_name: Option<String>,
    pub(super) effective_access: &'static str,
    pub(super) effective_permission: &'static str,
    pub(super) is_password_enabled: bool,
    pub(super) unshared_at: Option<String>,
    pub(super) download_count: u64,
    pub(super) preview_count: u64,
    pub(super) access: &'static str,
    pub(super) permissions: LinkPermissions,
}

/// What a shared link lets people do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct LinkPermissions {
    pub(super) can_preview: bool,
    pub(super) can_download: bool,
    pub(super) can_edit: bool,
}

/// A whole file.
#[derive(Debug, Clone, Serialize)]
pub(super) struct WholeFile {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) id: String,
    pub(super) file_version: FileVersion,
    pub(super) sequence_id: String,
    pub(super) etag: String,
    pub(super) sha1: String,
    pub(super) name: String,
    pub(super) description: String,
    pub(super) size: u64,
    pub(super) path_collection: Path,
    pub(super) created_at: String,
    pub(super) modified_at: String,
    pub(super) trashed_at: Option<String>,
    pub(super) purged_at: Option<String>,
    pub(super) content_created_at: String,
    pub(super) content_modified_at: String,
    pub(super) created_by: Person,
    pub(super) modified_by: Person,
    pub(super) owned_by: Person,
    pub(super) shared_link: Option<SharedLink>,
    pub(super) parent: Option<FolderMini>,
    pub(super) item_status: &'static str,
}

/// A whole folder.
#[derive(Debug, Clone, Serialize)]
pub(super) struct WholeFolder {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) id: String,
    pub(super) sequence_id: String,
    pub(super) etag: String,
    pub(super) name: String,
    pub(super) created_at: String,
    pub(super) modified_at: String,
    pub(super) description: &'static str,
    pub(super) size: u64,
    pub(super) path_collection: Path,
    pub(super) created_by: Person,
    pub(super) modified_by: Person,
    pub(super) trashed_at: Option<String>,
    pub(super) purged_at: Option<String>,
    pub(super) content_created_at: String,
    pub(super) content_modified_at: String,
    pub(super) owned_by: Person,
    pub(super) shared_link: Option<SharedLink>,
    pub(super) folder_upload_email: Option<Value>,
    pub(super) parent: FolderMini,
    pub(super) item_status: &'static str,
}

/// The folder of a thin item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct ThinParent {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) name: String,
    pub(super) id: String,
}

/// A mark of how secret a file is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Classification {
    pub(super) name: &'static str,
}

/// An item in the enterprise feed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct ThinItem {
    pub(super) item_type: &'static str,
    pub(super) item_id: String,
    pub(super) item_name: String,
    pub(super) parent: ThinParent,
    pub(super) owned_by: Person,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) classification: Option<Classification>,
}

/// What a deed happened to.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub(super) enum Source {
    /// Nothing that is named here.
    Nothing,
    /// A whole file.
    File(Box<WholeFile>),
    /// A whole folder.
    Folder(Box<WholeFolder>),
    /// A thin item.
    Thin(Box<ThinItem>),
    /// A user.
    Person(Person),
    /// Anything else.
    Other(Value),
}

/// The rendering for user feeds.
#[derive(Debug, Clone, Serialize)]
pub(super) struct UserEvent {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) event_id: String,
    pub(super) created_by: Person,
    pub(super) created_at: String,
    pub(super) event_type: String,
    pub(super) session_id: Option<String>,
    pub(super) source: Source,
}

/// The rendering for the enterprise feed.
#[derive(Debug, Clone, Serialize)]
pub(super) struct EnterpriseEvent {
    pub(super) source: Source,
    pub(super) created_by: Person,
    pub(super) action_by: Option<Person>,
    pub(super) created_at: String,
    pub(super) event_id: String,
    pub(super) event_type: String,
    pub(super) ip_address: String,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) session_id: Option<String>,
    pub(super) additional_details: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) accessible_by: Option<Value>,
}

/// A draft: an envelope with one or both renderings of a deed.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Draft {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user: Option<UserEvent>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) enterprise: Option<EnterpriseEvent>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) audience: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) derive: Option<bool>,
}

impl Draft {
    /// The draft as a line of JSON.
    pub(super) fn to_json(&self) -> String {
        serde_json::to_string(self).expect("strings, numbers and maps with text for keys can be written")
    }
}
