//! The wire: routes, requests and answers.
//!
//! Only this module and its children know HTTP, and only they know the field names of answers. Nothing here names a
//! store; everything goes through the services with a Caller.

pub mod box_api;
pub mod caller;
pub mod console;
pub mod deadlines;
pub mod error;
pub mod finish;
pub mod native_api;
pub mod oauth;
pub mod ops;
pub mod origin;
mod places;
pub mod query;
pub mod rate_limit;
pub mod router;
pub mod serve;
mod slashes;

use crate::config::proxies::TrustedProxies;
use crate::service::Services;
use rate_limit::RateLimit;
use std::ops::Deref;
use std::sync::Arc;

/// What the handlers share. A copy is one count more; each request makes several.
#[derive(Clone)]
pub struct Server(Arc<Shared>);

impl Server {
    /// Shares it.
    pub fn new(shared: Shared) -> Self {
        Server(Arc::new(shared))
    }
}

impl Deref for Server {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

/// What there is to share.
pub struct Shared {
    /// The verbs.
    pub services: Arc<Services>,
    /// The base URL that clients see, if it is configured; else it is built from each request.
    pub public_url: Option<String>,
    /// Calls a minute a user, if limited.
    pub rate_limit: Option<Arc<RateLimit>>,
    /// Calls a minute an application, whoever its tokens are for, if limited.
    pub application_limit: Option<Arc<RateLimit>>,
    /// The proxies whose word about addresses and hosts is believed.
    pub trusted_proxies: TrustedProxies,
    /// Whether `/metrics` is served.
    pub metrics_shown: bool,
}
