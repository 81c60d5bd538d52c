//! The long poll (protocol, section 9): level-triggered, at most so long, always an answer.
//!
//! A poll registers at the bell first, then looks at the stream, then waits. `new_change` is said only when a fetch of
//! that stream from that position would return something, because some clients spin otherwise.
//!
//! Thousands wait at a time, each in a future that has room for all it may ever do. What is done before and after the wait
//! is therefore boxed, and takes memory only while it is done.

use super::Services;
use super::read::{ReadError, ReadRequest};
use crate::auth::Caller;
use crate::auth::channel::Channel;
use crate::bell::Feed;
use feed::limits::{CHANNELS_REMEMBERED_MAX, LONG_POLLS_PER_TOKEN_MAX};
use feed::permission::Action;
use feed::position::{Family, Place, Position, Start};
use feed::stream_type::{EnterpriseStream, StreamType, UserStream};
use rustc_hash::FxHashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use store::ledger::Unavailable;

/// The answer of a long poll.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message {
    /// There is something after the position.
    NewChange,
    /// Nothing came within the hold time, or the channel is no good, or the server is closing: ask again.
    Reconnect,
}

/// What must be remembered between polls that send no position (legacy .NET), and of channels that are no good.
/// Bounded: when full, the oldest half is forgotten, which costs those clients one fetch too many.
#[derive(Debug, Default)]
pub struct Channels {
    state: Mutex<ChannelState>,
}

#[derive(Debug, Default)]
struct ChannelState {
    signalled: FxHashMap<[u8; 8], (u64, Position)>,
    count: u64,
}

impl Channels {
    fn signalled(&self, nonce: [u8; 8]) -> Option<Position> {
        self.state().signalled.get(&nonce).map(|(_, position)| *position)
    }

    fn signal(&self, nonce: [u8; 8], position: Position) {
        let mut state = self.state();
        state.count += 1;
        let count = state.count;
        if state.signalled.len() == CHANNELS_REMEMBERED_MAX {
            let mut ages: Vec<u64> = state.signalled.values().map(|(age, _)| *age).collect();
            let (_, middle, _) = ages.select_nth_unstable(CHANNELS_REMEMBERED_MAX / 2);
            let middle = *middle;
            state.signalled.retain(|_, (age, _)| middle <= *age);
        }
        state.signalled.insert(nonce, (count, position));
    }

    fn state(&self) -> MutexGuard<'_, ChannelState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many polls are under way with each token, so that one noisy reader does not hold every connection.
#[derive(Debug, Default)]
pub struct Polls {
    by_token: Mutex<FxHashMap<String, usize>>,
}

/// A place among the polls of a token, given up when dropped.
struct PollPlace<'a> {
    polls: &'a Polls,
    token_id: &'a str,
}

impl Polls {
    /// A place for one more poll, if there is room.
    fn begin<'a>(&'a self, token_id: &'a str) -> Option<PollPlace<'a>> {
        let mut by_token = self.by_token();
        let count = by_token.entry(token_id.to_owned()).or_default();
        if *count >= LONG_POLLS_PER_TOKEN_MAX {
            return None;
        }
        *count += 1;
        Some(PollPlace { polls: self, token_id })
    }

    fn by_token(&self) -> MutexGuard<'_, FxHashMap<String, usize>> {
        self.by_token.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for PollPlace<'_> {
    fn drop(&mut self) {
        let mut by_token = self.polls.by_token();
        if let Some(count) = by_token.get_mut(self.token_id) {
            *count -= 1;
            if *count == 0 {
                by_token.remove(self.token_id);
            }
        }
    }
}

/// How long a poll on a channel that is no good is held: answered at once, some clients would come back in a loop.
const BAD_CHANNEL_HOLD: Duration = Duration::from_secs(5);
/// How often a poll on history looks again while an event waits for the frontier to pass it.
const FRONTIER_STEP: Duration = Duration::from_secs(1);

impl Services {
    /// Opens a channel for a user stream of the caller; its token goes into the URL of the long poll.
    ///
    /// # Errors
    /// [`ReadError`] when the end of the stream cannot be read.
    pub async fn open_channel(&self, caller: &Caller, stream: UserStream) -> Result<String, ReadError> {
        let end = self.read(caller, &ReadRequest::new(StreamType::User(stream), Start::Now, 0)).await?;
        let channel = Channel::new(caller.token_id(), caller.user().person.id.clone(), stream, end.next);
        Ok(self.channel_key.seal(&channel))
    }

    /// Waits until something lies after `start` in the channel's stream. A position of an enterprise stream watches
    /// the enterprise's feed instead, for a user who may read it at that moment. A position of a closed window watches
    /// history from there on: a poll names no bounds, and in a window that lies in the past there is nothing to wait for.
    ///
    /// # Errors
    /// [`Unavailable`] when the store cannot be read.
    pub async fn watch(&self, channel_token: &str, start: Option<Start>) -> Result<Message, Unavailable> {
        let hold = self.clock.wait(self.hold);
        let watching = async {
            let Some(channel) = self.channel_key.open(channel_token) else { return self.refuse_slowly().await };
            let caller = Box::pin(self.authenticator.caller_of_channel(&channel.token_id, &channel.user)).await?;
            let Some(caller) = caller else { return self.refuse_slowly().await };
            let Some(_place) = self.polls.begin(caller.token_id()) else { return self.refuse_slowly().await };
            self.watch_for(&caller, &channel, start).await
        };
        tokio::select! {
            message = watching => message,
            () = hold => Ok(Message::Reconnect),
            () = self.bell.closed() => Ok(Message::Reconnect),
        }
    }

