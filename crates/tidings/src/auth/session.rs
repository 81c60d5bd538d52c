//! Console sessions: what a browser holds, and what is made from it.
//!
//! The browser holds a secret of 256 random bits in a cookie; only its hash is kept. What a form must send back to prove
//! that it is ours is made from the secret, so nothing more has to be kept for it.

use super::token::hash_of;
use crate::entropy::{hex, random};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use feed::limits::{SESSION_IDLE_S_MAX, SESSION_LIFETIME_S_MAX};
use feed::time::Second;
use std::fmt;
use store::access_store::SessionRecord;
use subtle::ConstantTimeEq;

/// The secret of a session, which its browser holds.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionSecret(String);

impl fmt::Debug for SessionSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionSecret(…)")
    }
}

/// Longest secret that is looked at, in bytes; ours are shorter.
const SECRET_BYTES_MAX: usize = 64;

impl SessionSecret {
    /// A fresh one.
    pub fn make() -> Self {
        SessionSecret(URL_SAFE_NO_PAD.encode(random::<32>()))
    }

    /// One that a browser sent. What cannot be a secret of ours is none.
    pub fn sent(text: &str) -> Option<Self> {
        let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        (!text.is_empty() && text.len() <= SECRET_BYTES_MAX && text.bytes().all(fits))
            .then(|| SessionSecret(text.to_owned()))
    }

    /// The text for the cookie.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// What forms of this session carry: another site cannot know it, and it tells nothing of the secret.
    pub fn form_key(&self) -> String {
        hex(&hash_of(&format!("form of {}", self.0)).0[..20])
    }

    /// Whether a form carries the key of this session. How long it takes does not depend on where they differ.
    pub fn is_form_key(&self, sent: &str) -> bool {
        self.form_key().as_bytes().ct_eq(sent.as_bytes()).into()
    }
}

/// When a session ends that was last used at `seen_at`.
pub fn end_of(created_at: Second, seen_at: Second) -> Second {
    seen_at.ahead(SESSION_IDLE_S_MAX).min(created_at.ahead(SESSION_LIFETIME_S_MAX))
}

/// The session, used again now.
#[must_use]
pub fn seen(record: &SessionRecord, now: Second) -> SessionRecord {
    SessionRecord { seen_at: now, expires_at: end_of(record.created_at, now), ..record.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_key_belongs_to_one_session() {
        let (one, other) = (SessionSecret::make(), SessionSecret::make());
        assert!(one.is_form_key(&one.form_key()));
        assert!(!one.is_form_key(&other.form_key()));
        assert!(!one.is_form_key(""));
        assert!(!one.form_key().contains(one.text()));
    }

    #[test]
    fn only_what_may_be_a_secret_is_looked_up() {
        let one = SessionSecret::make();
        assert_eq!(SessionSecret::sent(one.text()), Some(one));
        for wrong in ["", "a b", "a;b", "é", &"a".repeat(65)] {
            assert_eq!(SessionSecret::sent(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn use_prolongs_a_session_up_to_its_whole_life() {
        let begin = Second(1_000_000);
        assert_eq!(end_of(begin, begin), begin.ahead(SESSION_IDLE_S_MAX));
        let late = begin.ahead(SESSION_LIFETIME_S_MAX - 10);
        assert_eq!(end_of(begin, late), begin.ahead(SESSION_LIFETIME_S_MAX));
    }
}
