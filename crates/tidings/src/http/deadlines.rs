//! What slow clients may take: the head of a request, its body, and taking an answer each have their time. Whoever needs
//! longer gives up a place that others wait for.

use crate::clock::{Clock, Stopwatch, Wait};
use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use hyper::rt::{Sleep, Timer};
use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How long a client may take to send the head of a request, or to begin the next one.
pub const HEAD_TIME: Duration = Duration::from_secs(30);
/// Longest pause within a body.
pub const BODY_PAUSE: Duration = Duration::from_secs(30);
/// How long a whole body may take: the largest, at half a megabit a second.
pub const BODY_TIME: Duration = Duration::from_secs(300);
/// How long a client may take nothing of an answer.
pub const ANSWER_PAUSE: Duration = Duration::from_secs(60);
/// How long what a client still sends is taken and thrown away after it was answered.
pub const LINGER_TIME: Duration = Duration::from_secs(2);
/// How long the handshake of a connection may take.
pub const HANDSHAKE_TIME: Duration = Duration::from_secs(10);

/// The server's clock, as hyper wants it for one connection. Only how long from now matters, so now may stand still.
///
/// Each request has its deadline, and nearly all end long before. A timer that is put up and taken down each time takes a
/// part of the time of a page that can be measured, so the one that is up stays up: when it ends early, it is put up again
/// for what is left.
#[derive(Clone)]
pub(super) struct ClockTimer {
    clock: Arc<dyn Clock>,
    now: Instant,
    spare: Arc<Mutex<Option<Timed>>>,
}

impl ClockTimer {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        ClockTimer { clock, now: Stopwatch::start().began(), spare: Arc::default() }
    }

    fn spare(&self) -> MutexGuard<'_, Option<Timed>> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Timer for ClockTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        let until = self.clock.passed() + duration;
        let timed = self.spare().take().filter(|spare| spare.until <= until);
        let timed = timed.unwrap_or_else(|| Timed { wait: self.clock.wait(duration), until });
        Box::pin(Waiting { until, timed: Mutex::new(Some(timed)), timer: self.clone() })
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        self.sleep(deadline.saturating_duration_since(self.now))
    }

    fn now(&self) -> Instant {
        self.now
    }
}

/// A wait, and when it ends.
struct Timed {
    wait: Wait,
    until: Duration,
}

/// A wait that can be shared between threads, as hyper wants it. It has none any more when it is over.
struct Waiting {
    until: Duration,
    timed: Mutex<Option<Timed>>,
    timer: ClockTimer,
}

impl Sleep for Waiting {}

impl Future for Waiting {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Waiting { until, timed, timer } = &mut *self;
        let held = timed.get_mut().unwrap_or_else(PoisonError::into_inner);
        while let Some(timed) = held {
            std::task::ready!(timed.wait.as_mut().poll(context));
            let left = until.saturating_sub(timer.clock.passed());
            *held = (!left.is_zero()).then(|| Timed { wait: timer.clock.wait(left), until: *until });
        }
        Poll::Ready(())
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(timed) = self.timed.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
            *self.timer.spare() = Some(timed);
        }
    }
}

/// A body took too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlowBody;

impl fmt::Display for SlowBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the body took too long")
    }
}

impl std::error::Error for SlowBody {}

