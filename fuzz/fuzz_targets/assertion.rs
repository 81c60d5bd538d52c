//! What applications sign to get a token. Nobody has the private half of the key, so none is believed.

#![no_main]

use feed::id::{EnterpriseId, UserId};
use feed::permission::Scopes;
use feed::time::Second;
use store::access_store::{ActsAs, ApplicationRecord, PublicKeyRecord};
use tidings::auth::{assertion, key_pair};

const PUBLIC_KEY: &str = include_str!("../public.pem");

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let application = ApplicationRecord {
        client_id: "c".to_owned(),
        enterprise: EnterpriseId::new("1").expect("an id"),
        name: String::new(),
        service_account: UserId::new("7").expect("an id"),
        scopes: Scopes::NONE,
        acts_as: ActsAs::Nobody,
        redirect_uris: Vec::new(),
        enabled: true,
        secrets: Vec::new(),
        keys: vec![PublicKeyRecord { id: "k".to_owned(), pem: PUBLIC_KEY.to_owned(), created_at: Second(1) }],
        created_at: Second(1),
    };
    assert!(assertion::read(text, &application, "http://h", Second(1_750_000_000)).is_err());
    // The same text as a key that somebody registers.
    drop(key_pair::public_key(text));
});
