//! Drafts for the common cases. Each has the id it is given, so that tests name what they expect to read.

use crate::world::{MARA, person_of};
use serde_json::{Value, json};

/// A draft in the making.
#[derive(Debug, Clone)]
pub(crate) struct Draft(pub(crate) Value);

/// An event of user feeds that is on all three streams: Mara uploaded a file into the folder 31.
pub(crate) fn upload(id: &str) -> Draft {
    Draft(json!({
        "feed": "user", "event_type": "ITEM_UPLOAD", "event_id": id, "created_by": person_of(MARA), "source": file("501"),
    }))
}

/// An event of user feeds that is on `all` only: Mara wrote a comment.
pub(crate) fn comment(id: &str) -> Draft {
    upload(id).typed("COMMENT_CREATE")
}

/// An event of the enterprise feed: Mara logged in.
pub(crate) fn login(id: &str) -> Draft {
    Draft(json!({
        "feed": "enterprise", "event_type": "LOGIN", "event_id": id, "created_by": person_of(MARA), "source": null,
    }))
}

/// Mara marks the folder 31 as synced, in the user feed.
pub(crate) fn sync(id: &str) -> Draft {
    Draft(json!({
        "feed": "user", "event_type": "ITEM_SYNC", "event_id": id, "created_by": person_of(MARA),
        "source": {"type": "folder", "id": "31", "sequence_id": "0", "etag": "0", "name": "Contracts"},
    }))
}

/// A whole file in the folder 31, owned by Mara.
pub(crate) fn file(id: &str) -> Value {
    json!({
        "type": "file", "id": id, "sequence_id": "0", "etag": "0", "name": "Supplier agreement.docx",
        "path_collection": {"total_count": 2, "entries": [
            {"type": "folder", "id": "0", "sequence_id": null, "etag": null, "name": "All Files"},
            {"type": "folder", "id": "31", "sequence_id": "2", "etag": "2", "name": "Contracts"},
        ]},
        "parent": {"type": "folder", "id": "31", "sequence_id": "2", "etag": "2", "name": "Contracts"},
        "owned_by": person_of(MARA), "item_status": "active",
    })
}

impl Draft {
    /// Of another type.
    pub(crate) fn typed(self, event_type: &str) -> Self {
        self.with("event_type", event_type)
    }

    /// Done by somebody else.
    pub(crate) fn by(self, user: &str) -> Self {
        self.with("created_by", person_of(user))
    }

    /// Done at this second.
    pub(crate) fn at(self, second: u32) -> Self {
        self.with("created_at", feed::time::Second(second).to_string())
    }

    /// With another member, or another value of it.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0[name] = value.into();
        self
    }

    /// As a user rendering for exactly these users, with nothing derived from it.
    pub(crate) fn heard_by<const N: usize>(self, users: [&str; N]) -> Self {
        Draft(json!({"user": self.0, "audience": users.to_vec(), "derive": false}))
    }
}

/// So many logins, with numbered ids.
pub(crate) fn logins(prefix: &str, count: usize) -> Vec<Draft> {
    (0..count).map(|n| login(&format!("{prefix}{n}"))).collect()
}

/// So many uploads, with numbered ids.
pub(crate) fn uploads(prefix: &str, count: usize) -> Vec<Draft> {
    (0..count).map(|n| upload(&format!("{prefix}{n}"))).collect()
}
