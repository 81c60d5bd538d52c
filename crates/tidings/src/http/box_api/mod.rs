//! The calls of the Box Events API, as unmodified clients make them.

pub mod events;
pub mod long_poll;
mod page_body;
pub mod users;
