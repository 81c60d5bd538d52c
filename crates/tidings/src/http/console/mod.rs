//! The console: what people see of their enterprise in a browser, under `/console/`.
//!
//! Pages are rendered here and work without script; three small files of script, served by us, make them live. There is
//! one file per page, each with its template in `templates/console`. A page calls the same services with the same Caller
//! as the API does, so nobody can do more here than there (`docs/decisions/0016-console.md`).
//!
//! - [`visitor`]: who is looking, from the session cookie; forms are read there, and only our own.
//! - [`page`]: the frame around every page, its headers, and what a failure looks like.
//! - [`telling`], [`entry`]: times, numbers and events in words.

pub mod applications;
pub mod assets;
pub mod entry;
pub mod event;
pub mod filters;
pub mod groups;
pub mod health;
pub mod hold;
pub mod live;
pub mod own_feed;
pub mod page;
pub mod people;
pub mod report_form;
pub mod reports;
pub mod retention;
pub mod search;
pub mod sign_in;
pub mod telling;
pub mod tokens;
pub mod visitor;

/// Where the console begins.
pub const ROOT: &str = "/console/";
