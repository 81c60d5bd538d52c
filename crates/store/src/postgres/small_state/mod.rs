//! Tokens, secrets, records of access, legal holds and reports: small tables, asked each time, so that what is revoked in one process is
//! revoked in all.

mod access;
mod holds;
mod moving;
mod reports;
mod tokens;

pub(super) use holds::in_effect;
pub(super) use moving::{give, take};

use super::fault::Fault;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A record as stored.
fn to_text(record: &impl Serialize) -> Result<String, Fault> {
    serde_json::to_string(record).map_err(|wrong| Fault::Damaged(wrong.to_string()))
}

fn of_text<T: DeserializeOwned>(text: &str) -> Result<T, Fault> {
    serde_json::from_str(text).map_err(|wrong| Fault::Damaged(format!("a small record: {wrong}")))
}
