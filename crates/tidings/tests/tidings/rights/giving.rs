//! Nobody can give, or take away, what they do not have.

use crate::world::{ADMIN, HALDEN, MANAGER, MARA, REPORTER, SERVICE, TOMAS, World, by, person_of};
use axum::body::Body;
use feed::permission::Scopes;
use serde_json::{Value, json};

async fn check(world: &World, who: &str, method: &str, path: &str, body: Value, expected: u16) {
    let answer = world.send_json(who, method, path, &body).await;
    assert_eq!(answer.status.as_u16(), expected, "{who} {method} {path} {body}: {}", answer.text());
}

#[tokio::test]
async fn a_co_admin_who_manages_users_makes_and_changes_users_only() {
    let world = World::new().await;
    let user = |id: &str| format!("/api/v1/users/{id}");
    let new = |role: &str| json!({"name": "New", "login": format!("{role}@halden.example"), "role": role});
    check(&world, MANAGER, "POST", "/api/v1/users", new("user"), 201).await;
    check(&world, MANAGER, "PATCH", &user(MARA), json!({"name": "Mara L."}), 200).await;
    check(&world, MANAGER, "DELETE", &user(TOMAS), Value::Null, 204).await;
    for role in ["coadmin", "admin", "service_account"] {
        check(&world, MANAGER, "POST", "/api/v1/users", new(role), 403).await;
        check(&world, MANAGER, "PATCH", &user(MARA), json!({"role": role}), 403).await;
        check(&world, MANAGER, "PATCH", &user(MANAGER), json!({"role": role}), 403).await;
    }
    for other in [ADMIN, REPORTER, SERVICE, MANAGER] {
        check(&world, MANAGER, "PATCH", &user(other), json!({"name": "Other"}), 403).await;
        check(&world, MANAGER, "PATCH", &user(other), json!({"role": "user"}), 403).await;
        check(&world, MANAGER, "DELETE", &user(other), Value::Null, 403).await;
    }
    check(&world, MANAGER, "POST", "/api/v1/tokens", json!({"user": MARA}), 403).await;
    check(&world, ADMIN, "PATCH", &user(MARA), json!({"role": "coadmin", "permissions": ["reports"]}), 200).await;
    assert_eq!(world.get(MARA, "/2.0/events?stream_type=admin_logs").await.status.as_u16(), 200, "at once");
}

#[tokio::test]
async fn a_token_gives_no_scope_that_its_maker_lacks() {
    let world = World::new().await;
    let own = Scopes::ADMINISTER.and(Scopes::PUBLISH);
    world.give_token(HALDEN, ADMIN, own, "maker", None).await;
    let make = async |scopes: &str| {
        let body = json!({"user": MARA, "scopes": scopes, "note": "for a test", "expires_in": 60}).to_string();
        let mut request = by(ADMIN, "POST", "/api/v1/tokens").body(Body::from(body)).unwrap();
        request.headers_mut().insert("authorization", "Bearer maker".parse().unwrap());
        world.send(request).await
    };
    for (scopes, expected) in [
        ("", 201),
        ("publish", 201),
        ("publish,administer", 201),
        ("manage_enterprise_properties", 403),
        ("publish manage_managed_users", 403),
        ("root", 400),
    ] {
        assert_eq!(make(scopes).await.status.as_u16(), expected, "{scopes}");
    }
    let made = make("publish").await.json();
    let secret = made["access_token"].as_str().unwrap();
    let read = async || {
        let request = http::Request::get("/2.0/users/me").header("authorization", format!("Bearer {secret}"));
        world.send(request.body(Body::empty()).unwrap()).await
    };
    assert_eq!(read().await.json()["id"], MARA);
    // The list shows it without its secret, and it ends when it should.
    let listed = world.get(ADMIN, "/api/v1/tokens").await;
    assert!(listed.text().contains(made["id"].as_str().unwrap()) && !listed.text().contains(secret));
    world.advance(60);
    assert_eq!(read().await.status.as_u16(), 401);
}

#[tokio::test]
async fn what_administrators_do_is_in_the_audit_log() {
    let world = World::new().await;
    let new = json!({"name": "New", "login": "new@halden.example", "role": "coadmin", "permissions": ["users"]});
    check(&world, ADMIN, "POST", "/api/v1/users", new, 201).await;
    check(&world, ADMIN, "PATCH", "/api/v1/users/new@halden.example", json!({"name": "Newer"}), 200).await;
    check(&world, ADMIN, "DELETE", "/api/v1/users/new@halden.example", Value::Null, 204).await;
    let page = world.page(ADMIN, "stream_type=admin_logs_streaming").await;
    let told: Vec<String> = page
        .entries
        .iter()
        .map(|it| format!("{} {} by {}", it["event_type"], it["source"]["name"], it["created_by"]["name"]))
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    "NEW_USER" "New" by "solveig"
    "CHANGE_ADMIN_ROLE" "New" by "solveig"
    "EDIT_USER" "Newer" by "solveig"
    "DELETE_USER" "Newer" by "solveig"
    "#);
}

#[tokio::test]
async fn whoever_may_publish_makes_no_admin() {
    // The directory is kept by events, so what they say of users needs a right of its own, and one that a user has.
    let world = World::new().await;
    let [publish, users] = [Scopes::PUBLISH, Scopes::PUBLISH.and(Scopes::PUBLISH_USERS)];
    let about = |event_type: &str| crate::deeds::login(event_type).typed(event_type).with("source", person_of(MARA));
    let drafts = [
        about("CHANGE_ADMIN_ROLE").with("additional_details", json!({"role": "admin"})),
        about("NEW_USER"),
        about("EDIT_USER"),
        about("DELETE_USER"),
    ];
    let publish_as = async |user: &str, scopes: Scopes, draft: &Value| {
        let token = format!("publisher-{user}-{scopes}-{}", draft["event_type"]);
        world.give_token(HALDEN, user, scopes, &token, None).await;
        let body = json!([crate::deeds::login("before").0, draft]);
        let mut request = by(user, "POST", "/api/v1/events").body(Body::from(body.to_string())).unwrap();
        request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        world.send(request).await
    };
    for (user, scopes) in [(ADMIN, publish), (SERVICE, publish), (MARA, users), (MANAGER, users), (REPORTER, users)] {
        for draft in &drafts {
            let answer = publish_as(user, scopes, &draft.0).await;
            assert_eq!(answer.status.as_u16(), 403, "{user} {scopes} {}", draft.0);
            assert!(answer.text().contains("Draft 1 changes users"), "{}", answer.text());
        }
    }
    assert_eq!(world.page(ADMIN, "stream_type=admin_logs_streaming").await.entries.len(), 0, "refused whole");
    assert_eq!(world.get(MARA, "/2.0/events?stream_type=admin_logs").await.status.as_u16(), 403);
    // What changes nobody needs nothing more.
    let nothing_said = about("CHANGE_ADMIN_ROLE").0;
    assert_eq!(publish_as(SERVICE, publish, &nothing_said).await.status.as_u16(), 200);
    for draft in &drafts {
        assert_eq!(publish_as(SERVICE, users, &draft.0).await.status.as_u16(), 200, "{}", draft.0);
    }
    assert_eq!(world.get(MARA, "/2.0/users/me").await.status.as_u16(), 401, "deleted by the last of them");
}
