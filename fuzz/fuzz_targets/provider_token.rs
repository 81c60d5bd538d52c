//! A provider's keys and the claims of its tokens, before and after the signature is checked: a line of keys, then one of
//! claims.

#![no_main]

use feed::id::EnterpriseId;
use feed::permission::Scopes;
use feed::time::Second;
use jsonwebtoken::Algorithm;
use tidings::auth::oidc::claims::Claims;
use tidings::auth::oidc::keys::{ALGORITHMS, Keys};
use tidings::config::provider::{ProviderSettings, safe_url};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut parts = bytes.splitn(2, |byte| *byte == b'\n');
    let (keys, claims) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    if let Some(keys) = Keys::parse(keys) {
        for algorithm in ALGORITHMS {
            assert!(algorithm != Algorithm::HS256);
            for id in [None, Some("k")] {
                assert!(keys.of(id, algorithm).count() == 0 || keys.know(id));
            }
        }
    }
    let now = Second(1_750_000_000);
    let settings = ProviderSettings {
        issuer: "i".to_owned(),
        audience: "a".to_owned(),
        keys_url: None,
        user_claim: "email".to_owned(),
        scopes: Scopes::PUBLISH,
        enterprise: EnterpriseId::new("1").expect("an id"),
        ca: None,
    };
    if let Ok(claims) = serde_json::from_slice::<Claims>(claims)
        && let Some(told) = claims.judged(&settings, now)
    {
        assert!(now < told.ends && !told.user.is_empty() && Scopes::PUBLISH.contains(told.scopes));
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        drop(safe_url(text));
    }
});
