//! The long poll (protocol, section 9). Polls are futures driven by hand, and the clock stands still, so that "it still
//! waits" is a fact and not a matter of patience.

mod between;
mod ending;
mod enterprise;
mod opening;
mod waiting;

use crate::answer::Answer;
use crate::world::{World, by};
use axum::body::Body;
use http::Request;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use tower::ServiceExt;

/// A request under way, mostly a poll.
pub(crate) struct Waiting(Pin<Box<dyn Future<Output = Answer>>>);

impl World {
    /// Opens a channel in a user's name, and answers its path.
    pub(crate) async fn channel(&self, user: &str, query: &str) -> String {
        let request = by(user, "OPTIONS", &format!("/2.0/events?{query}")).header("host", "h");
        let answer = self.send(request.body(Body::empty()).unwrap()).await.ok();
        let url = answer.json()["entries"][0]["url"].as_str().unwrap().to_owned();
        url.strip_prefix("http://h").unwrap().to_owned()
    }

    /// Begins to poll, without a token: whoever knows the URL may.
    pub(crate) fn poll(&self, path: &str) -> Waiting {
        self.begin(Request::get(path).body(Body::empty()).unwrap())
    }

    /// Begins a request.
    fn begin(&self, request: Request<Body>) -> Waiting {
        let router = self.router.clone();
        // Without a budget the runtime would now and then take a future for waiting that only lets others go first.
        Waiting(Box::pin(tokio::task::unconstrained(async move {
            Answer::of(router.oneshot(request).await.unwrap()).await
        })))
    }
}

impl Waiting {
    /// Lets the request run as far as it can; its answer, if there is one now.
    fn answer(&mut self) -> Option<Answer> {
        match self.0.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Pending => None,
            Poll::Ready(answer) => Some(answer),
        }
    }

    /// Lets a poll run as far as it can; its message, if there is one now.
    fn message(&mut self) -> Option<String> {
        let answer = self.answer()?;
        assert_eq!(answer.status.as_u16(), 200, "{}", answer.text());
        assert_eq!(answer.header("content-type"), Some("application/json"));
        let body = answer.json();
        assert_eq!(body["version"], 1);
        assert_eq!(body.as_object().unwrap().len(), 2);
        Some(body["message"].as_str().unwrap().to_owned())
    }

    #[track_caller]
    pub(crate) fn waits(&mut self) {
        assert_eq!(self.message(), None, "it should still wait");
    }

    #[track_caller]
    pub(crate) fn is_told(&mut self, message: &str) {
        assert_eq!(self.message().as_deref(), Some(message));
    }
}
