//! Asking a provider for its keys: where they are, by discovery, and what they are.

use super::keys::Keys;
use crate::config::provider::{ProviderSettings, is_this_machine, safe_url};
use crate::tls::{BadCertificate, authorities};
use feed::limits::PROVIDER_ANSWER_BYTES_MAX;
use serde::Deserialize;
use std::time::Duration;
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// How long the provider may take for an answer.
const ANSWER_TIME: Duration = Duration::from_secs(5);

/// Fetches keys.
#[derive(Clone)]
pub(super) struct Fetcher {
    agent: Agent,
    issuer: String,
    keys_url: Option<String>,
}

impl Fetcher {
    pub(super) fn new(settings: &ProviderSettings) -> Result<Self, BadCertificate> {
        let mut config = Agent::config_builder()
            // A redirect could lead to where anybody can change the answer.
            .max_redirects(0)
            .max_redirects_will_error(true)
            .user_agent(concat!("tidings/", env!("CARGO_PKG_VERSION")))
            .timeout_global(Some(ANSWER_TIME));
        if let Some(ca) = &settings.ca {
            let trusted = authorities(ca)?;
            let trusted: Vec<Certificate<'static>> =
                trusted.iter().map(|it| Certificate::from_der(it).to_owned()).collect();
            config = config.tls_config(TlsConfig::builder().root_certs(RootCerts::new_with_certs(&trusted)).build());
        }
        let host = settings.issuer.parse::<http::Uri>().ok().and_then(|uri| uri.host().map(is_this_machine));
        if host == Some(true) {
            // No proxy leads to this machine.
            config = config.proxy(None);
        }
        let (issuer, keys_url) = (settings.issuer.clone(), settings.keys_url.clone());
        Ok(Fetcher { agent: config.build().new_agent(), issuer, keys_url })
    }

    /// The keys as they are now, or why they cannot be had.
    pub(super) async fn keys(&self) -> Result<Keys, String> {
        let here = self.clone();
        let asking = tokio::task::spawn_blocking(move || here.ask());
        asking.await.map_err(|_| "asking was broken off".to_owned())?
    }

    fn ask(&self) -> Result<Keys, String> {
        let url = match &self.keys_url {
            Some(url) => url.clone(),
            None => self.discovered()?,
        };
        Keys::parse(&self.get(&url)?).ok_or_else(|| format!("{url} answered no key set"))
    }

    /// Where the provider says that its keys are.
    fn discovered(&self) -> Result<String, String> {
        #[derive(Deserialize)]
        struct Discovered {
            issuer: String,
            jwks_uri: String,
        }
        let url = format!("{}/.well-known/openid-configuration", self.issuer.trim_end_matches('/'));
        let discovered: Discovered = serde_json::from_slice(&self.get(&url)?)
            .map_err(|_| format!("{url} answered no provider configuration"))?;
        if discovered.issuer != self.issuer {
            return Err(format!("{url} is about another issuer"));
        }
        safe_url(&discovered.jwks_uri).map_err(|wrong| format!("jwks_uri at {url} {wrong}"))?;
        Ok(discovered.jwks_uri)
    }

    fn get(&self, url: &str) -> Result<Vec<u8>, String> {
        let mut response = self.agent.get(url).call().map_err(|why| format!("{url}: {why}"))?;
        let body = response.body_mut().with_config().limit(PROVIDER_ANSWER_BYTES_MAX).read_to_vec();
        body.map_err(|why| format!("{url}: {why}"))
    }
}
