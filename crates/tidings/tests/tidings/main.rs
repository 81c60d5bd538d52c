//! The server, tested from outside: requests go in, answers come out, and the clock stands still until it is moved.
//!
//! - [`world`], [`answer`], [`deeds`]: a company over the memory keeper, what it answers, and what it publishes.
//! - [`reading`]: `GET /2.0/events`, parameter by parameter and stream by stream.
//! - [`errors`]: every error as it goes over the wire.

#![expect(clippy::unwrap_used, reason = "everything here is a test; a panic is how it fails")]

mod answer;
mod deeds;
mod world;

mod reading;
