//! The directory and who hears of a deed.
//!
//! `audience` has the table that anybody can read. `lists` compares large audiences, posted once, with a plain model
//! that asks everybody; `replay` cuts random histories in two and continues from a snapshot.

mod audience;
mod history;
mod lists;
mod replay;
mod story;
