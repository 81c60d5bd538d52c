//! Pages are full while more is there, hold each event once, and keep their order (protocol, section 4 "Filling pages";
//! design, section 1, promise 4).

use crate::deeds::{comment, login, logins, sync, upload, uploads};
use crate::world::{ADMIN, MARA, TOMAS, World};
use serde_json::json;

#[tokio::test]
async fn every_page_but_the_last_is_full_whatever_its_size() {
    let world = World::new().await;
    world.publish(uploads("u", 137)).await;
    world.publish(logins("e", 137)).await;
    world.settle();
    for (user, stream, id) in
        [(MARA, "all", "u"), (MARA, "changes", "u"), (ADMIN, "admin_logs", "e"), (ADMIN, "admin_logs_streaming", "e")]
    {
        let expected: Vec<String> = (0..137).map(|n| format!("{id}{n}")).collect();
        for limit in [1, 2, 7, 100, 136, 137, 138, 500, 800] {
            let query = format!("stream_type={stream}&limit={limit}");
            assert_eq!(world.drain(user, &query).await, expected, "{query}");
            let full = world.page(user, &query).await.entries.len();
            assert_eq!(full, limit.min(137), "{query}");
        }
    }
}

#[tokio::test]
async fn what_other_streams_show_takes_no_place_on_a_page() {
    let world = World::new().await;
    let mixed = (0..60).map(|n| if n % 3 == 0 { upload(&format!("u{n}")) } else { comment(&format!("c{n}")) });
    world.publish(mixed).await;
    let page = world.page(MARA, "stream_type=changes&limit=20").await;
    assert_eq!(page.entries.len(), 20);
    assert_eq!(world.page(MARA, "stream_type=all&limit=60").await.entries.len(), 60);
}

#[tokio::test]
async fn sync_shows_what_happens_in_synced_folders() {
    let world = World::new().await;
    world.publish([upload("before")]).await;
    world.publish([sync("s")]).await;
    world.publish([upload("in"), comment("c")]).await;
    let elsewhere = json!({"type": "folder", "id": "77", "sequence_id": "0", "etag": "0", "name": "Elsewhere"});
    world.publish([upload("elsewhere").typed("ITEM_CREATE").with("source", elsewhere)]).await;
    assert_eq!(world.page(MARA, "stream_type=sync").await.ids(), ["s", "in"]);
    assert_eq!(world.page(MARA, "stream_type=changes").await.ids(), ["before", "s", "in", "elsewhere"]);
    // Tomas marked nothing.
    world.publish([upload("for-tomas").by(TOMAS)]).await;
    assert_eq!(world.page(TOMAS, "stream_type=sync").await.ids(), [""; 0]);
}

#[tokio::test]
async fn who_hears_of_a_deed() {
    let world = World::new().await;
    // The actor, and the owner of the file, who is Mara.
    world.publish([upload("both").by(TOMAS)]).await;
    // Downloads go to the owner alone.
    world.publish([upload("owner").typed("ITEM_DOWNLOAD").by(TOMAS)]).await;
    // A named audience takes the place of the derived one, and nobody is one, too.
    world.publish([upload("named").heard_by([ADMIN]), upload("nobody").heard_by([])]).await;
    assert_eq!(world.page(MARA, "").await.ids(), ["both", "owner"]);
    assert_eq!(world.page(TOMAS, "").await.ids(), ["both"]);
    assert_eq!(world.page(ADMIN, "").await.ids(), ["named"]);
}

#[tokio::test]
async fn one_deed_in_both_vocabularies() {
    let world = World::new().await;
    let mut draft = upload("u").0;
    draft.as_object_mut().unwrap().remove("feed");
    let answer = world.send_json(ADMIN, "POST", "/api/v1/events", &json!({"user": draft})).await.ok();
    let derived = answer.json()["results"][0]["enterprise"]["event_id"].as_str().unwrap().to_owned();
    let page = world.page(ADMIN, "stream_type=admin_logs_streaming").await;
    assert_eq!(page.ids(), [derived]);
    assert_eq!(page.entries[0]["event_type"], "UPLOAD");
    assert_eq!(page.entries[0]["source"]["item_id"], "501");
    assert_eq!(world.page(MARA, "").await.ids(), ["u"]);
}

#[tokio::test]
async fn history_is_in_the_order_of_deeds_and_streaming_in_that_of_arrival() {
    let world = World::new().await;
    let now = world.services.clock.now().0;
    world.publish([login("third").at(now), login("first").at(now - 4), login("second").at(now - 2)]).await;
    world.settle();
    assert_eq!(world.page(ADMIN, "stream_type=admin_logs").await.ids(), ["first", "second", "third"]);
    assert_eq!(world.page(ADMIN, "stream_type=admin_logs_streaming").await.ids(), ["third", "first", "second"]);
}

#[tokio::test]
async fn history_shows_only_what_is_settled_and_streaming_shows_at_once() {
    let world = World::new().await;
    world.publish([login("e")]).await;
    assert_eq!(world.page(ADMIN, "stream_type=admin_logs_streaming").await.ids(), ["e"]);
    let end = world.page(ADMIN, "stream_type=admin_logs").await;
    assert!(end.entries.is_empty());
    world.advance(5);
    assert!(world.page(ADMIN, "stream_type=admin_logs").await.entries.is_empty(), "its second may still grow");
    world.advance(1);
    let query = format!("stream_type=admin_logs&stream_position={}", end.position());
    assert_eq!(world.page(ADMIN, &query).await.ids(), ["e"]);
}

#[tokio::test]
async fn a_clock_that_steps_back_hides_nothing_and_repeats_nothing() {
    let world = World::new().await;
    let start = world.services.clock.now();
    world.publish([login("e1"), upload("u1")]).await;
    world.settle();
    let (history, streaming) = ("stream_type=admin_logs", "stream_type=admin_logs_streaming");
    let (h1, s1, u1) =
        (world.page(ADMIN, history).await, world.page(ADMIN, streaming).await, world.page(MARA, "").await);
    world.clock.set(start.back(1_000));
    world.publish([login("e2"), upload("u2")]).await;
    let on = |query: &str, from: &crate::answer::Page| format!("{query}&stream_position={}", from.position());
    assert_eq!(world.page(ADMIN, &on(streaming, &s1)).await.ids(), ["e2"]);
    assert_eq!(world.page(MARA, &on("", &u1)).await.ids(), ["u2"]);
    let h2 = world.drain(ADMIN, &on(history, &h1)).await;
    world.advance(2_000);
    let h3 = world.drain(ADMIN, history).await;
    assert_eq!(h3, ["e1", "e2"]);
    assert!(h2.len() <= 1, "e1 is not shown again: {h2:?}");
}
