//! Signing in, staying signed in, signing out.

use super::{Browser, sent_to, sign_in_code};
use crate::oauth::recorded;
use crate::world::{ADMIN, HALDEN, MARA, REPORTER, World, login_of, token_of};
use axum::body::Body;
use feed::limits::{
    SESSION_IDLE_S_MAX, SESSION_LIFETIME_S_MAX, SESSION_SEEN_STEP_S, SESSIONS_PER_USER_MAX, SIGN_IN_FAILURES_PER_MINUTE,
};
use feed::permission::Scopes;
use http::Request;

async fn by_code(browser: &mut Browser<'_>, login: &str, code: &str) -> crate::answer::Answer {
    browser.get("/console/sign-in").await;
    browser.submit("/console/sign-in", &[("login", login), ("sign_in_code", code)]).await
}

#[tokio::test]
async fn a_person_signs_in_with_a_code_and_out_again() {
    let world = World::new().await;
    let mut browser = Browser::new(&world);
    assert_eq!(sent_to(&browser.get("/console/").await), "/console/sign-in");
    assert_eq!(
        sent_to(&browser.get("/console/live?type=LOGIN").await),
        "/console/sign-in?next=%2Fconsole%2Flive%3Ftype%3DLOGIN"
    );
    let code = sign_in_code(&world, ADMIN).await;
    let answer = by_code(&mut browser, &login_of("solveig"), &code).await;
    assert_eq!(sent_to(&answer), "/console/");
    let cookies: Vec<&str> = answer.headers.get_all("set-cookie").iter().map(|it| it.to_str().unwrap()).collect();
    let session = cookies.iter().find(|it| it.starts_with("tidings_session=")).unwrap();
    assert!(session.ends_with("; Path=/console; HttpOnly; SameSite=Lax"), "{session}");
    let secret = browser.secret();
    assert_eq!(sent_to(&browser.get("/console/").await), "/console/live");
    let live = browser.get("/console/live").await.ok();
    assert!(live.text().contains("solveig") && live.text().contains("Sign out"), "{}", live.text());
    assert!(!live.text().contains(secret.text()), "the secret stands in the cookie only");
    // The code works once.
    let mut again = Browser::new(&world);
    assert_eq!(by_code(&mut again, &login_of("solveig"), &code).await.status, 403);
    // Signed out, the old cookie is worth nothing.
    let old = browser.request("GET", "/console/live").body(Body::empty()).unwrap();
    assert_eq!(sent_to(&browser.submit("/console/sign-out", &[]).await), "/console/sign-in");
    assert_eq!(sent_to(&world.send(old).await), "/console/sign-in?next=%2Fconsole%2Flive");
    let told: Vec<(String, String)> = recorded(&world, "LOGIN,FAILED_LOGIN")
        .await
        .iter()
        .map(|it| (it["event_type"].to_string(), it["additional_details"]["service_name"].to_string()))
        .collect();
    let console = "\"Tidings console\"".to_owned();
    assert_eq!(told, [("\"LOGIN\"".to_owned(), console.clone()), ("\"FAILED_LOGIN\"".to_owned(), console)]);
}

#[tokio::test]
async fn what_is_not_good_lets_nobody_in() {
    let world = World::new().await;
    let code = sign_in_code(&world, MARA).await;
    for (login, code) in [("mara", code.as_str()), (&login_of("tomas"), &code), (&login_of("mara"), "wrong"), ("", "")]
    {
        let mut browser = Browser::new(&world);
        let answer = by_code(&mut browser, login, code).await;
        assert_eq!(answer.status, 403, "{login}");
        assert!(answer.text().contains("role=\"alert\"") && answer.text().contains("Login and code do not fit"));
        assert_eq!(sent_to(&browser.get("/console/feed").await), "/console/sign-in?next=%2Fconsole%2Ffeed");
    }
    assert!(Browser::with_token(&world, "token-of-nobody").await.is_none());
    // A mistyped login did not spend the code.
    assert_eq!(by_code(&mut Browser::new(&world), &login_of("mara"), &code).await.status, 303);
    world.advance(86_401);
    let late = sign_in_code(&world, MARA).await;
    world.advance(86_401);
    assert_eq!(by_code(&mut Browser::new(&world), &login_of("mara"), &late).await.status, 403);
}

#[tokio::test]
async fn failed_sign_ins_are_bounded() {
    let world = World::new().await;
    for _ in 0..SIGN_IN_FAILURES_PER_MINUTE {
        assert!(Browser::with_token(&world, "guess").await.is_none());
    }
    let mut browser = Browser::new(&world);
    browser.get("/console/sign-in").await;
    let answer = browser.submit("/console/sign-in", &[("token", &token_of(ADMIN))]).await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (429, Some("20")));
    world.advance(60);
    Browser::of(&world, ADMIN).await;
}

