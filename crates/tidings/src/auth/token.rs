//! Access tokens: opaque random text, of which only the hash is kept.

use crate::entropy::{hex, random};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use std::fmt;
use store::token_store::TokenHash;

/// A token that was just made. It can be shown once; it is not kept.
pub struct FreshToken {
    /// The secret text.
    pub secret: String,
    /// A short name for lists and logs; not secret.
    pub id: String,
    /// What is kept of it.
    pub hash: TokenHash,
}

impl fmt::Debug for FreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FreshToken").field("id", &self.id).finish_non_exhaustive()
    }
}

/// What every token begins with: scanners for leaked secrets know it by this, and no command line takes it for an option.
const PREFIX: &str = "tidings_";

impl FreshToken {
    /// Makes a token of 256 random bits.
    pub fn make() -> Self {
        let secret = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(random::<32>()));
        FreshToken { hash: hash_of(&secret), id: hex(&random::<6>()), secret }
    }
}

/// The hash under which a token is kept. A token has 256 random bits, so a plain hash cannot be searched, and looking
/// one up by its hash tells nothing about others by its timing.
pub fn hash_of(secret: &str) -> TokenHash {
    TokenHash(Sha256::digest(secret.as_bytes()).into())
}
