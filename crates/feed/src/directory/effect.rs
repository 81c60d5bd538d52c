//! What an event changes in the directory.
//!
//! Effects are plain values in ids, as events name them; keepers store them to be replayed. What an effect *gives* is
//! seen by its own event, what it *takes away* only after it (design, section 6), so that both the person added and
//! the person removed hear of it.

use super::people::{Enterprise, Person, Role};
use crate::id::{GroupId, ItemId, UserId};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// Whom a collaboration lets in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Collaborator {
    /// One user.
    User(UserId),
    /// Everybody who is in the group at the time.
    Group(GroupId),
}

/// What a collaborator may do with the item. It decides nothing about who hears of it: all of them do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum CollaborationRole {
    /// `editor`
    Editor,
    /// `viewer`
    Viewer,
    /// `previewer`
    Previewer,
    /// `uploader`
    Uploader,
    /// `previewer uploader`
    PreviewerUploader,
    /// `viewer uploader`
    ViewerUploader,
    /// `co-owner`
    CoOwner,
    /// A role that this server has no word for.
    Other,
}

impl CollaborationRole {
    /// Each role that has a word, with it.
    pub const NAMES: [(CollaborationRole, &'static str); 7] = [
        (CollaborationRole::Editor, "editor"),
        (CollaborationRole::Viewer, "viewer"),
        (CollaborationRole::Previewer, "previewer"),
        (CollaborationRole::Uploader, "uploader"),
        (CollaborationRole::PreviewerUploader, "previewer uploader"),
        (CollaborationRole::ViewerUploader, "viewer uploader"),
        (CollaborationRole::CoOwner, "co-owner"),
    ];

    /// The role of a word; case, and blank, hyphen or underscore between words, make no difference.
    pub fn of_word(word: &str) -> Self {
        let plain = |text: &str| text.replace([' ', '-', '_'], "").to_ascii_lowercase();
        let wanted = plain(word);
        let found = Self::NAMES.into_iter().find(|(_, name)| plain(name) == wanted);
        found.map_or(CollaborationRole::Other, |(role, _)| role)
    }

    /// The word for it.
    pub fn word(self) -> &'static str {
        Self::NAMES.into_iter().find(|(role, _)| *role == self).map_or("other", |(_, name)| name)
    }
}

/// Whether somebody invited is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum CollaborationStatus {
    /// Invited, and not in yet: hears of the invitation and of nothing else.
    Pending,
    /// In.
    Accepted,
}

/// What an event changes in the directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Effect {
    /// The enterprise was set up, or its settings were changed.
    EnterpriseSet(Enterprise),
    /// An event named this person; whoever is unknown becomes a provisional user of the event's enterprise.
    Met(Person),
    /// The user was added or edited. `None` leaves what is there.
    UserSet {
        /// Who.
        id: UserId,
        /// The name from now on.
        name: Option<SmolStr>,
        /// The login from now on.
        login: Option<SmolStr>,
        /// The role from now on.
        role: Option<Role>,
    },
    /// The user was deleted, and with the user all that tied them to items and groups.
    UserDeleted(UserId),
    /// The user marked a folder as synced.
    Synced {
        /// Who.
        user: UserId,
        /// Which folder.
        folder: ItemId,
    },
    /// The user unmarked a synced folder.
    Unsynced {
        /// Who.
        user: UserId,
        /// Which folder.
        folder: ItemId,
    },
    /// The group was made or edited. `None` leaves its name.
    GroupSet {
        /// Which.
        group: GroupId,
        /// The name from now on.
        name: Option<SmolStr>,
    },
    /// The group is no more, and neither are its memberships and collaborations.
    GroupDeleted(GroupId),
    /// The user came into the group, which is made if it is unknown.
    Joined {
        /// Who.
        user: UserId,
        /// Which group.
        group: GroupId,
    },
    /// The user left the group.
    Left {
        /// Who.
        user: UserId,
        /// Which group.
        group: GroupId,
    },
    /// A collaboration was made or changed.
    Collaborates {
        /// On which file or folder.
        item: ItemId,
        /// Who is let in.
        with: Collaborator,
        /// As what; `None` leaves what is there.
        role: Option<CollaborationRole>,
        /// Whether they are in; `None` leaves what is there, and is in if there is nothing. Nobody who is in becomes
        /// pending again.
        status: Option<CollaborationStatus>,
        /// The id of the collaboration, if it was said.
        id: Option<SmolStr>,
    },
    /// A collaboration ended.
    CollaborationEnded {
        /// On which file or folder.
        item: ItemId,
        /// Who was let in.
        with: Collaborator,
    },
    /// A source showed where the item lies and whose it is.
    Placed {
        /// Which item.
        item: ItemId,
        /// The folders above it, from the top down, without the root.
        folders: Vec<ItemId>,
        /// Whether they reach up to the root.
        rooted: bool,
        /// The owner, if it was said.
        owner: Option<UserId>,
    },
    /// The item was moved to where [`Effect::Placed`] of the same event says: those who hear of its old place hear of
    /// the move too.
    Moved(ItemId),
    /// The item is in the trash: after this nobody hears of it and of what is below it through a collaboration.
    Trashed(ItemId),
    /// The item is back.
    Restored(ItemId),
}

impl Effect {
    /// Whether it takes something away, and so comes true only after its own event was heard.
    pub fn takes(&self) -> bool {
        match self {
            Effect::UserDeleted(_)
            | Effect::Unsynced { .. }
            | Effect::GroupDeleted(_)
            | Effect::Left { .. }
            | Effect::CollaborationEnded { .. }
            | Effect::Trashed(_) => true,
            Effect::EnterpriseSet(_)
            | Effect::Met(_)
            | Effect::UserSet { .. }
            | Effect::Synced { .. }
            | Effect::GroupSet { .. }
            | Effect::Joined { .. }
            | Effect::Collaborates { .. }
            | Effect::Placed { .. }
            | Effect::Moved(_)
            | Effect::Restored(_) => false,
        }
    }

    /// Whether it speaks only of where an enterprise's items lie. What does so and what speaks of people can be applied
    /// in two orders of their own, as long as the people are known before their items (an item may name its owner): no
    /// effect on people asks the tree, and no effect on the tree asks more than that of people.
    pub fn is_of_the_tree(&self) -> bool {
        matches!(self, Effect::Placed { .. } | Effect::Moved(_) | Effect::Trashed(_) | Effect::Restored(_))
    }

    /// The person whom a deed about groups or collaborations concerns, and who therefore hears of it.
    pub fn person_concerned(&self) -> Option<&UserId> {
        match self {
            Effect::Joined { user, .. } | Effect::Left { user, .. } => Some(user),
            Effect::Collaborates { with: Collaborator::User(user), .. }
            | Effect::CollaborationEnded { with: Collaborator::User(user), .. } => Some(user),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_read_however_they_are_written() {
        for word in ["Co-owner", "co_owner", "co owner", "COOWNER"] {
            assert_eq!(CollaborationRole::of_word(word), CollaborationRole::CoOwner, "{word}");
        }
        assert_eq!(CollaborationRole::of_word("Viewer Uploader").word(), "viewer uploader");
        assert_eq!(CollaborationRole::of_word("king"), CollaborationRole::Other);
    }
}
