//! Signed assertions: the JWT with which an application asks for a token (protocol, section 15 "JWT assertion").

use super::key_pair::public_key;
use super::token::hash_of;
use feed::limits::{ASSERTION_AHEAD_S_MAX, ASSERTION_BYTES_MAX, CLOCK_SKEW_S_MAX};
use feed::time::Second;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use rsa::traits::PublicKeyParts;
use serde::Deserialize;
use std::borrow::Cow;
use store::access_store::{ApplicationRecord, AssertionRecord, PublicKeyRecord};

/// Most SDKs have this one built in, also when their base URL is another (trap 11).
const USUAL_AUDIENCE: &str = "https://api.box.com/oauth2/token";
/// The path of an audience of our own.
const AUDIENCE_PATH: &str = "/oauth2/token";
/// How long the id of an assertion may be, in characters.
const ID_CHARS: std::ops::RangeInclusive<usize> = 16..=128;

/// What an assertion says once it is believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asserted {
    /// `enterprise` or `user`.
    pub subject_type: String,
    /// Its id.
    pub subject_id: String,
    /// What must be remembered so that it does not come again.
    pub seen: AssertionRecord,
}

/// Why an assertion is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadAssertion {
    /// It is wrong in this respect. The text has none of the words that make SDKs try again.
    Wrong(&'static str),
    /// It is out of date, or will be good only later.
    OutOfDate,
}

/// One or more audiences.
#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    box_sub_type: String,
    aud: Audience,
    jti: String,
    exp: f64,
    nbf: Option<f64>,
}

/// Reads an assertion of this application. `own_base` is the base URL under which the client sees this server.
///
/// # Errors
/// [`BadAssertion`].
pub fn read(
    assertion: &str,
    application: &ApplicationRecord,
    own_base: &str,
    now: Second,
) -> Result<Asserted, BadAssertion> {
    let wrong = |what| Err(BadAssertion::Wrong(what));
    if assertion.len() > ASSERTION_BYTES_MAX {
        return wrong("The assertion is too long.");
    }
    let unreadable = BadAssertion::Wrong("The assertion is no JWT that can be read here.");
    // `none` and unknown algorithms fail here already; HMAC would make a public key a secret.
    let header = decode_header(assertion).map_err(|_| unreadable)?;
    if !matches!(header.alg, Algorithm::RS256 | Algorithm::RS384 | Algorithm::RS512) {
        return wrong("The assertion must be signed with RS256, RS384 or RS512.");
    }
    // TypeScript v10 names no key; then any of the application's may have signed.
    let named = |key: &&PublicKeyRecord| header.kid.as_ref().is_none_or(|kid| key.id == *kid);
    let keys: Vec<&PublicKeyRecord> = application.keys.iter().filter(named).collect();
    if keys.is_empty() {
        return wrong("The 'kid' of the assertion names no key of this application.");
    }
    let mut signature_only = Validation::new(header.alg);
    // Times are judged below, by the server's own clock and with the words that SDKs look for.
    signature_only.required_spec_claims.clear();
    signature_only.validate_exp = false;
    signature_only.validate_nbf = false;
    signature_only.validate_aud = false;
    let believed = keys.into_iter().find_map(|key| {
        let key = public_key(&key.pem).ok()?;
        let key = DecodingKey::from_rsa_raw_components(&key.n().to_bytes_be(), &key.e().to_bytes_be());
        decode::<Claims>(assertion, &key, &signature_only).ok()
    });
    let Some(believed) = believed else {
        return wrong("The signature of the assertion does not fit, or a claim is missing.");
    };
    let claims = believed.claims;
    if claims.iss != application.client_id {
        return wrong("The 'iss' of the assertion is not the client id.");
    }
    let audiences = match &claims.aud {
        Audience::One(one) => std::slice::from_ref(one),
        Audience::Many(many) => many.as_slice(),
    };
    if !audiences.iter().any(|audience| is_ours(audience, own_base)) {
        return wrong("The 'aud' of the assertion is not this server.");
    }
    if !ID_CHARS.contains(&claims.jti.chars().count()) {
        return wrong("The id of the assertion must have 16 to 128 characters.");
    }
    let (now_s, skew) = (f64::from(now.0), f64::from(CLOCK_SKEW_S_MAX));
    let in_time = claims.exp > now_s - skew && claims.exp <= now_s + f64::from(ASSERTION_AHEAD_S_MAX) + skew;
    if !in_time || claims.nbf.is_some_and(|from| from > now_s + skew) {
        return Err(BadAssertion::OutOfDate);
    }
    let seen = AssertionRecord {
        hash: hash_of(&format!("{}\n{}", application.client_id, claims.jti)),
        enterprise: application.enterprise.clone(),
        // Refused as out of date from then on, whatever its exact second.
        expires_at: now.ahead(ASSERTION_AHEAD_S_MAX + 2 * CLOCK_SKEW_S_MAX),
    };
    Ok(Asserted { subject_type: claims.box_sub_type, subject_id: claims.sub, seen })
}

