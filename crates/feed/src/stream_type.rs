//! The five stream types: a feed seen through a filter (protocol, section 5).

use std::fmt;

/// Which view of a feed is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StreamType {
    /// One of the three views of a user's own feed.
    User(UserStream),
    /// One of the two views of the enterprise's feed.
    Enterprise(EnterpriseStream),
}

/// The views of a user's feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum UserStream {
    /// Everything for a user.
    All,
    /// Changes to the file tree and to collaborations.
    Changes,
    /// Like `changes`, only for items in folders marked for sync.
    Sync,
}

/// The views of an enterprise's feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EnterpriseStream {
    /// `admin_logs`: searching history, ordered by time.
    History,
    /// `admin_logs_streaming`: watching live, ordered by arrival.
    Streaming,
}

/// A `stream_type` that is none of the five.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownStreamType(pub String);

impl fmt::Display for UnknownStreamType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "stream_type '{}' is not one of all, changes, sync, admin_logs, admin_logs_streaming",
            self.0.escape_debug()
        )
    }
}

impl std::error::Error for UnknownStreamType {}

impl StreamType {
    /// All five, in the order of the protocol.
    pub const EVERY: [StreamType; 5] = [
        StreamType::User(UserStream::All),
        StreamType::User(UserStream::Changes),
        StreamType::User(UserStream::Sync),
        StreamType::Enterprise(EnterpriseStream::History),
        StreamType::Enterprise(EnterpriseStream::Streaming),
    ];

    /// Reads the query parameter; an empty value counts as absent and means `all`.
    ///
    /// # Errors
    /// [`UnknownStreamType`] for any other word.
    pub fn parse(text: &str) -> Result<Self, UnknownStreamType> {
        if text.is_empty() {
            return Ok(StreamType::User(UserStream::All));
        }
        Self::EVERY
            .into_iter()
            .find(|stream| stream.name() == text)
            .ok_or_else(|| UnknownStreamType(text.chars().take(40).collect()))
    }

    /// The word that stands for it on the wire.
    pub fn name(self) -> &'static str {
        match self {
            StreamType::User(UserStream::All) => "all",
            StreamType::User(UserStream::Changes) => "changes",
            StreamType::User(UserStream::Sync) => "sync",
            StreamType::Enterprise(EnterpriseStream::History) => "admin_logs",
            StreamType::Enterprise(EnterpriseStream::Streaming) => "admin_logs_streaming",
        }
    }
}
