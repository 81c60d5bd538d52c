//! Sign-in with one's own identity provider: access tokens of an OpenID Connect provider, believed by its signature.
//!
//! Nothing of them is stored. What was found out about a token is remembered until it ends, so that its signature is
//! checked once, and so that a channel that was opened with it can be judged again; after a restart it is checked anew.

pub mod claims;
mod fetch;
pub mod keys;

use super::token::hash_of;
use crate::clock::Clock;
use crate::config::provider::ProviderSettings;
use crate::entropy::hex;
use crate::tls::BadCertificate;
use claims::Claims;
pub use claims::Told;
use feed::limits::{
    ASSERTION_BYTES_MAX, KEYS_FRESH_S, KEYS_KEPT_S, PROVIDER_ASKED_AGAIN_S, PROVIDER_TOKENS_REMEMBERED_MAX,
};
use feed::time::Second;
use fetch::Fetcher;
use jsonwebtoken::{Validation, decode, decode_header};
use keys::{ALGORITHMS, Keys};
use rustc_hash::FxHashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

/// What the ids of a provider's tokens begin with, so that they are told from our own.
const ID_PREFIX: &str = "oidc-";

/// Why a token of a provider is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotBelieved {
    /// It is no good.
    Bad,
    /// The provider's keys cannot be had now.
    Away,
}

/// A token that is believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Believed {
    /// The id under which it is known here; not secret.
    pub id: String,
    /// What it tells.
    pub told: Told,
    /// Whether it came for the first time since the server started.
    pub first_time: bool,
}

/// The keys as they were fetched.
struct Fetched {
    keys: Keys,
    at: Second,
}

/// What was found out about a token.
struct Remembered {
    told: Told,
    key_id: Option<String>,
}

/// An identity provider.
pub struct Provider {
    settings: ProviderSettings,
    clock: Arc<dyn Clock>,
    fetcher: Fetcher,
    fetched: RwLock<Option<Arc<Fetched>>>,
    /// When the provider was last asked. Whoever holds it is asking; the others wait for the answer.
    asked: tokio::sync::Mutex<Option<Second>>,
    remembered: Mutex<FxHashMap<String, Remembered>>,
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider").field("issuer", &self.settings.issuer).finish_non_exhaustive()
    }
}

impl Provider {
    /// A provider; it is asked when its first token comes.
    ///
    /// # Errors
    /// [`BadCertificate`] when the authorities to trust cannot be read.
    pub fn new(settings: ProviderSettings, clock: Arc<dyn Clock>) -> Result<Self, BadCertificate> {
        let fetcher = Fetcher::new(&settings)?;
        let (fetched, asked) = (RwLock::default(), tokio::sync::Mutex::default());
        Ok(Provider { settings, clock, fetcher, fetched, asked, remembered: Mutex::default() })
    }

    /// What is believed of its tokens.
    pub fn settings(&self) -> &ProviderSettings {
        &self.settings
    }

    /// Whether a text may be a token of a provider. Our own have no dots.
    pub fn may_be_token(text: &str) -> bool {
        text.len() <= ASSERTION_BYTES_MAX && text.bytes().filter(|byte| *byte == b'.').count() == 2
    }

