//! Following a stream: page after page, then the long poll, and again.
//!
//! The position moves only when a page was printed whole, so whatever breaks off is asked for again from there: nothing
//! is lost and nothing comes twice.

use super::page::Page;
use super::wish::{PATH, Wish};
use crate::cli::client::{Client, Failure, percent, read_json};
use crate::cli::note;
use crate::cli::patience::Patience;
use crate::clock::{Clock, SystemClock};
use feed::position::{Position, Start};
use feed::stream_type::StreamType;
use serde::Deserialize;
use std::time::Duration;

/// How often the end of a window that has just passed is looked for.
const WINDOW_STEP: Duration = Duration::from_secs(1);

/// How following ended, when it did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// At the end of the stream or of the window.
    AtEnd,
    /// Nobody reads what is printed any more.
    NobodyReads,
}

/// Takes a page; false if nobody reads any more.
pub(super) type Taker<'t> = &'t mut dyn FnMut(&Page<'_>) -> bool;

/// Somebody who follows a stream.
pub(super) struct Follower<'a> {
    client: &'a Client,
    wish: &'a Wish,
    from: Start,
    channel: Option<String>,
    patience: Patience,
    /// Whether the long poll said that there is something.
    woken: bool,
    /// Whether the server answered at least once. Until then a fault is told and not waited out.
    reached: bool,
    /// Whether the server is away, which was told.
    away: bool,
}

impl<'a> Follower<'a> {
    /// Follows from where the wish says.
    pub(super) fn new(client: &'a Client, wish: &'a Wish) -> Result<Self, String> {
        let patience = Patience::new()?;
        Ok(Follower {
            client,
            wish,
            from: wish.from,
            channel: None,
            patience,
            woken: false,
            reached: false,
            away: false,
        })
    }

    /// Follows until an end.
    pub(super) fn follow(&mut self, take: Taker<'_>) -> Result<Ended, Failure> {
        loop {
            let answer = self.patiently(|client, wish, from| client.get(&wish.page(from)))?;
            let page = match Page::of(&answer) {
                Ok(page) => page,
                Err(failure) => {
                    self.came_to_nothing(failure)?;
                    continue;
                }
            };
            if !take(&page) {
                return Ok(Ended::NobodyReads);
            }
            let moved = self.from != Start::After(page.next);
            self.from = Start::After(page.next);
            if !page.entries.is_empty() {
                continue;
            }
            if std::mem::take(&mut self.woken) && !moved {
                // Called for nothing. Whatever is at fault, it must not turn into a storm of requests.
                self.channel = None;
                self.patience.wait_longer(None);
            }
            if self.wish.until_end || page.is_of_closed_window() {
                return Ok(Ended::AtEnd);
            }
            if self.wish.before.is_none() {
                self.wait_for_more(page.next)?;
            } else if self.window_is_over(page.next, take)? {
                return Ok(Ended::AtEnd);
            }
        }
    }

    /// At an empty page of a window that reached into the present: whether it is over now. Its last events are shown
    /// only once the server has closed it; whether it has, its answer to a fresh question tells.
    fn window_is_over(&mut self, at: Position, take: Taker<'_>) -> Result<bool, Failure> {
        if self.wish.before.is_some_and(|before| SystemClock.now() < before) {
            self.wait_for_more(at)?;
            return Ok(false);
        }
        let answer = self.patiently(|client, wish, _| client.get(&wish.probe()))?;
        if !Page::of(&answer)?.is_of_closed_window() {
            self.patience.wait(WINDOW_STEP);
            return Ok(false);
        }
        // What came between the last page and the closing.
        loop {
            let answer = self.patiently(|client, wish, from| client.get(&wish.page(from)))?;
            let page = Page::of(&answer)?;
            if !take(&page) || page.entries.is_empty() {
                return Ok(true);
            }
            self.from = Start::After(page.next);
        }
    }

    /// Waits on the long poll until there is more, or the server wants to be asked again.
    fn wait_for_more(&mut self, at: Position) -> Result<(), Failure> {
        let url = match &self.channel {
            Some(url) => url.clone(),
            None => channel_url(&self.patiently(|client, wish, _| client.options(&channel_of(wish.stream)))?)?,
        };
        let separator = if url.contains('?') { '&' } else { '?' };
        let polled = self.client.long_poll(&format!("{url}{separator}stream_position={}", percent(&at.to_string())));
        match polled.and_then(|answer| message(&answer)) {
            Ok(message) => {
                self.came_back();
                // A channel that does not say what it should is not asked again.
                self.woken = message == "new_change";
                self.channel = self.woken.then_some(url);
                Ok(())
            }
            Err(failure) => {
                self.channel = None;
                self.came_to_nothing(failure)
            }
        }
    }

    /// Asks until there is an answer, as long as the failure may pass.
    fn patiently(
        &mut self,
        ask: impl Fn(&Client, &Wish, Start) -> Result<Vec<u8>, Failure>,
    ) -> Result<Vec<u8>, Failure> {
        loop {
            match ask(self.client, self.wish, self.from) {
                Ok(answer) => {
                    self.came_back();
                    return Ok(answer);
                }
                Err(failure) => self.came_to_nothing(failure)?,
            }
        }
    }

    fn came_back(&mut self) {
        self.reached = true;
        self.patience.went_well();
        if std::mem::take(&mut self.away) {
            note("The server is back.");
        }
    }

    /// Waits, if the failure may pass.
    fn came_to_nothing(&mut self, failure: Failure) -> Result<(), Failure> {
        if !self.reached || !failure.may_pass() {
            return Err(failure);
        }
        if !std::mem::replace(&mut self.away, true) {
            note(format_args!("{failure}. Trying again."));
        }
        self.patience.wait_longer(failure.retry_after());
        Ok(())
    }
}

/// Where to ask for a long poll. Enterprise streams have none of their own; there the family of the position tells which
/// feed is watched.
fn channel_of(stream: StreamType) -> String {
    match stream {
        StreamType::User(_) => format!("{PATH}?stream_type={}", stream.name()),
        StreamType::Enterprise(_) => PATH.to_owned(),
    }
}

/// The URL of the long poll in the answer to `OPTIONS`.
fn channel_url(answer: &[u8]) -> Result<String, Failure> {
    #[derive(Deserialize)]
    struct Body {
        entries: Vec<Channel>,
    }
    #[derive(Deserialize)]
    struct Channel {
        url: String,
    }
    let body: Body = read_json(answer)?;
    let channel = body.entries.into_iter().next();
    channel.map(|it| it.url).ok_or_else(|| Failure::Broken { why: "the server names no long poll".to_owned() })
}

/// The message of a long poll.
fn message(answer: &[u8]) -> Result<String, Failure> {
    #[derive(Deserialize)]
    struct Body {
        message: String,
    }
    read_json(answer).map(|body: Body| body.message)
}
