//! Published twice is stored once (design, section 1, promise 3).

use crate::deeds::{login, upload};
use crate::world::{ADMIN, DAY_S, MARA, World};
use serde_json::{Value, json};

/// The members of an outcome that tell about doubles.
fn told(outcome: &Value) -> (bool, bool) {
    (outcome["duplicate"].as_bool().unwrap(), outcome["differs"].as_bool().unwrap())
}

#[tokio::test]
async fn the_first_result_is_answered_again() {
    let world = World::new().await;
    let first = world.publish([login("e"), upload("u")]).await;
    assert_eq!((told(&first[0]["enterprise"]), told(&first[1]["user"])), ((false, false), (false, false)));
    world.advance(7);
    let again = world.publish([login("e"), upload("u")]).await;
    for (n, feed) in [(0, "enterprise"), (1, "user")] {
        assert_eq!(told(&again[n][feed]), (true, false));
        assert_eq!(again[n][feed]["position"], first[n][feed]["position"]);
        assert_eq!(again[n][feed]["event_id"], first[n][feed]["event_id"]);
    }
    world.settle();
    assert_eq!(world.page(ADMIN, "stream_type=admin_logs").await.ids(), ["e"]);
    assert_eq!(world.page(MARA, "").await.ids(), ["u"]);
}

#[tokio::test]
async fn what_says_something_else_is_told_and_the_first_stands() {
    let world = World::new().await;
    world.publish([login("e").at(1_749_999_000)]).await;
    for (draft, differs) in [
        (login("e").at(1_749_999_000), false),
        (login("e").at(1_749_999_001), true),
        // A time that the server filled in is no difference.
        (login("e"), false),
        (login("e").at(1_749_999_000).with("ip_address", "203.0.113.9"), true),
        (login("e").at(1_749_999_000).typed("FAILED_LOGIN"), true),
    ] {
        let results = world.publish([draft.clone()]).await;
        assert_eq!(told(&results[0]["enterprise"]), (true, differs), "{draft:?}");
    }
    let page = world.page(ADMIN, "stream_type=admin_logs_streaming").await;
    assert_eq!((page.ids(), &page.entries[0]["event_type"]), (vec!["e"], &json!("LOGIN")));
}

#[tokio::test]
async fn doubles_within_one_batch_are_found() {
    let world = World::new().await;
    let results = world.publish([login("e"), login("e"), login("e").typed("FAILED_LOGIN")]).await;
    let doubles: Vec<_> = results.iter().map(|result| told(&result["enterprise"])).collect();
    assert_eq!(doubles, [(false, false), (true, false), (true, true)]);
    assert_eq!(world.page(ADMIN, "stream_type=admin_logs_streaming").await.ids(), ["e"]);
}

#[tokio::test]
async fn an_id_is_known_for_as_long_as_the_event_is_kept() {
    let world = World::new().await;
    world.publish([login("e").at(1_749_999_000), upload("u")]).await;
    world.advance(59 * DAY_S);
    let again = world.publish([login("e").at(1_749_999_000), upload("u")]).await;
    assert_eq!((told(&again[0]["enterprise"]), told(&again[1]["user"])), ((true, false), (true, false)));
    world.advance(1_000 * DAY_S);
    assert_eq!(told(&world.publish([login("e").at(1_749_999_000)]).await[0]["enterprise"]), (true, false));
}

#[tokio::test]
async fn a_derived_rendering_has_a_derived_id_and_is_known_again() {
    let world = World::new().await;
    let mut whole = upload("u").0;
    whole.as_object_mut().unwrap().remove("feed");
    let publish = async || {
        let answer = world.send_json(ADMIN, "POST", "/api/v1/events", &json!({"user": whole})).await.ok();
        answer.json()["results"][0].clone()
    };
    let (first, again) = (publish().await, publish().await);
    assert_eq!(first["enterprise"]["event_id"], again["enterprise"]["event_id"]);
    assert_eq!((told(&again["user"]), told(&again["enterprise"])), ((true, false), (true, false)));
    assert_eq!(world.page(ADMIN, "stream_type=admin_logs_streaming").await.entries.len(), 1);
}

#[tokio::test]
async fn an_envelope_of_which_half_is_known_stores_the_other_half() {
    let world = World::new().await;
    world.publish([upload("u")]).await;
    let mut whole = upload("u").0;
    whole.as_object_mut().unwrap().remove("feed");
    let both = json!({"user": whole, "enterprise": {"event_type": "UPLOAD", "event_id": "e"}});
    let answer = world.send_json(ADMIN, "POST", "/api/v1/events", &both).await.ok();
    let result = &answer.json()["results"][0];
    assert!(told(&result["user"]).0 && !told(&result["enterprise"]).0, "{result}");
    assert_eq!(world.page(ADMIN, "stream_type=admin_logs_streaming").await.ids(), ["e"]);
    assert_eq!(world.page(MARA, "").await.ids(), ["u"]);
}

#[tokio::test]
async fn the_two_kinds_of_feed_count_ids_apart() {
    let world = World::new().await;
    let results = world.publish([login("x"), upload("x")]).await;
    assert!(!told(&results[0]["enterprise"]).0 && !told(&results[1]["user"]).0);
}

#[tokio::test]
async fn a_double_wakes_nobody_and_changes_no_directory() {
    let world = World::new().await;
    let leave = || login("gone").typed("DELETE_USER").with("source", crate::world::person_of(MARA));
    world.publish([leave()]).await;
    let back = login("back").typed("NEW_USER").with("source", crate::world::person_of(MARA));
    world.publish([back]).await;
    world.publish([leave()]).await;
    assert_eq!(world.get(MARA, "/2.0/users/me").await.status.as_u16(), 200, "the deletion was heard before");
}
