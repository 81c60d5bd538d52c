//! A provider's keys: which of them may have signed a token.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use feed::limits::{PROVIDER_KEY_BYTES_MIN, PROVIDER_KEYS_MAX};
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

/// What a token may be signed with. There is no HMAC among them: the key of a provider is public.
pub const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// A key.
struct Key {
    id: Option<String>,
    /// The only algorithm it is for, if the provider says so.
    algorithm: Option<Algorithm>,
    key: DecodingKey,
}

/// The keys of a provider.
pub struct Keys(Vec<Key>);

impl Keys {
    /// Reads a key set; keys of no use here are passed over. `None` if it is no key set.
    pub fn parse(json: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Set {
            keys: Vec<Value>,
        }
        let set: Set = serde_json::from_slice(json).ok()?;
        Some(Keys(set.keys.into_iter().take(PROVIDER_KEYS_MAX).filter_map(key).collect()))
    }

    /// Whether a token that names this key may be one of theirs; one that names none may be.
    pub fn know(&self, id: Option<&str>) -> bool {
        self.0.iter().any(|key| id.is_none() || key.id.as_deref() == id)
    }

    /// The keys that may have signed a token.
    pub fn of<'k>(&'k self, id: Option<&'k str>, algorithm: Algorithm) -> impl Iterator<Item = &'k DecodingKey> {
        self.0
            .iter()
            .filter(move |key| id.is_none() || key.id.as_deref() == id)
            .filter(move |key| key.algorithm.is_none_or(|only| only == algorithm))
            .map(|key| &key.key)
    }
}

fn key(value: Value) -> Option<Key> {
    let jwk: Jwk = serde_json::from_value(value).ok()?;
    if jwk.common.public_key_use.as_ref().is_some_and(|it| *it != PublicKeyUse::Signature) {
        return None;
    }
    match &jwk.algorithm {
        AlgorithmParameters::RSA(rsa) => {
            let modulus = URL_SAFE_NO_PAD.decode(rsa.n.trim_end_matches('=')).ok()?;
            (modulus.len() >= PROVIDER_KEY_BYTES_MIN).then_some(())?;
        }
        AlgorithmParameters::EllipticCurve(_) | AlgorithmParameters::OctetKeyPair(_) => {}
        // A shared secret in a public place is none.
        _ => return None,
    }
    let algorithm = match jwk.common.key_algorithm {
        None => None,
        Some(named) => Some(Algorithm::try_from(named).ok().filter(|it| ALGORITHMS.contains(it))?),
    };
    Some(Key { id: jwk.common.key_id.clone(), algorithm, key: DecodingKey::from_jwk(&jwk).ok()? })
}
