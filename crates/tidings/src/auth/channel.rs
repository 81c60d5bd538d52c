//! Channel tokens: what the URL of a long poll carries (protocol, section 9).
//!
//! They are self-contained and signed, so that a URL survives a restart and works after its `ttl`: most clients come
//! back with the same one. They hold no right of their own; user and token are looked up again at each use.

use crate::entropy::random;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use feed::id::UserId;
use feed::position::Position;
use feed::stream_type::{StreamType, UserStream};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// What a channel listens for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// Tells channels of one user apart.
    pub nonce: [u8; 8],
    /// The public id of the token it was asked for with.
    pub token_id: String,
    /// Whose feed.
    pub user: UserId,
    /// Which view of it.
    pub stream: UserStream,
    /// The end of the stream when the channel was made.
    pub since: Position,
}

/// Signs and checks channel tokens.
#[derive(Clone)]
pub struct ChannelKey([u8; 32]);

impl std::fmt::Debug for ChannelKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ChannelKey(…)")
    }
}

const SIGNATURE_BYTES: usize = 32;

impl Channel {
    /// A new channel.
    pub fn new(token_id: &str, user: UserId, stream: UserStream, since: Position) -> Self {
        Channel { nonce: random(), token_id: token_id.to_owned(), user, stream, since }
    }
}

impl ChannelKey {
    /// A key of secret bytes.
    pub fn new(secret: [u8; 32]) -> Self {
        ChannelKey(secret)
    }

    /// The token of a channel: URL-safe text.
    pub fn seal(&self, channel: &Channel) -> String {
        let Channel { nonce, token_id, user, stream, since } = channel;
        let mut bytes = nonce.to_vec();
        let stream = StreamType::User(*stream).name();
        bytes.extend_from_slice(format!("{stream}\n{since}\n{token_id}\n{user}").as_bytes());
        let signature = self.mac(&bytes).finalize().into_bytes();
        bytes.extend_from_slice(&signature);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The channel of a token, if this key signed it. The signature is compared in constant time.
    pub fn open(&self, token: &str) -> Option<Channel> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (content, signature) = bytes.split_at_checked(bytes.len().checked_sub(SIGNATURE_BYTES)?)?;
        self.mac(content).verify_slice(signature).ok()?;
        let (nonce, rest) = content.split_first_chunk::<8>()?;
        let mut lines = std::str::from_utf8(rest).ok()?.splitn(4, '\n');
        let StreamType::User(stream) = StreamType::parse(lines.next()?).ok()? else { return None };
        let since = Position::from_number(lines.next()?.parse().ok()?)?;
        let token_id = lines.next()?.to_owned();
        let user = UserId::new(lines.next()?).ok()?;
        Some(Channel { nonce: *nonce, token_id, user, stream, since })
    }

    fn mac(&self, content: &[u8]) -> Hmac<Sha256> {
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(content);
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use feed::position::{Family, Place};

    fn channel() -> Channel {
        let since = Position::new(Place::START, Family::User);
        Channel::new("ab12", UserId::new("20306589101").unwrap(), UserStream::Changes, since)
    }

    #[test]
    fn what_was_sealed_opens_with_the_same_key_only() {
        let key = ChannelKey::new([7; 32]);
        let channel = channel();
        let token = key.seal(&channel);
        assert_eq!(key.open(&token), Some(channel));
        assert_eq!(ChannelKey::new([8; 32]).open(&token), None);
    }

    #[test]
    fn no_byte_can_be_changed() {
        let key = ChannelKey::new([7; 32]);
        let bytes = URL_SAFE_NO_PAD.decode(key.seal(&channel())).unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert_eq!(key.open(&URL_SAFE_NO_PAD.encode(changed)), None, "byte {at}");
        }
        for odd in ["", "AA", "§", &"A".repeat(10_000)] {
            assert_eq!(key.open(odd), None);
        }
    }
}
