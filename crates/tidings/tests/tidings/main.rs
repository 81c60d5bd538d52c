//! The real program, from outside.

#![expect(clippy::unwrap_used, reason = "everything here is a test; a panic is how it fails")]

mod commands;
