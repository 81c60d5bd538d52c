//! The ids of things: short strings of visible ASCII.
//!
//! The real service uses decimal digits and UUIDs; an application that publishes its own activity may use
//! any id of 1 to [`ID_BYTES_MAX`] visible ASCII characters (design, section 5). An id is checked once, here,
//! and cannot be wrong afterwards.

use crate::limits::ID_BYTES_MAX;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::fmt;

/// An id that is empty, too long, or holds something other than visible ASCII.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadId;

impl fmt::Display for BadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an id is 1 to {ID_BYTES_MAX} visible ASCII characters")
    }
}

impl std::error::Error for BadId {}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "SmolStr", into = "SmolStr")]
        pub struct $name(SmolStr);

        impl $name {
            /// Checks and takes an id.
            ///
            /// # Errors
            /// [`BadId`] unless it is 1 to 64 visible ASCII characters.
            pub fn new(text: &str) -> Result<Self, BadId> {
                let visible = text.bytes().all(|b| b.is_ascii_graphic());
                if text.is_empty() || text.len() > ID_BYTES_MAX || !visible {
                    return Err(BadId);
                }
                Ok(Self(SmolStr::new(text)))
            }

            /// The id as it goes over the wire.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                self.as_str()
            }
        }

        impl TryFrom<SmolStr> for $name {
            type Error = BadId;
            fn try_from(text: SmolStr) -> Result<Self, BadId> {
                Self::new(&text)
            }
        }

        impl From<$name> for SmolStr {
            fn from(id: $name) -> SmolStr {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(
    /// The id of an event: unique per enterprise and feed.
    EventId
);
id!(
    /// The id of a user. `2` is the anonymous user (protocol, section 10).
    UserId
);
id!(
    /// The id of an enterprise.
    EnterpriseId
);
id!(
    /// The id of a file, folder or web link.
    ItemId
);
id!(
    /// The id of a group of users.
    GroupId
);
id!(
    /// The name of a list: readers who hear the same events, posted once for all of them (design, section 6).
    ListId
);

impl UserId {
    /// The user who stands for everybody not signed in. It has no feed and never signs in.
    pub fn anonymous() -> Self {
        Self(SmolStr::new_static("2"))
    }

    /// Whether this is the anonymous user. The id is the test; the name can vary.
    pub fn is_anonymous(&self) -> bool {
        self.0 == "2"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_short_and_visible() {
        assert!(UserId::new("20306589101").is_ok());
        assert!(EventId::new("f2e6b0a1-7d0b-4a52-8a55-1f9a6c0f3d22").is_ok());
        for wrong in ["", " ", "a b", "é", "a\n", &"x".repeat(65)] {
            assert_eq!(UserId::new(wrong), Err(BadId), "{wrong:?}");
        }
        assert!(UserId::new(&"x".repeat(64)).is_ok());
    }
}
