//! RSA keys of applications: reading public ones, making pairs, and the configuration file that SDKs read.

use crate::entropy::{SystemRandom, hex, random};
use rsa::pkcs8::{DecodePublicKey, EncodePrivateKey, EncodePublicKey, LineEnding, PrivateKeyInfo, pkcs5::pbes2};
use rsa::traits::PublicKeyParts;
use rsa::{RsaPrivateKey, RsaPublicKey};
use serde_json::json;
use std::fmt;
use store::access_store::{ApplicationRecord, PublicKeyRecord};

/// The size of generated keys.
const KEY_BITS: usize = 2048;
/// The smallest and largest keys that may be registered.
const KEY_BITS_BOUNDS: std::ops::RangeInclusive<usize> = 2048..=8192;
/// Longest PEM that is looked at.
const PEM_BYTES_MAX: usize = 8 * 1024;
/// Rounds of PBKDF2 over a passphrase of 192 random bits: there is nothing to guess, and every SDK reads the file.
const PBKDF2_ROUNDS: u32 = 2_048;

/// Why a key was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadKey {
    /// It is no public RSA key in PEM.
    Unreadable,
    /// It is too small or too large.
    Size(usize),
    /// A pair could not be made or written.
    Generation,
}

impl fmt::Display for BadKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BadKey::Unreadable => f.write_str("The key is no public RSA key in PEM (-----BEGIN PUBLIC KEY-----)."),
            BadKey::Size(bits) => write!(f, "The key has {bits} bits; it may have 2048 to 8192."),
            BadKey::Generation => f.write_str("A key pair could not be made."),
        }
    }
}

impl std::error::Error for BadKey {}

/// A public key out of PEM.
///
/// # Errors
/// [`BadKey`].
pub fn public_key(pem: &str) -> Result<RsaPublicKey, BadKey> {
    if pem.len() > PEM_BYTES_MAX {
        return Err(BadKey::Unreadable);
    }
    let key = RsaPublicKey::from_public_key_pem(pem.trim()).map_err(|_| BadKey::Unreadable)?;
    let bits = key.n().bits();
    if KEY_BITS_BOUNDS.contains(&bits) { Ok(key) } else { Err(BadKey::Size(bits)) }
}

/// A fresh id of a key.
pub fn fresh_key_id() -> String {
    hex(&random::<4>())
}

/// A key pair that was just made. The private half can be shown once; it is not kept.
pub struct FreshPair {
    /// The public half as PEM.
    pub public_pem: String,
    /// The private half as encrypted PEM.
    pub private_pem: String,
    /// What it is encrypted with.
    pub passphrase: String,
}

impl fmt::Debug for FreshPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FreshPair(…)")
    }
}

/// Makes a pair. This takes a good part of a second of computing.
///
/// # Errors
/// [`BadKey::Generation`].
pub fn generate() -> Result<FreshPair, BadKey> {
    let private = RsaPrivateKey::new(&mut SystemRandom, KEY_BITS).map_err(|_| BadKey::Generation)?;
    let public_pem = private.to_public_key().to_public_key_pem(LineEnding::LF).map_err(|_| BadKey::Generation)?;
    let passphrase = hex(&random::<24>());
    let plain = private.to_pkcs8_der().map_err(|_| BadKey::Generation)?;
    let (salt, iv) = (random::<16>(), random::<16>());
    // PBKDF2 and AES, because the SDKs' readers of keys know them all; not every one knows scrypt.
    let scheme =
        pbes2::Parameters::pbkdf2_sha256_aes256cbc(PBKDF2_ROUNDS, &salt, &iv).map_err(|_| BadKey::Generation)?;
    let sealed = PrivateKeyInfo::try_from(plain.as_bytes())
        .and_then(|info| info.encrypt_with_params(scheme, &passphrase))
        .map_err(|_| BadKey::Generation)?;
    let private_pem = sealed.to_pem("ENCRYPTED PRIVATE KEY", LineEnding::LF).map_err(|_| BadKey::Generation)?;
    Ok(FreshPair { public_pem, private_pem: private_pem.to_string(), passphrase })
}

/// The JWT configuration file of an application (protocol, section 15). A secret that nobody knows any more is left for
/// its owner to fill in.
pub fn jwt_config(
    application: &ApplicationRecord,
    secret: Option<&str>,
    key: &PublicKeyRecord,
    pair: &FreshPair,
) -> String {
    let config = json!({
        "boxAppSettings": {
            "clientID": application.client_id,
            "clientSecret": secret.unwrap_or("put the client secret here"),
            "appAuth": {"publicKeyID": key.id, "privateKey": pair.private_pem, "passphrase": pair.passphrase},
        },
        "enterpriseID": application.enterprise.as_str(),
    });
    format!("{config:#}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use rsa::pkcs8::DecodePrivateKey;

    #[test]
    fn a_fresh_pair_belongs_together() {
        let pair = generate().unwrap();
        let private = RsaPrivateKey::from_pkcs8_encrypted_pem(&pair.private_pem, &pair.passphrase).unwrap();
        assert_eq!(public_key(&pair.public_pem), Ok(private.to_public_key()));
        assert!(!format!("{pair:?}").contains(&pair.passphrase));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for wrong in ["", "-----BEGIN PUBLIC KEY-----", &"A".repeat(20_000)] {
            assert_eq!(public_key(wrong), Err(BadKey::Unreadable));
        }
        let small = RsaPrivateKey::new(&mut SystemRandom, 1024).unwrap().to_public_key();
        assert_eq!(public_key(&small.to_public_key_pem(LineEnding::LF).unwrap()), Err(BadKey::Size(1024)));
    }
}
