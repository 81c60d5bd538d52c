//! Enterprises and people: who they are and what they may do.

use crate::id::{EnterpriseId, UserId};
use crate::retention::Retention;
use crate::time::Second;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// What somebody may do in their enterprise (protocol, section 10).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// Reads their own feed.
    User,
    /// An administrator with a chosen subset of the rights.
    CoAdmin(CoAdminRights),
    /// Has every right over the enterprise.
    Admin,
    /// The technical user of an application that uses server authentication.
    ServiceAccount,
}

/// The rights of a co-admin, one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CoAdminRights {
    /// "Run new reports and access existing reports": reads the enterprise feed.
    pub reports: bool,
    /// Manages users, and so may act as them.
    pub users: bool,
}

/// Where a user stands in the course of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    /// Somebody whom an event named, but whom nobody has added yet.
    Provisional,
    /// A user in use.
    Active,
    /// A user who was deleted: no feed grows any more, no token works.
    Deleted,
}

/// Somebody as events name them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The user's id.
    pub id: UserId,
    /// The name, possibly empty.
    pub name: SmolStr,
    /// The login (an e-mail address), possibly empty.
    pub login: SmolStr,
}

/// A user of the directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Id, name and login.
    pub person: Person,
    /// The enterprise the user belongs to; the user's feed lives in its line of positions.
    pub home: EnterpriseId,
    /// What the user may do.
    pub role: Role,
    /// Where the account stands.
    pub status: Status,
    /// When the directory first knew of the user.
    pub created_at: Second,
    /// When an event last changed the user.
    pub modified_at: Second,
}

/// An enterprise of the directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enterprise {
    /// Its id.
    pub id: EnterpriseId,
    /// Its name.
    pub name: SmolStr,
    /// How long its events are kept.
    pub retention: Retention,
    /// Whether event types that need opting in reach it (`FILE_MARKED_MALICIOUS`).
    pub opted_in: bool,
}