/// Whether an audience is the usual one, or that of this server, perhaps with doubled slashes.
fn is_ours(audience: &str, own_base: &str) -> bool {
    if audience == USUAL_AUDIENCE {
        return true;
    }
    let own = format!("{}{AUDIENCE_PATH}", own_base.trim_end_matches('/'));
    single_slashes(audience) == single_slashes(&own)
}

/// The URL with runs of slashes in its path made one. Cortex XSIAM doubles one.
fn single_slashes(url: &str) -> Cow<'_, str> {
    let Some((scheme, rest)) = url.split_once("://") else { return Cow::Borrowed(url) };
    let parts: Vec<&str> = rest.split('/').filter(|part| !part.is_empty()).collect();
    Cow::Owned(format!("{scheme}://{}", parts.join("/")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::key_pair::generate;
    use feed::id::{EnterpriseId, UserId};
    use feed::permission::Scopes;
    use jsonwebtoken::{EncodingKey, Header, encode};
    use rsa::RsaPrivateKey;
    use rsa::pkcs1::EncodeRsaPrivateKey;
    use rsa::pkcs8::DecodePrivateKey;
    use serde_json::{Value, json};
    use std::sync::LazyLock;
    use store::access_store::ActsAs;

    const NOW: Second = Second(1_750_000_000);
    const BASE: &str = "http://localhost:8080";

    /// Making a key is slow, so the tests share one.
    static KEYS: LazyLock<(String, EncodingKey)> = LazyLock::new(|| {
        let pair = generate().unwrap();
        let private = RsaPrivateKey::from_pkcs8_encrypted_pem(&pair.private_pem, &pair.passphrase).unwrap();
        (pair.public_pem, EncodingKey::from_rsa_der(private.to_pkcs1_der().unwrap().as_bytes()))
    });

    fn application() -> ApplicationRecord {
        ApplicationRecord {
            client_id: "client".to_owned(),
            enterprise: EnterpriseId::new("1").unwrap(),
            name: "Collector".to_owned(),
            service_account: UserId::new("7").unwrap(),
            scopes: Scopes::NONE,
            acts_as: ActsAs::Nobody,
            redirect_uris: Vec::new(),
            enabled: true,
            secrets: Vec::new(),
            keys: vec![PublicKeyRecord { id: "k1".to_owned(), pem: KEYS.0.clone(), created_at: Second(1) }],
            created_at: Second(1),
        }
    }

    fn claims() -> Value {
        json!({
            "iss": "client", "sub": "1", "box_sub_type": "enterprise", "aud": USUAL_AUDIENCE,
            "jti": "0123456789abcdef", "exp": NOW.0 + 30,
        })
    }

    fn signed(alg: Algorithm, claims: &Value) -> String {
        let header = Header { kid: Some("k1".to_owned()), ..Header::new(alg) };
        encode(&header, claims, &KEYS.1).unwrap()
    }

    /// The usual claims with one of them changed.
    fn with(name: &str, value: Value) -> Result<Asserted, BadAssertion> {
        let mut claims = claims();
        claims[name] = value;
        read(&signed(Algorithm::RS256, &claims), &application(), BASE, NOW)
    }

    #[test]
    fn every_size_of_rsa_signature_is_read() {
        for alg in [Algorithm::RS256, Algorithm::RS384, Algorithm::RS512] {
            let asserted = read(&signed(alg, &claims()), &application(), BASE, NOW).unwrap();
            assert_eq!((asserted.subject_type.as_str(), asserted.subject_id.as_str()), ("enterprise", "1"));
        }
    }

    #[test]
    fn without_the_name_of_a_key_any_of_them_may_have_signed() {
        let nameless = encode(&Header::new(Algorithm::RS256), &claims(), &KEYS.1).unwrap();
        assert!(read(&nameless, &application(), BASE, NOW).is_ok());
        let keyless = ApplicationRecord { keys: Vec::new(), ..application() };
        assert!(read(&nameless, &keyless, BASE, NOW).is_err());
    }

    #[test]
    fn no_signature_and_a_signature_by_anybody_are_refused() {
        use base64::Engine;
        use base64::engine::general_purpose::URL_SAFE_NO_PAD;
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let unsigned = format!("{}.{}.", part(&json!({"alg": "none", "kid": "k1", "typ": "JWT"})), part(&claims()));
        // The public key is known to all: as the secret of an HMAC it would let anybody sign.
        let header = Header { kid: Some("k1".to_owned()), ..Header::new(Algorithm::HS256) };
        let by_anybody = encode(&header, &claims(), &EncodingKey::from_secret(KEYS.0.as_bytes())).unwrap();
        let good = signed(Algorithm::RS256, &claims());
        let (content, signature) = good.rsplit_once('.').unwrap();
        let mut forged = claims();
        forged["sub"] = json!("2");
        let stolen = format!("{}.{}.{signature}", content.split('.').next().unwrap(), part(&forged));
        let cut = format!("{content}.");
        for bad in [unsigned.as_str(), &by_anybody, &stolen, &cut, "", "a.b.c", "....", &"a".repeat(100_000)] {
            assert!(matches!(read(bad, &application(), BASE, NOW), Err(BadAssertion::Wrong(_))), "{bad:.60}");
        }
    }

    #[test]
    fn audiences() {
        for ours in [
            "https://api.box.com/oauth2/token",
            "http://localhost:8080/oauth2/token",
            "http://localhost:8080//oauth2/token",
        ] {
            assert!(with("aud", json!(ours)).is_ok(), "{ours}");
            assert!(with("aud", json!(["https://else.example", ours])).is_ok(), "{ours} among others");
        }
        for other in ["https://api.box.com", "https://evil.example/oauth2/token", "http://localhost:8080", ""] {
            assert!(with("aud", json!(other)).is_err(), "{other}");
        }
    }

    #[test]
    fn times_are_judged_with_some_skew() {
        for (ahead, good) in
            [(30, true), (60, true), (90, true), (91, false), (-29, true), (-30, false), (4_000, false)]
        {
            let read = with("exp", json!(i64::from(NOW.0) + ahead));
            assert_eq!(read.err(), (!good).then_some(BadAssertion::OutOfDate), "{ahead} s ahead");
        }
        assert_eq!(with("nbf", json!(NOW.0 + 31)), Err(BadAssertion::OutOfDate));
        assert!(with("nbf", json!(NOW.0 + 30)).is_ok());
        assert!(with("exp", json!(f64::from(NOW.0) + 30.5)).is_ok(), "some clients send fractions");
    }

    #[test]
    fn other_claims_must_fit_too() {
        assert!(with("iss", json!("somebody")).is_err());
        assert!(with("jti", json!("0123456789abcde")).is_err());
        assert!(with("jti", json!("a".repeat(129))).is_err());
        assert!(with("sub", Value::Null).is_err());
        let mut other = application();
        other.keys[0].id = "k2".to_owned();
        assert!(read(&signed(Algorithm::RS256, &claims()), &other, BASE, NOW).is_err());
    }
}
