//! The server's own calls: publishing and administration.

pub mod applications;
pub mod body;
pub mod collaborations;
pub mod enterprise;
pub mod events;
pub mod explain;
pub mod folders;
pub mod groups;
pub mod holds;
pub mod import;
mod list;
pub mod reports;
pub mod retention;
pub mod search;
pub mod tokens;
pub mod users;
