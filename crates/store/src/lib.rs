//! Keeping events: one promise, several keepers.
//!
//! The traits say in prose what every keeper promises; `tests/store/contract` holds one test function per
//! promise and runs against all of them. A keeper decides nothing about who may read: it is told which line to scan, from where and
//! how far.

mod commit;

pub mod access_store;
pub mod directory_store;
pub mod embedded;
pub mod import;
pub mod ledger;
pub mod memory;
pub mod moving;
pub mod postgres;
pub mod report_store;
pub mod retention_store;
pub mod search;
pub mod token_store;

use std::sync::Arc;

/// One keeper, through all its traits.
#[derive(Clone)]
pub struct Stores {
    /// The events.
    pub ledger: Arc<dyn ledger::Ledger>,
    /// What the events say of enterprises and users.
    pub directory: Arc<dyn directory_store::DirectoryStore>,
    /// Access tokens and the server's secrets.
    pub tokens: Arc<dyn token_store::TokenStore>,
    /// Applications and what their grants need.
    pub access: Arc<dyn access_store::AccessStore>,
    /// Finding events by what they are about.
    pub search: Arc<dyn search::Search>,
    /// Reports and their schedules.
    pub reports: Arc<dyn report_store::ReportStore>,
    /// Legal holds, and what the sweep would do.
    pub retention: Arc<dyn retention_store::RetentionStore>,
    /// Bringing in history from elsewhere.
    pub import: Arc<dyn import::ImportStore>,
}
