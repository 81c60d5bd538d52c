//! What the crate promises, through its public face.
//!
//! - [`directory`]: what deeds change in the directory, and who hears of them.
//! - [`intake`]: a body goes in, events or a refusal come out.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it is")]

mod directory;
mod intake;
