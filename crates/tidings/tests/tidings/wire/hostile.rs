//! Requests that are meant to confuse.