/// Whether an error is that of a slow body, or comes of one.
pub(super) fn is_slow(wrong: &(dyn std::error::Error + 'static)) -> bool {
    let mut next = Some(wrong);
    while let Some(wrong) = next {
        if wrong.is::<SlowBody>() {
            return true;
        }
        next = wrong.source();
    }
    false
}

/// Whether a body of a connection was not read to its end.
#[derive(Debug, Clone, Default)]
pub(super) struct Unread(Arc<AtomicBool>);

/// A body that ends in an error when it takes too long. Time counts from when somebody waits for it.
pub(super) struct TimelyBody<B: Body> {
    body: B,
    ended: bool,
    unread: Unread,
    clock: Arc<dyn Clock>,
    pause: Option<Wait>,
    whole: Option<Wait>,
}

impl<B: Body> TimelyBody<B> {
    pub(super) fn new(body: B, clock: Arc<dyn Clock>, unread: Unread) -> Self {
        TimelyBody { body, ended: false, unread, clock, pause: None, whole: None }
    }
}

impl<B: Body> Drop for TimelyBody<B> {
    fn drop(&mut self) {
        if !self.ended && !self.body.is_end_stream() {
            self.unread.0.store(true, Ordering::Relaxed);
        }
    }
}

impl<B> Body for TimelyBody<B>
where
    B: Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Unpin,
{
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = &mut *self;
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(context) {
            this.pause = None;
            this.ended |= frame.is_none();
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        for (wait, time) in [(&mut this.pause, BODY_PAUSE), (&mut this.whole, BODY_TIME)] {
            if wait.get_or_insert_with(|| this.clock.wait(time)).as_mut().poll(context).is_ready() {
                return Poll::Ready(Some(Err(SlowBody.into())));
            }
        }
        Poll::Pending
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A connection that breaks when its client takes nothing of an answer for too long, and that lets a client finish which
/// was answered before it had sent everything: closed at once, it might never see the answer (RFC 9112, section 9.6).
pub(super) struct Unstalled<S> {
    stream: S,
    clock: Arc<dyn Clock>,
    pause: Option<Wait>,
    unread: Unread,
    /// Until when it waits for the client's end, once it has ended itself.
    lingering: Option<Wait>,
}

impl<S> Unstalled<S> {
    pub(super) fn new(stream: S, clock: Arc<dyn Clock>, unread: Unread) -> Self {
        Unstalled { stream, clock, pause: None, unread, lingering: None }
    }

    /// The outcome of a write, or an error when writes have waited for too long.
    fn in_time<T>(&mut self, outcome: Poll<io::Result<T>>, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        if outcome.is_ready() {
            self.pause = None;
            return outcome;
        }
        let pause = self.pause.get_or_insert_with(|| self.clock.wait(ANSWER_PAUSE));
        match pause.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Unstalled<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, to: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, to)
    }
}

impl<S: AsyncRead + Unpin> Unstalled<S> {
    /// Takes what still comes, until it ends or the time is over. Whatever goes wrong is of no consequence any more.
    fn linger(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some(wait) = &mut self.lingering else { return Poll::Ready(()) };
        loop {
            if wait.as_mut().poll(context).is_ready() {
                return Poll::Ready(());
            }
            let mut space = [0; 8 << 10];
            let mut space = ReadBuf::new(&mut space);
            match Pin::new(&mut self.stream).poll_read(context, &mut space) {
                Poll::Ready(Ok(())) if !space.filled().is_empty() => {}
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Unstalled<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.in_time(outcome, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(context, bytes);
        self.in_time(outcome, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.stream).poll_flush(context);
        self.in_time(outcome, context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.lingering.is_none() {
            let outcome = Pin::new(&mut self.stream).poll_shutdown(context);
            std::task::ready!(self.in_time(outcome, context))?;
            if self.unread.0.load(Ordering::Relaxed) {
                self.lingering = Some(self.clock.wait(LINGER_TIME));
            }
        }
        self.linger(context).map(Ok)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;
    use feed::time::Second;
    use std::convert::Infallible;
    use std::task::Waker;
    use tokio::io::AsyncWriteExt;

    /// A body of which another piece comes whenever somebody says so.
    struct Pieces(Arc<Mutex<bool>>);

    impl Body for Pieces {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            let came = std::mem::take(&mut *self.0.lock().unwrap());
            if came { Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b" "))))) } else { Poll::Pending }
        }
    }

    #[test]
    fn every_request_of_a_connection_has_all_its_time_and_no_more() {
        let clock = Arc::new(ManualClock::at(Second(1_000)));
        let timer = ClockTimer::new(clock.clone());
        let mut context = Context::from_waker(Waker::noop());
        for pause in [0, 1, 29, 30, 31, 90] {
            // One that ends in time.
            let mut sleep = timer.sleep(HEAD_TIME);
            assert!(sleep.as_mut().poll(&mut context).is_pending());
            drop(sleep);
            assert!(clock.waiting() <= 1, "timers pile up");
            clock.advance(Duration::from_secs(pause));
            let mut sleep = timer.sleep(HEAD_TIME);
            assert!(sleep.as_mut().poll(&mut context).is_pending());
            clock.advance(HEAD_TIME - Duration::from_secs(1));
            assert!(sleep.as_mut().poll(&mut context).is_pending(), "after {pause} seconds");
            clock.advance(Duration::from_secs(1));
            assert!(sleep.as_mut().poll(&mut context).is_ready(), "after {pause} seconds");
        }
        // A shorter one does not wait for the longer one before it.
        drop(timer.sleep(HEAD_TIME));
        let mut sleep = timer.sleep(Duration::from_secs(1));
        clock.advance(Duration::from_secs(1));
        assert!(sleep.as_mut().poll(&mut context).is_ready());
    }

    #[test]
    fn a_body_that_trickles_has_its_time() {
        let clock = Arc::new(ManualClock::at(Second(1_000)));
        let came = Arc::new(Mutex::new(false));
        let mut body = TimelyBody::new(Pieces(came.clone()), clock.clone(), Unread::default());
        let mut context = Context::from_waker(Waker::noop());
        let mut poll = || Pin::new(&mut body).poll_frame(&mut context);
        let step = BODY_PAUSE - Duration::from_secs(1);
        let mut passed = Duration::ZERO;
        while passed + step < BODY_TIME {
            assert!(poll().is_pending());
            clock.advance(step);
            passed += step;
            assert!(poll().is_pending(), "after {passed:?}");
            *came.lock().unwrap() = true;
            assert!(matches!(poll(), Poll::Ready(Some(Ok(_)))));
        }
        assert!(poll().is_pending());
        clock.advance(step);
        let Poll::Ready(Some(Err(wrong))) = poll() else { panic!("it goes on and on") };
        assert!(is_slow(wrong.as_ref()));
    }

    #[tokio::test]
    async fn a_client_that_still_sends_may_finish_but_has_its_time() {
        let clock = Arc::new(ManualClock::at(Second(1_000)));
        let mut context = Context::from_waker(Waker::noop());
        for finishes in [true, false] {
            let unread = Unread::default();
            drop(TimelyBody::new(Pieces(Arc::default()), clock.clone(), unread.clone()));
            let (near, mut far) = tokio::io::duplex(16);
            let mut near = Unstalled::new(near, clock.clone(), unread);
            near.write_all(b"no").await.unwrap();
            let mut closing = std::pin::pin!(near.shutdown());
            for _ in 0..20 {
                assert!(closing.as_mut().poll(&mut context).is_pending());
                // It is taken, or there would be no room for more.
                far.write_all(&[0; 16]).await.unwrap();
            }
            let mut answer = String::new();
            tokio::io::AsyncReadExt::read_to_string(&mut far, &mut answer).await.unwrap();
            assert_eq!(answer, "no");
            if finishes {
                drop(far);
            } else {
                clock.advance(LINGER_TIME);
            }
            closing.await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_connection_whose_bodies_were_read_is_closed_at_once() {
        let clock = Arc::new(ManualClock::at(Second(1_000)));
        let (near, _far) = tokio::io::duplex(16);
        let unread = Unread::default();
        drop(TimelyBody::new(axum::body::Body::empty(), clock.clone(), unread.clone()));
        Unstalled::new(near, clock, unread).shutdown().await.unwrap();
    }

    #[tokio::test]
    async fn a_write_that_waits_too_long_fails() {
        let clock = Arc::new(ManualClock::at(Second(1_000)));
        let (near, mut far) = tokio::io::duplex(16);
        let mut near = Unstalled::new(near, clock.clone(), Unread::default());
        near.write_all(&[0; 16]).await.unwrap();
        let mut writing = std::pin::pin!(near.write_all(&[0; 32]));
        let mut context = Context::from_waker(Waker::noop());
        assert!(writing.as_mut().poll(&mut context).is_pending());
        clock.advance(ANSWER_PAUSE - Duration::from_secs(1));
        // Whoever takes a little has all the time again.
        tokio::io::AsyncReadExt::read_exact(&mut far, &mut [0; 16]).await.unwrap();
        assert!(writing.as_mut().poll(&mut context).is_pending());
        clock.advance(ANSWER_PAUSE - Duration::from_secs(1));
        assert!(writing.as_mut().poll(&mut context).is_pending());
        clock.advance(Duration::from_secs(1));
        assert_eq!(writing.await.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }
}
