//! The server's own calls: publishing and administration.

pub mod applications;
pub mod body;
pub mod events;
pub mod tokens;
pub mod users;
