//! The console: signing in and out, forms that are not ours, what each may see, hostile events, the live view.

mod forms;
mod live;
mod pages;
mod reports;
mod retention;
mod search;
mod session;

use crate::answer::Answer;
use crate::world::{ADMIN, World, token_of};
use axum::body::Body;
use form_urlencoded::Serializer;
use http::Request;
use http::request::Builder;
use serde_json::json;

/// A browser: it keeps its cookies, and the key of the forms it was last shown.
pub(crate) struct Browser<'a> {
    world: &'a World,
    cookies: Vec<(String, String)>,
    form_key: String,
}

impl<'a> Browser<'a> {
    /// One in which nobody is signed in.
    pub(crate) fn new(world: &'a World) -> Self {
        Browser { world, cookies: Vec::new(), form_key: String::new() }
    }

    /// One in which a user is signed in with their token.
    pub(crate) async fn of(world: &'a World, user: &str) -> Self {
        Self::with_token(world, &token_of(user)).await.expect("the token is good")
    }

    /// One in which somebody signed in with a token, if they could.
    pub(crate) async fn with_token(world: &'a World, token: &str) -> Option<Self> {
        let mut browser = Browser::new(world);
        browser.get("/console/sign-in").await;
        let answer = browser.submit("/console/sign-in", &[("token", token)]).await;
        (answer.status == 303).then_some(())?;
        browser.form_key = browser.secret().form_key();
        Some(browser)
    }

    /// The secret of the session.
    pub(crate) fn secret(&self) -> tidings::auth::session::SessionSecret {
        let (_, secret) =
            self.cookies.iter().find(|(name, _)| name == "tidings_session").expect("somebody is signed in");
        tidings::auth::session::SessionSecret::sent(secret).unwrap()
    }

    /// All that it holds which nobody else may know: the values of its cookies, and the key of the forms it was last shown.
    pub(crate) fn held(&self) -> Vec<String> {
        let cookies = self.cookies.iter().map(|(_, value)| value.clone());
        cookies.chain([self.form_key.clone()]).collect()
    }

    /// The key of the forms it was last shown.
    pub(crate) fn form_key(&self) -> &str {
        &self.form_key
    }

    /// A request with the cookies.
    pub(crate) fn request(&self, method: &str, path: &str) -> Builder {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        Request::builder()
            .method(method)
            .uri(path)
            .header("host", "tidings.example")
            .header("cookie", cookies.join("; "))
    }

    /// Sends a request and keeps what the answer sets.
    pub(crate) async fn send(&mut self, request: Request<Body>) -> Answer {
        let answer = self.world.send(request).await;
        for cookie in answer.headers.get_all("set-cookie") {
            let (pair, rest) = cookie.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.retain(|(kept, _)| kept != name);
            if !rest.contains("Max-Age=0") {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        if let Some((_, rest)) = answer.text().split_once("name=\"form_key\" value=\"") {
            rest.split_once('"').unwrap().0.clone_into(&mut self.form_key);
        }
        answer
    }

    /// Opens a page.
    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send(self.request("GET", path).body(Body::empty()).unwrap()).await
    }

    /// Sends a form with the key it was last shown.
    pub(crate) async fn submit(&mut self, path: &str, pairs: &[(&str, &str)]) -> Answer {
        let key = self.form_key.clone();
        self.submit_with(path, &[&[("form_key", key.as_str())], pairs].concat()).await
    }

    /// Sends a form as it stands.
    pub(crate) async fn submit_with(&mut self, path: &str, pairs: &[(&str, &str)]) -> Answer {
        let body = Serializer::new(String::new()).extend_pairs(pairs).finish();
        let request = self.request("POST", path).header("content-type", "application/x-www-form-urlencoded");
        self.send(request.header("origin", "http://tidings.example").body(Body::from(body)).unwrap()).await
    }
}

/// A one-time code for a user.
pub(crate) async fn sign_in_code(world: &World, user: &str) -> String {
    let path = format!("/api/v1/users/{user}/sign-in-codes");
    let answer = world.send_json(ADMIN, "POST", &path, &json!({})).await.ok();
    answer.json()["code"].as_str().unwrap().to_owned()
}

/// Where an answer sends the browser.
#[track_caller]
pub(crate) fn sent_to(answer: &Answer) -> &str {
    assert_eq!(answer.status, 303, "{}", answer.text());
    answer.header("location").unwrap()
}