    async fn refuse_slowly(&self) -> Result<Message, Unavailable> {
        self.clock.wait(BAD_CHANNEL_HOLD).await;
        Ok(Message::Reconnect)
    }

    async fn watch_for(
        &self,
        caller: &Caller,
        channel: &Channel,
        start: Option<Start>,
    ) -> Result<Message, Unavailable> {
        let stream = stream_watched(caller, channel, start);
        let feed = match stream {
            StreamType::User(_) => Feed::User(caller.user().person.id.clone()),
            StreamType::Enterprise(_) => Feed::Enterprise(caller.enterprise().clone()),
        };
        let mut here = self.bell.register(feed);
        let ring = here.ring();
        let mut after = match start {
            Some(Start::Now) => Start::After(Box::pin(self.look(caller, stream, Start::Now)).await?.1),
            Some(start) => start,
            None => Start::After(self.channels.signalled(channel.nonce).unwrap_or(channel.since)),
        };
        loop {
            let mut rung = std::pin::pin!(ring.notified());
            rung.as_mut().enable();
            if let StreamType::User(_) = stream {
                // Who comes to belong to one list more is rung, and so registers for that one here.
                for span in self.stores.directory.lists(&caller.user().person.id).await? {
                    if span.to == Place::END {
                        here.also(Feed::List(caller.enterprise().clone(), span.list));
                    }
                }
            }
            let (found, next) = Box::pin(self.look(caller, stream, after)).await?;
            if found {
                // The wait may have been long: whoever may no longer watch is told nothing.
                if !Box::pin(self.still_leads_to(channel, start, stream)).await? {
                    return self.refuse_slowly().await;
                }
                if start.is_none() {
                    let end = Box::pin(self.look(caller, stream, Start::Now)).await?.1;
                    self.channels.signal(channel.nonce, end);
                }
                return Ok(Message::NewChange);
            }
            // An empty look has moved past what does not match; there is no need to look at it again.
            after = Start::After(next);
            if stream == StreamType::Enterprise(EnterpriseStream::History) {
                tokio::select! {
                    () = rung => {}
                    () = self.clock.wait(FRONTIER_STEP) => {}
                }
            } else {
                rung.await;
            }
        }
    }

    /// Whether a poll on this channel watches this stream, as things stand now with its token and its user.
    async fn still_leads_to(
        &self,
        channel: &Channel,
        start: Option<Start>,
        stream: StreamType,
    ) -> Result<bool, Unavailable> {
        let caller = self.authenticator.caller_of_channel(&channel.token_id, &channel.user).await?;
        Ok(caller.is_some_and(|caller| stream_watched(&caller, channel, start) == stream))
    }

    /// Whether a fetch from here would return something, and where it would end.
    async fn look(&self, caller: &Caller, stream: StreamType, start: Start) -> Result<(bool, Position), Unavailable> {
        let looked = match stream {
            StreamType::Enterprise(_) if self.audited_reads.is_some() && start != Start::Now => {
                self.look_past_reads(caller, stream, start).await
            }
            _ => self.read(caller, &ReadRequest::new(stream, start, 1)).await.map(|page| (page.count > 0, page.next)),
        };
        match looked {
            Ok(looked) => Ok(looked),
            Err(ReadError::Unavailable(why)) => Err(why),
            // Only a stream that the caller may read is chosen; there is nothing to tell of any other.
            Err(ReadError::Denied(_)) => {
                let nothing_yet = Position::new(Place::START, Family::User);
                Ok((false, if let Start::After(position) = start { position } else { nothing_yet }))
            }
        }
    }
}

/// The position's family decides which feed is watched (design, section 4).
fn stream_watched(caller: &Caller, channel: &Channel, start: Option<Start>) -> StreamType {
    let family = match start {
        Some(Start::After(position)) => position.family(),
        _ => Family::User,
    };
    let may_read_enterprise = || caller.may(Action::ReadEnterpriseFeed).is_ok();
    match family {
        Family::Streaming if may_read_enterprise() => StreamType::Enterprise(EnterpriseStream::Streaming),
        Family::History | Family::Window if may_read_enterprise() => StreamType::Enterprise(EnterpriseStream::History),
        _ => StreamType::User(channel.stream),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polls_of_a_token_are_bounded_and_forgotten() {
        let polls = Polls::default();
        let held: Vec<_> = (0..LONG_POLLS_PER_TOKEN_MAX).map(|_| polls.begin("a").unwrap()).collect();
        assert!(polls.begin("a").is_none());
        assert!(polls.begin("b").is_some(), "another's are its own");
        drop(held);
        assert!(polls.begin("a").is_some());
        assert!(polls.by_token().is_empty());
    }
}
