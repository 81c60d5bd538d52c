//! The verbs: what callers can do. One file each.
//!
//! Services know stores and rules; they name no HTTP type, and none can be called without a Caller (the long poll
//! finds its own, from the channel).

pub mod administer;
pub mod applications;
pub(crate) mod audit;
pub mod audited_reads;
mod changes;
pub mod enterprise;
pub mod event;
pub mod explain;
pub mod folders;
pub mod health;
pub mod holds;
pub mod import;
pub mod last_active;
pub mod live;
pub mod oauth;
pub mod publish;
pub mod read;
pub mod report;
pub mod retention;
pub mod roster;
pub mod search;
pub mod sessions;
pub mod sharing;
pub mod summary;
pub mod sweep;
pub mod watch;

use crate::auth::Authenticator;
use crate::auth::channel::ChannelKey;
use crate::auth::grant::Grants;
use crate::auth::sign_in_limit::SignInLimit;
use crate::bell::Bell;
use crate::clock::Clock;
use crate::telemetry::Metrics;
use audited_reads::AuditedReads;
use feed::catalogue::Catalogue;
use feed::time::Second;
use live::LiveViews;
use std::sync::Arc;
use std::time::Duration;
use store::Stores;
use watch::{Channels, Polls};

/// What the services answer with, for those who may not name a store.
pub use store::access_store::{ActsAs, ApplicationRecord, PublicKeyRecord, SecretRecord, SessionRecord};
pub use store::ledger::{AppendError, Outcome, Receipt, Unavailable};
pub use store::report_store::{ReportRecord, ReportState, ScheduleRecord};
pub use store::retention_store::{Expired, Forecast};
pub use store::token_store::TokenRecord;

/// Everything the services share.
pub struct Services {
    /// The stores.
    pub stores: Stores,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The known event types.
    pub catalogue: Catalogue,
    /// Wakes waiting readers.
    pub bell: Bell,
    /// Finds out who is asking.
    pub authenticator: Authenticator,
    /// Grants tokens to applications.
    pub grants: Grants,
    /// Bounds failed sign-ins.
    pub sign_in_limit: SignInLimit,
    /// Signs channels.
    pub channel_key: ChannelKey,
    /// What was last signalled on channels polled without a position.
    pub channels: Channels,
    /// How many long polls are under way with each token.
    pub polls: Polls,
    /// Who watches a live view.
    pub live_views: LiveViews,
    /// The store's directory, where it has one: asked how large it is.
    pub disk: Option<health::Disk>,
    /// The database, if that is what the store is kept in.
    pub database: Option<store::postgres::PostgresStore>,
    /// When the server came up.
    pub started_at: Second,
    /// Where reports are kept, the key that signs them, and those being made.
    pub reports: report::Reports,
    /// Reads of the audit log that are yet to be told of; `None` if they are not audited.
    pub audited_reads: Option<AuditedReads>,
    /// Longest hold of a long poll.
    pub hold: Duration,
    /// What is counted.
    pub metrics: Metrics,
}