    /// Believes a token, or not.
    ///
    /// # Errors
    /// [`NotBelieved`].
    pub async fn believe(&self, token: &str) -> Result<Believed, NotBelieved> {
        let id = format!("{ID_PREFIX}{}", hex(&hash_of(token).0[..16]));
        // Keys that are old are fetched again before anything is believed for what was found out with them.
        if self.current().is_some_and(|fetched| self.age(&fetched) < KEYS_FRESH_S)
            && let Some(told) = self.remembered_of(&id)
        {
            return Ok(Believed { id, told, first_time: false });
        }
        let header = decode_header(token).map_err(|_| NotBelieved::Bad)?;
        // `none` fails above; what must be understood to be believed (`crit`) is not understood here.
        if !ALGORITHMS.contains(&header.alg) || header.crit.is_some() {
            return Err(NotBelieved::Bad);
        }
        let key_id = header.kid.as_deref();
        let fetched = self.keys(key_id).await?;
        let mut signature_only = Validation::new(header.alg);
        // Times and audience are judged with the rest, by the server's own clock.
        signature_only.required_spec_claims.clear();
        signature_only.validate_exp = false;
        signature_only.validate_nbf = false;
        signature_only.validate_aud = false;
        let signed =
            fetched.keys.of(key_id, header.alg).find_map(|key| decode::<Claims>(token, key, &signature_only).ok());
        let told = signed.and_then(|signed| signed.claims.judged(&self.settings, self.clock.now()));
        let told = told.ok_or(NotBelieved::Bad)?;
        let first_time = self.remember(&id, Remembered { told: told.clone(), key_id: header.kid });
        Ok(Believed { id, told, first_time })
    }

    /// What a token tells that was believed before, by its id, if it is still good.
    pub fn remembered_of(&self, id: &str) -> Option<Told> {
        let remembered = self.remembered();
        let it = remembered.get(id).filter(|it| self.clock.now() < it.told.ends)?;
        // A key that the provider took back signs nothing any more, also what it signed before.
        let known = self.current().is_some_and(|fetched| fetched.keys.know(it.key_id.as_deref()));
        known.then(|| it.told.clone())
    }

    /// Whether an id is that of a provider's token.
    pub fn is_id(id: &str) -> bool {
        id.starts_with(ID_PREFIX)
    }

    /// Remembers what was found out about a token, and answers whether it was not known before.
    fn remember(&self, id: &str, what: Remembered) -> bool {
        let mut remembered = self.remembered();
        if remembered.len() >= PROVIDER_TOKENS_REMEMBERED_MAX {
            let now = self.clock.now();
            remembered.retain(|_, it| now < it.told.ends);
            if remembered.len() >= PROVIDER_TOKENS_REMEMBERED_MAX {
                // It costs their owners a check of the signature.
                remembered.clear();
            }
        }
        remembered.insert(id.to_owned(), what).is_none()
    }

    fn remembered(&self) -> MutexGuard<'_, FxHashMap<String, Remembered>> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn current(&self) -> Option<Arc<Fetched>> {
        self.fetched.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many seconds ago keys were fetched.
    fn age(&self, fetched: &Fetched) -> u32 {
        self.clock.now().0.saturating_sub(fetched.at.0)
    }

    /// The provider's keys, with this one among them. Fetched again when they are old, or when the key is none of them:
    /// then it may be a new one. Old ones do while the provider is away, but not for ever.
    async fn keys(&self, key_id: Option<&str>) -> Result<Arc<Fetched>, NotBelieved> {
        let good = |it: &Arc<Fetched>| it.keys.know(key_id) && self.age(it) < KEYS_FRESH_S;
        if let Some(fetched) = self.current().filter(good) {
            return Ok(fetched);
        }
        let mut asked = self.asked.lock().await;
        // Somebody else may have asked meanwhile.
        if let Some(fetched) = self.current().filter(good) {
            return Ok(fetched);
        }
        let now = self.clock.now();
        // Anybody can send tokens with keys that nobody knows; the provider must not be asked for each.
        if asked.is_none_or(|at| now.0.abs_diff(at.0) >= PROVIDER_ASKED_AGAIN_S) {
            *asked = Some(now);
            match self.fetcher.keys().await {
                Ok(keys) => {
                    let fetched = Some(Arc::new(Fetched { keys, at: now }));
                    *self.fetched.write().unwrap_or_else(PoisonError::into_inner) = fetched;
                }
                Err(why) => {
                    tracing::warn!(issuer = self.settings.issuer, why, "the identity provider's keys cannot be had");
                }
            }
        }
        drop(asked);
        let fetched = self.current().filter(|it| self.age(it) < KEYS_KEPT_S).ok_or(NotBelieved::Away)?;
        if fetched.keys.know(key_id) { Ok(fetched) } else { Err(NotBelieved::Bad) }
    }
}
