//! What a provider's token says, and whether it is said to us, now.

use crate::config::provider::ProviderSettings;
use feed::limits::CLOCK_SKEW_S_MAX;
use feed::permission::Scopes;
use feed::time::Second;
use serde::Deserialize;
use serde_json::{Map, Value};

/// What is believed of a token once its signature is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The user's login or id.
    pub user: String,
    /// What it gives.
    pub scopes: Scopes,
    /// From when on it is refused.
    pub ends: Second,
}

/// One or more words.
#[derive(Deserialize)]
#[serde(untagged)]
enum Words {
    One(String),
    Many(Vec<String>),
}

impl Words {
    fn iter(&self) -> impl Iterator<Item = &str> {
        match self {
            Words::One(one) => std::slice::from_ref(one),
            Words::Many(many) => many.as_slice(),
        }
        .iter()
        .map(String::as_str)
    }
}

/// The claims of a token.
#[derive(Deserialize)]
pub struct Claims {
    iss: String,
    aud: Words,
    exp: f64,
    nbf: Option<f64>,
    iat: Option<f64>,
    scope: Option<Words>,
    /// The same, as some providers call it.
    scp: Option<Words>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

impl Claims {
    /// What they tell, if they are for this server, and good now. A scope must be in the token *and* be configured.
    pub fn judged(&self, settings: &ProviderSettings, now: Second) -> Option<Told> {
        let (now_s, skew) = (f64::from(now.0), f64::from(CLOCK_SKEW_S_MAX));
        let for_us = self.iss == settings.issuer && self.aud.iter().any(|it| it == settings.audience);
        // Written so that what is no number is no good either.
        let begun = |from: Option<f64>| from.is_none_or(|from| from <= now_s + skew);
        if !(for_us && self.exp > now_s - skew && begun(self.nbf) && begun(self.iat)) {
            return None;
        }
        let user = match settings.user_claim.as_str() {
            "iss" => return None,
            name => self.others.get(name)?.as_str()?.trim(),
        };
        // Somebody may have entered any address that nobody has verified.
        let unverified =
            settings.user_claim == "email" && self.others.get("email_verified") == Some(&Value::Bool(false));
        if user.is_empty() || unverified {
            return None;
        }
        let named = self.scope.iter().chain(&self.scp).flat_map(Words::iter).flat_map(|words| words.split(' '));
        let named = named.filter_map(|word| Scopes::parse(word).ok()).fold(Scopes::NONE, Scopes::and);
        // What does not fit becomes the nearest that does.
        let ends = Second((self.exp + skew) as u32);
        Some(Told { user: user.to_owned(), scopes: named.within(settings.scopes), ends })
    }
}