#[tokio::test]
async fn a_session_ends_when_nobody_uses_it() {
    let world = World::new().await;
    let mut browser = Browser::of(&world, REPORTER).await;
    for _ in 0..3 {
        world.advance(SESSION_IDLE_S_MAX - SESSION_SEEN_STEP_S);
        browser.get("/console/live").await.ok();
    }
    // Figures that refresh themselves are not use.
    for _ in 0..3 {
        world.advance(SESSION_IDLE_S_MAX / 2 - 1);
        let request = browser.request("GET", "/console/feed").header("tidings-refresh", "1");
        browser.send(request.body(Body::empty()).unwrap()).await;
    }
    assert_eq!(browser.get("/console/live").await.status, 303);
}

#[tokio::test]
async fn a_session_ends_in_any_case() {
    let world = World::new().await;
    let mut browser = Browser::of(&world, REPORTER).await;
    let step = SESSION_IDLE_S_MAX / 2;
    for _ in 1..SESSION_LIFETIME_S_MAX / step {
        world.advance(step);
        browser.get("/console/live").await.ok();
    }
    world.advance(step);
    assert_eq!(browser.get("/console/live").await.status, 303);
}

#[tokio::test]
async fn a_session_ends_with_its_token_and_its_user() {
    let world = World::new().await;
    let mut browser = Browser::of(&world, REPORTER).await;
    let path = format!("/api/v1/tokens/id-of-{}", token_of(REPORTER));
    world.send(crate::world::by(ADMIN, "DELETE", &path).body(Body::empty()).unwrap()).await.ok();
    assert_eq!(browser.get("/console/live").await.status, 303);

    let code = sign_in_code(&world, MARA).await;
    let mut browser = Browser::new(&world);
    by_code(&mut browser, &login_of("mara"), &code).await;
    browser.get("/console/feed").await.ok();
    let path = format!("/api/v1/users/{MARA}");
    world.send(crate::world::by(ADMIN, "DELETE", &path).body(Body::empty()).unwrap()).await.ok();
    assert_eq!(browser.get("/console/feed").await.status, 303);
}

#[tokio::test]
async fn an_admin_sees_and_ends_the_sessions_of_the_enterprise() {
    let world = World::new().await;
    let mut theirs = Browser::of(&world, REPORTER).await;
    world.advance(SESSION_SEEN_STEP_S);
    let mut admin = Browser::of(&world, ADMIN).await;
    let page = admin.get("/console/tokens").await.ok();
    let ends: Vec<&str> = page.text().split("action=\"").filter(|it| it.starts_with("/console/sessions/")).collect();
    assert_eq!(ends.len(), 2, "{}", page.text());
    let reporters = ends[1].split('"').next().unwrap();
    // Another company's admin cannot end it, nor know of it.
    let mut rival = Browser::of(&world, crate::world::RIVAL_ADMIN).await;
    assert_eq!(rival.submit(reporters, &[]).await.status, 404);
    theirs.get("/console/live").await.ok();
    assert_eq!(sent_to(&admin.submit(reporters, &[]).await), "/console/tokens");
    assert_eq!(theirs.get("/console/live").await.status, 303);
}

#[tokio::test]
async fn sessions_of_a_user_do_not_pile_up() {
    let world = World::new().await;
    let mut first = Browser::of(&world, REPORTER).await;
    world.advance(1);
    for _ in 0..SESSIONS_PER_USER_MAX {
        Browser::of(&world, REPORTER).await.get("/console/live").await.ok();
    }
    assert_eq!(first.get("/console/live").await.status, 303);
}

#[tokio::test]
async fn a_token_gives_in_the_console_what_it_gives_at_the_api() {
    let world = World::new().await;
    world.give_token(HALDEN, ADMIN, Scopes::ADMINISTER, "narrow", None).await;
    let mut browser = Browser::with_token(&world, "narrow").await.unwrap();
    assert_eq!(sent_to(&browser.get("/console/").await), "/console/people");
    assert_eq!(browser.get("/console/live").await.status, 403);
    browser.get("/console/applications").await.ok();
}

#[tokio::test]
async fn cookies_of_an_encrypted_connection_stay_on_one() {
    let world = World::set(&["--public-url", "https://tidings.example"]).await;
    let request = Request::get("/console/sign-in").body(Body::empty()).unwrap();
    let answer = world.send(request).await.ok();
    assert!(answer.header("set-cookie").unwrap().ends_with("; HttpOnly; SameSite=Strict; Secure"));
}
