//! The token in the URL of a long poll. Only what was sealed here opens, whatever its key.

#![no_main]

use tidings::auth::channel::ChannelKey;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let key = ChannelKey::new([7; 32]);
    if let Some(channel) = key.open(text) {
        assert_eq!(key.open(&key.seal(&channel)), Some(channel));
    }
});
