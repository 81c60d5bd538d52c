//! Whose feed is read: one's own, another user's with `As-User`, and never another enterprise's (protocol, section 10).

use crate::answer::Answer;
use crate::deeds::{login, upload};
use crate::world::{
    ADMIN, HALDEN, IDLE, MANAGER, MARA, NOBODY, REPORTER, RIVAL_ADMIN, RIVAL_USER, SERVICE, TOMAS, World, by, token_of,
};
use axum::body::Body;
use feed::permission::Scopes;
use http::Request;

async fn get_as(world: &World, token: &str, as_user: &str, path: &str) -> Answer {
    let request = Request::get(path).header("authorization", format!("Bearer {token}")).header("as-user", as_user);
    world.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn who_may_act_for_whom() {
    let world = World::new().await;
    world.publish([upload("mara"), upload("rolf").by(RIVAL_USER).heard_by([RIVAL_USER])]).await;
    for (who, target, expected) in [
        (ADMIN, MARA, 200),
        (MANAGER, MARA, 200),
        (SERVICE, MARA, 200),
        (ADMIN, ADMIN, 200),
        // Oneself needs no right.
        (MARA, MARA, 200),
        (MARA, TOMAS, 403),
        (REPORTER, MARA, 403),
        (IDLE, MARA, 403),
        (ADMIN, RIVAL_USER, 403),
        (ADMIN, NOBODY, 403),
        (ADMIN, "2", 403),
        (ADMIN, "no id", 403),
        (RIVAL_ADMIN, MARA, 403),
    ] {
        let answer = get_as(&world, &token_of(who), target, "/2.0/events").await;
        assert_eq!(answer.status.as_u16(), expected, "{who} for {target}");
        if expected == 403 {
            assert_eq!(answer.error().1, "access_denied_insufficient_permissions");
        } else if target == MARA {
            assert!(answer.text().contains("\"mara\""), "{who} reads the feed of the other");
        }
        let me = get_as(&world, &token_of(who), target, "/2.0/users/me").await;
        assert_eq!(me.status.as_u16(), expected, "{who} for {target}");
        if expected == 200 {
            assert_eq!(me.json()["id"], target);
        }
    }
}

#[tokio::test]
async fn the_application_needs_the_scope_to_act() {
    let world = World::new().await;
    world.give_token(HALDEN, ADMIN, Scopes::ENTERPRISE, "no-acting", None).await;
    let answer = get_as(&world, "no-acting", MARA, "/2.0/events").await;
    assert_eq!(answer.error(), (403, "insufficient_scope".to_owned()));
    assert!(answer.message().contains("manage_managed_users"), "{}", answer.message());
    // For oneself it is not asked for.
    assert_eq!(get_as(&world, "no-acting", ADMIN, "/2.0/events").await.status.as_u16(), 200);
}

#[tokio::test]
async fn enterprise_streams_are_judged_by_the_user_acted_for() {
    let world = World::new().await;
    world.publish([login("e")]).await;
    for (target, expected) in [(MARA, 403), (REPORTER, 200), (MANAGER, 403), (ADMIN, 200)] {
        for stream in ["admin_logs", "admin_logs_streaming"] {
            let path = format!("/2.0/events?stream_type={stream}");
            let answer = get_as(&world, &token_of(SERVICE), target, &path).await;
            assert_eq!(answer.status.as_u16(), expected, "{stream} for {target}");
        }
    }
}

#[tokio::test]
async fn a_deleted_user_is_nobody() {
    let world = World::new().await;
    world.publish([login("gone").typed("DELETE_USER").with("source", crate::world::person_of(MARA))]).await;
    assert_eq!(world.get(MARA, "/2.0/events").await.status.as_u16(), 401);
    assert_eq!(get_as(&world, &token_of(ADMIN), MARA, "/2.0/events").await.status.as_u16(), 403);
}

#[tokio::test]
async fn answers_do_not_tell_whether_another_enterprise_has_such_a_user() {
    let world = World::new().await;
    let blank = |answer: Answer, id: &str| answer.shown().replace(id, "[id]");
    // Acting, looking up, changing, deleting, and giving a token: theirs looks like nobody at all.
    for (method, path, body) in [
        ("GET", "/api/v1/users/{id}", ""),
        ("PATCH", "/api/v1/users/{id}", r#"{"name":"Other"}"#),
        ("DELETE", "/api/v1/users/{id}", ""),
        ("POST", "/api/v1/tokens", r#"{"user":"{id}"}"#),
    ] {
        let ask = async |id: &str| {
            let request = by(ADMIN, method, &path.replace("{id}", id));
            blank(world.send(request.body(Body::from(body.replace("{id}", id))).unwrap()).await, id)
        };
        assert_eq!(ask(RIVAL_USER).await, ask(NOBODY).await, "{method} {path}");
        assert_eq!(ask("rolf@halden.example").await.lines().next(), Some("404"), "{method} {path}");
    }
    let acting = async |id: &str| blank(get_as(&world, &token_of(ADMIN), id, "/2.0/events").await, id);
    assert_eq!(acting(RIVAL_USER).await, acting(NOBODY).await);
    // A token of theirs is as unknown as one that never was.
    let revoke = async |id: &str| {
        let path = format!("/api/v1/tokens/{id}");
        blank(world.send(by(ADMIN, "DELETE", &path).body(Body::empty()).unwrap()).await, id)
    };
    let (theirs, never) =
        (revoke(&format!("id-of-token-of-{RIVAL_ADMIN}")).await, revoke("id-of-token-of-40306589100").await);
    assert_eq!(theirs, never);
    assert_eq!(world.get(RIVAL_ADMIN, "/2.0/events").await.status.as_u16(), 200, "and it still works");
}

#[tokio::test]
async fn each_enterprise_sees_its_own_events_only() {
    let world = World::new().await;
    world.publish([login("ours"), upload("mara")]).await;
    world.publish_as(RIVAL_ADMIN, [login("theirs"), upload("rolf").by(RIVAL_USER)]).await;
    world.settle();
    for stream in ["admin_logs", "admin_logs_streaming"] {
        assert_eq!(world.page(ADMIN, &format!("stream_type={stream}")).await.ids(), ["ours"]);
        assert_eq!(world.page(RIVAL_ADMIN, &format!("stream_type={stream}")).await.ids(), ["theirs"]);
    }
    // The same id in two enterprises is two events.
    let again = world.publish_as(RIVAL_ADMIN, [login("ours")]).await;
    assert_eq!(again[0]["enterprise"]["duplicate"], false);
    // An outsider's deed is heard at home, in the outsider's own feed, and by nobody's administrator there.
    world.publish([upload("outside").by(RIVAL_USER)]).await;
    world.settle();
    assert_eq!(world.page(RIVAL_USER, "").await.ids(), ["rolf", "outside"]);
    assert!(!world.drain(RIVAL_ADMIN, "stream_type=admin_logs").await.contains(&"outside".to_owned()));
}

#[tokio::test]
async fn the_users_and_tokens_listed_are_ones_own() {
    let world = World::new().await;
    for (admin, foreign) in [(ADMIN, "3030658910"), (RIVAL_ADMIN, "2030658910")] {
        for path in ["/api/v1/users", "/api/v1/tokens"] {
            let answer = world.get(admin, path).await.ok();
            assert!(!answer.text().contains(foreign), "{path} {}", answer.text());
        }
    }
}
