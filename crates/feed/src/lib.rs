//! What events, feeds, positions, audiences and rules *are*.
//!
//! This crate is the ground floor: it does no IO, reads no clock, draws no random numbers and knows no
//! async. Time, limits and randomness come in as arguments. Everything here is a value or a function of
//! values, so every rule can be tested without a server.
//!
//! It deliberately does not know how events are kept (`store`), nor how they are asked for (`tidings`).

pub mod audience;
pub mod catalogue;
pub mod directory;
pub mod event;
pub mod filter;
pub mod history_order;
pub mod hold;
pub mod id;
pub mod intake;
pub mod limits;
pub mod page;
pub mod permission;
pub mod position;
pub mod report;
pub mod retention;
pub mod search;
pub mod stream_type;
pub mod term;
pub mod text_match;
pub mod time;
