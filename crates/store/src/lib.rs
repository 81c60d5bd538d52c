//! Keeping events.
