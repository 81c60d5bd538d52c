//! Bad input is refused whole, with an error that names the entry, the field and the reason, and changes nothing (design,
//! section 1, promise 6).

use super::post;
use crate::deeds::{Draft, file, login, upload};
use crate::world::{ADMIN, MARA, NOBODY, World, person_of};
use feed::limits::{AUDIENCE_USERS_MAX, EVENT_BYTES_MAX, PUBLISH_DRAFTS_MAX, PUBLISH_HEARERS_MAX};
use serde_json::{Value, json};

const JSON: Option<&str> = Some("application/json");

/// The faults that an answer names: index, field, and the beginning of the reason.
async fn faults(world: &World, drafts: &Value) -> Vec<(u64, String, String)> {
    let answer = post(world, JSON, drafts.to_string()).await;
    assert_eq!(answer.error(), (400, "bad_request".to_owned()), "{drafts}");
    let errors: Vec<Value> = serde_json::from_value(answer.json()["context_info"]["errors"].take()).unwrap();
    let text = |error: &Value, name: &str| error[name].as_str().unwrap().to_owned();
    errors.iter().map(|it| (it["index"].as_u64().unwrap(), text(it, "field"), text(it, "reason"))).collect()
}

#[tokio::test]
async fn a_bad_draft_refuses_the_batch_and_changes_nothing() {
    let world = World::new().await;
    let newcomer =
        login("n").typed("NEW_USER").with("source", json!({"type": "user", "id": NOBODY, "name": "N", "login": "n@h"}));
    let drafts = json!([
        login("good").0,
        newcomer.0,
        upload("u").by(NOBODY).0,
        login("bad").with("created_at", "yesterday").0,
        login("also-good").0,
    ]);
    let answer = post(&world, JSON, drafts.to_string()).await;
    insta::assert_snapshot!(answer.shown(), @r#"
    400
    box-request-id: [request id]
    content-length: 427
    content-type: application/json

    {"code":"bad_request","context_info":{"errors":[{"field":"created_at","index":3,"reason":"is wrong: 'yesterday' is not a time such as 2025-05-14T02:09:05-07:00 between 1970 and 2106"}]},"help_url":"/errors","message":"nothing was published, because of draft 3: `created_at` is wrong: 'yesterday' is not a time such as 2025-05-14T02:09:05-07:00 between 1970 and 2106","request_id":"[request id]","status":400,"type":"error"}
    "#);
    world.settle();
    for stream in ["admin_logs", "admin_logs_streaming"] {
        assert!(world.page(ADMIN, &format!("stream_type={stream}")).await.entries.is_empty());
    }
    assert!(world.page(MARA, "").await.entries.is_empty());
    assert_eq!(world.get(ADMIN, &format!("/api/v1/users/{NOBODY}")).await.status.as_u16(), 404);
    // Mended, all of it is new.
    let results = world.publish([login("good"), login("bad"), login("also-good")]).await;
    assert!(results.iter().all(|result| result["enterprise"]["duplicate"] == false));
}

#[tokio::test]
async fn each_fault_is_named_with_its_place() {
    let world = World::new().await;
    let spoilt = |path: &[&str], value: Value| {
        let mut source = file("501");
        let (last, above) = path.split_last().unwrap();
        above.iter().fold(&mut source, |inner, name| &mut inner[*name])[*last] = value;
        upload("u").with("source", source)
    };
    let ahead = world.services.clock.now().0 + 301;
    for (draft, field) in [
        (login("e").with("event_type", ""), "event_type"),
        (login("e").with("event_type", "A,B"), "event_type"),
        (login("e").with("event_id", "a b"), "event_id"),
        (login("e").with("event_id", "x".repeat(65)), "event_id"),
        (login("e").with("event_id", 7), "event_id"),
        (login("e").with("type", "evnt"), "type"),
        (login("e").with("feed", "mine"), "feed"),
        (login("e").at(ahead), "created_at"),
        (login("e").with("created_by", json!({"type": "user", "id": 7})), "created_by.id"),
        (login("e").with("created_by", json!({"type": "file", "id": "7"})), "created_by.type"),
        (login("e").with("source", "text"), "source"),
        (login("e").with("additional_details", json!([1])), "additional_details"),
        (login("e").with("session_id", 7), "session_id"),
        (login("e").typed("DELETE_USER"), "source"),
        (spoilt(&["id"], json!(501)), "source.id"),
        (spoilt(&["sequence_id"], json!(0)), "source.sequence_id"),
        (spoilt(&["path_collection", "total_count"], Value::Null), "source.path_collection.total_count"),
        (spoilt(&["modified_at"], Value::Null), "source.modified_at"),
        (Draft(json!({"user": upload("u").0, "audience": ["a b"]})), "audience[0]"),
        (Draft(json!({"user": upload("u").with("source", 7).0})), "user.source"),
        (Draft(json!({"user": upload("u").0, "audeince": []})), "audeince"),
        (Draft(json!({"event_type": "NO_SUCH_TYPE"})), "feed"),
        (Draft(json!({})), ""),
        (Draft(json!(7)), ""),
    ] {
        let found = faults(&world, &json!([login("good").0, draft.0])).await;
        assert_eq!(found.len(), 1, "{draft:?}");
        assert_eq!((found[0].0, found[0].1.as_str()), (1, field), "{draft:?}: {}", found[0].2);
        assert!(!found[0].2.is_empty());
    }
}

#[tokio::test]
async fn many_faults_are_told_together_up_to_a_bound() {
    let world = World::new().await;
    let bad = |count: usize| Value::from(vec![login("e").with("event_id", 7).0; count]);
    assert_eq!(faults(&world, &bad(3)).await.len(), 3);
    assert_eq!(faults(&world, &bad(5_000)).await.len(), 20);
    let lines = format!("{}\n\n{{not json\n{}\n", login("a").0, login("b").with("event_id", 7).0);
    let answer = post(&world, Some("application/x-ndjson"), lines).await;
    let errors = answer.json()["context_info"]["errors"].clone();
    assert_eq!((&errors[0]["index"], &errors[1]["index"]), (&json!(1), &json!(2)), "blank lines do not count");
}

#[tokio::test]
async fn what_is_no_json_is_refused_with_a_word_on_what_to_do() {
    let world = World::new().await;
    for (body, word) in [
        (&b"{"[..], ""),
        (b"\"text\"", "draft"),
        (b"7", "draft"),
        (b"[{}", ""),
        (b"{\"event_type\":\"LOGIN\"}{\"event_type\":\"LOGIN\"}", "ndjson"),
        (b"{\"event_type\":\"\xff\"}", "UTF-8"),
        (b"\x00", ""),
    ] {
        let answer = post(&world, JSON, body.to_vec()).await;
        assert_eq!(answer.error(), (400, "bad_request".to_owned()), "{body:?}");
        assert!(answer.message().contains(word), "{}", answer.message());
    }
}

#[tokio::test]
async fn batches_events_and_audiences_have_bounds() {
    let world = World::new().await;
    let login_of = |bytes: usize| login("big").with("additional_details", json!({"x": "y".repeat(bytes)}));
    let bare = serde_json::to_vec(&world.publish([login_of(0)]).await).unwrap();
    assert!(!bare.is_empty());
    let size = world.page(ADMIN, "stream_type=admin_logs_streaming").await.entries[0].to_string().len();
    let fits = login_of(EVENT_BYTES_MAX - size).with("event_id", "fit").0;
    assert_eq!(post(&world, JSON, fits.to_string()).await.status.as_u16(), 200);
    let too_big = login_of(EVENT_BYTES_MAX - size + 1).with("event_id", "fit").0;
    assert_eq!(post(&world, JSON, too_big.to_string()).await.error().0, 400);

    let small = r#"{"event_type":"LOGIN"}"#;
    let lines = format!("{small}\n").repeat(PUBLISH_DRAFTS_MAX);
    let nd = Some("application/x-ndjson");
    assert_eq!(post(&world, nd, lines.clone()).await.status.as_u16(), 200);
    assert_eq!(post(&world, nd, format!("{lines}{small}")).await.error(), (413, "payload_too_large".to_owned()));

    let audience = |users: usize| {
        let ids: Vec<String> = (0..users).map(|n| (1_000 + n).to_string()).collect();
        json!({"user": upload("a").0, "audience": ids}).to_string()
    };
    assert_eq!(post(&world, JSON, audience(AUDIENCE_USERS_MAX)).await.status.as_u16(), 200);
    assert_eq!(post(&world, JSON, audience(AUDIENCE_USERS_MAX + 1)).await.error().0, 400);
    let whole = vec![audience(AUDIENCE_USERS_MAX); PUBLISH_HEARERS_MAX / AUDIENCE_USERS_MAX + 1].join("\n");
    assert_eq!(post(&world, nd, whole).await.error(), (413, "payload_too_large".to_owned()));
}

#[tokio::test]
async fn what_needs_opting_in_is_withheld_until_then() {
    let world = World::new().await;
    let malicious = |id: &str| login(id).typed("FILE_MARKED_MALICIOUS");
    let results = world.publish([malicious("m1"), login("e")]).await;
    insta::assert_snapshot!(results[0], @r#"{"enterprise":{"event_id":"m1","withheld":"opt_in"},"index":0,"user":null}"#);
    assert_eq!(world.page(ADMIN, "stream_type=admin_logs_streaming").await.ids(), ["e"]);
    world.opt_in().await;
    let results = world.publish([malicious("m1"), malicious("m2")]).await;
    assert_eq!(results[0]["enterprise"]["duplicate"], false, "what was withheld was not stored");
    assert_eq!(world.page(ADMIN, "stream_type=admin_logs_streaming").await.ids(), ["e", "m1", "m2"]);
}

#[tokio::test]
async fn people_whom_events_name_become_known() {
    let world = World::new().await;
    assert_eq!(world.get(ADMIN, "/api/v1/users/777").await.status.as_u16(), 404);
    world.publish([upload("u").by("777")]).await;
    let user = world.get(ADMIN, "/api/v1/users/777").await.ok().json();
    assert_eq!((&user["status"], &user["role"]), (&json!("provisional"), &json!("user")));
    // The anonymous user never does, nor gets a feed.
    world.publish([upload("anonymous").with("created_by", person_of("2"))]).await;
    assert_eq!(world.get(ADMIN, "/api/v1/users/2").await.status.as_u16(), 404);
}
