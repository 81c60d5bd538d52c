//! The OAuth 2 calls (protocol, section 15): how applications get tokens and give them back, and where people consent.

pub mod authorize;
pub mod form;
pub mod page;
pub mod token;
