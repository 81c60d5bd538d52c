//! Authorization codes: the page, signing in, fetching the tokens, refreshing them.

use super::{CLIENT, call, form, recorded, refusal, token, word, world};
use crate::answer::Answer;
use crate::world::{ADMIN, MARA, World, login_of};
use axum::body::Body;
use http::Request;
use serde_json::json;

const BACK: &str = "https://client.example/back?x=1";

async fn sign_in_code(world: &World) -> String {
    let path = format!("/api/v1/users/{MARA}/sign-in-codes");
    word(&world.send_json(ADMIN, "POST", &path, &json!({})).await.ok(), "code")
}

async fn page(world: &World, query: &str) -> Answer {
    world.send(Request::get(format!("/oauth2/authorize?{query}")).body(Body::empty()).unwrap()).await
}

async fn consent(world: &World, login: &str, code: &str, answer: &str) -> Answer {
    let pairs = [
        ("client_id", CLIENT),
        ("redirect_uri", BACK),
        ("response_type", "code"),
        ("state", "s&t"),
        ("login", login),
        ("sign_in_code", code),
        ("consent", answer),
    ];
    form(world, "/oauth2/authorize", &pairs).await
}

/// Everything up to the code that the application gets.
pub(crate) async fn authorized(world: &World) -> String {
    let code = sign_in_code(world).await;
    let answer = consent(world, &login_of("mara"), &code, "yes").await;
    assert_eq!(answer.status, 302, "{}", answer.text());
    let rest = answer.header("location").unwrap().strip_prefix(&format!("{BACK}&code=")).unwrap().to_owned();
    rest.strip_suffix("&state=s%26t").unwrap().to_owned()
}

fn pair(answer: &Answer) -> (String, String) {
    (word(answer, "access_token"), word(answer, "refresh_token"))
}

#[tokio::test]
async fn a_person_consents_and_the_application_gets_tokens() {
    let world = world(&[]).await;
    let shown = page(&world, &format!("client_id={CLIENT}&response_type=code&state=%22%3E%3Cscript%3E")).await.ok();
    assert!(shown.text().contains("Collector") && !shown.text().contains("<script"), "{}", shown.text());
    assert!(shown.header("content-security-policy").unwrap().contains("frame-ancestors 'none'"));
    let code = authorized(&world).await;
    let answer = token(&world, &[("grant_type", "authorization_code"), ("code", &code)]).await.ok();
    let (access, refresh) = pair(&answer);
    assert_eq!(word(&call(&world, &access, "/2.0/users/me").await, "id"), MARA);
    // The old refresh token stops working, and the new one goes on.
    let answer = token(&world, &[("grant_type", "refresh_token"), ("refresh_token", &refresh)]).await.ok();
    let (next_access, next) = pair(&answer);
    assert_ne!(next, refresh);
    call(&world, &next_access, "/2.0/users/me").await.ok();
    call(&world, &access, "/2.0/users/me").await.ok();
    let logins = recorded(&world, "LOGIN,FAILED_LOGIN,USER_AUTHENTICATE_OAUTH2_TOKEN_REFRESH").await;
    let types: Vec<&str> = logins.iter().map(|event| event["event_type"].as_str().unwrap()).collect();
    assert_eq!(types, ["LOGIN", "USER_AUTHENTICATE_OAUTH2_TOKEN_REFRESH"]);
    assert_eq!(logins[0]["created_by"]["id"], MARA);
    assert_eq!(logins[0]["ip_address"], "192.0.2.1");
}

#[tokio::test]
async fn a_refresh_token_that_comes_again_ends_its_family() {
    let world = world(&[]).await;
    let code = authorized(&world).await;
    let answer = token(&world, &[("grant_type", "authorization_code"), ("code", &code)]).await.ok();
    let (access, stolen) = pair(&answer);
    let refresh =
        async |token_text: &str| token(&world, &[("grant_type", "refresh_token"), ("refresh_token", token_text)]).await;
    let (next_access, next) = pair(&refresh(&stolen).await.ok());
    let refused = refusal(&refresh(&stolen).await);
    assert_eq!((refused.0, refused.1.as_str()), (400, "invalid_grant"));
    assert!(!refused.2.contains("exp") && !refused.2.contains("jti"));
    for access in [&access, &next_access] {
        assert_eq!(call(&world, access, "/2.0/users/me").await.status, 401);
    }
    assert_eq!(refusal(&refresh(&next).await).1, "invalid_grant");
}

#[tokio::test]
async fn a_code_works_once_and_for_half_a_minute() {
    let world = world(&[]).await;
    let fetch = async |code: &str| token(&world, &[("grant_type", "authorization_code"), ("code", code)]).await;
    let code = authorized(&world).await;
    let (access, _) = pair(&fetch(&code).await.ok());
    assert_eq!(refusal(&fetch(&code).await).1, "invalid_grant");
    assert_eq!(call(&world, &access, "/2.0/users/me").await.status, 401, "spent twice, it ends what it gave");
    let late = authorized(&world).await;
    world.advance(30);
    assert_eq!(refusal(&fetch(&late).await).1, "invalid_grant");
}

#[tokio::test]
async fn revoking_either_ends_the_pair() {
    let world = world(&[]).await;
    for which in [0, 1] {
        let code = authorized(&world).await;
        let answer = token(&world, &[("grant_type", "authorization_code"), ("code", &code)]).await.ok();
        let (access, refresh) = pair(&answer);
        let own = [("client_id", CLIENT), ("client_secret", super::SECRET)];
        let token_text = [access.as_str(), &refresh][which];
        form(&world, "/oauth2/revoke", &[&own[..], &[("token", token_text)]].concat()).await.ok();
        assert_eq!(call(&world, &access, "/2.0/users/me").await.status, 401);
        let refused = token(&world, &[("grant_type", "refresh_token"), ("refresh_token", &refresh)]).await;
        assert_eq!(refusal(&refused).1, "invalid_grant");
    }
}

#[tokio::test]
async fn who_does_not_fit_does_not_get_in() {
    let world = world(&[]).await;
    let code = sign_in_code(&world).await;
    for (login, code) in [(login_of("tomas"), code.as_str()), (login_of("mara"), "guess"), (String::new(), "")] {
        assert_eq!(consent(&world, &login, code, "yes").await.status, 403);
    }
    let refused = consent(&world, "", "", "no").await;
    assert_eq!(refused.header("location"), Some("https://client.example/back?x=1&error=access_denied&state=s%26t"));
    // A mistyped login did not spend the code; using it did.
    assert_eq!(consent(&world, &login_of("mara").to_uppercase(), &code, "yes").await.status, 302);
    assert_eq!(consent(&world, &login_of("mara"), &code, "yes").await.status, 403);
    let late = sign_in_code(&world).await;
    world.advance(86_400);
    assert_eq!(consent(&world, &login_of("mara"), &late, "yes").await.status, 403);
}

#[tokio::test]
async fn nobody_is_sent_to_a_place_that_is_not_the_applications() {
    let world = world(&[]).await;
    let asked = format!("client_id={CLIENT}&response_type=code&redirect_uri=");
    for (query, status) in [
        (format!("{asked}https://evil.example/"), 400),
        (format!("{asked}https://client.example/back"), 400),
        ("client_id=unknown&response_type=code".to_owned(), 400),
        (format!("client_id={CLIENT}&response_type=token"), 302),
    ] {
        let answer = page(&world, &query).await;
        assert_eq!(answer.status, status, "{query}");
        if let Some(location) = answer.header("location") {
            assert_eq!(location, format!("{BACK}&error=unsupported_response_type"));
        }
    }
}
