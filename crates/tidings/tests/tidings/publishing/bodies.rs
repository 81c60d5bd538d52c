//! The bodies that are taken, and what is answered for them.

use super::post;
use crate::deeds::{login, upload};
use crate::world::{ADMIN, MARA, World};
use serde_json::{Value, json};

const JSON: Option<&str> = Some("application/json");
const NDJSON: Option<&str> = Some("application/x-ndjson");

#[tokio::test]
async fn one_draft_an_array_lines_or_nothing() {
    let world = World::new().await;
    let (a, b) = (login("a").0.to_string(), login("b").0.to_string());
    for (media, body, expected) in [
        (JSON, a.clone(), 1),
        (None, a.clone(), 1),
        (JSON, format!(" \n [{a} , {b}]\n"), 2),
        (JSON, String::new(), 0),
        (JSON, " \n".to_owned(), 0),
        (JSON, "[]".to_owned(), 0),
        (JSON, format!("\u{feff}{a}"), 1),
        (NDJSON, format!("{a}\n{b}"), 2),
        (NDJSON, format!("\n{a}\r\n\n  \n{b}\n\n"), 2),
        (NDJSON, String::new(), 0),
        (NDJSON, a.clone(), 1),
        (Some("application/ndjson"), format!("{a}\n{b}\n"), 2),
        (Some("application/jsonl"), format!("{a}\n{b}\n"), 2),
        (Some("application/json; charset=utf-8"), a.clone(), 1),
        (Some(" Application/JSON ;x"), a.clone(), 1),
    ] {
        let answer = post(&world, media, body.clone()).await.ok();
        assert_eq!(answer.json()["results"].as_array().unwrap().len(), expected, "{media:?} {body:?}");
    }
    assert_eq!(world.page(ADMIN, "stream_type=admin_logs_streaming").await.ids(), ["a", "b"]);
}

#[tokio::test]
async fn the_whole_answer() {
    let world = World::new().await;
    let mut whole = upload("u").0;
    whole.as_object_mut().unwrap().remove("feed");
    let drafts = json!([login("e").0, upload("u1").0, {"user": whole}]);
    insta::assert_snapshot!(post(&world, JSON, drafts.to_string()).await.shown(), @r#"
    200
    box-request-id: [request id]
    content-length: 475
    content-type: application/json

    {"results":[{"enterprise":{"differs":false,"duplicate":false,"event_id":"e","position":"3670016000000010"},"index":0,"user":null},{"enterprise":null,"index":1,"user":{"differs":false,"duplicate":false,"event_id":"u1","position":3670016000000013}},{"enterprise":{"differs":false,"duplicate":false,"event_id":"711bd8a0-3b97-420e-9cb0-4f43663d35b6","position":"3670016000000018"},"index":2,"user":{"differs":false,"duplicate":false,"event_id":"u","position":3670016000000017}}]}
    "#);
}

#[tokio::test]
async fn positions_answered_work_as_stream_position() {
    let world = World::new().await;
    let mut results = Vec::new();
    for n in 0..4 {
        results.extend(world.publish([login(&format!("e{n}")), upload(&format!("u{n}"))]).await);
        world.advance(n);
    }
    for n in 0..4 {
        let enterprise = &results[2 * n]["enterprise"]["position"];
        let user = &results[2 * n + 1]["user"]["position"];
        assert!(enterprise.is_string() && user.is_u64(), "as in the streams: {enterprise} {user}");
        let query = format!("stream_type=admin_logs_streaming&stream_position={}", enterprise.as_str().unwrap());
        let later: Vec<String> = (n + 1..4).map(|n| format!("e{n}")).collect();
        assert_eq!(world.page(ADMIN, &query).await.ids(), later);
        let later: Vec<String> = (n + 1..4).map(|n| format!("u{n}")).collect();
        assert_eq!(world.page(MARA, &format!("stream_position={user}")).await.ids(), later);
    }
}

#[tokio::test]
async fn a_page_of_one_ends_at_the_position_that_was_answered() {
    let world = World::new().await;
    let results = world.publish([upload("u"), login("e")]).await;
    assert_eq!(world.page(MARA, "limit=1").await.next, results[0]["user"]["position"]);
    let page = world.page(ADMIN, "stream_type=admin_logs_streaming&limit=1").await;
    assert_eq!(page.next, results[1]["enterprise"]["position"]);
}

#[tokio::test]
async fn what_is_missing_is_filled_in() {
    let world = World::new().await;
    let answer = post(&world, JSON, r#"{"event_type":"LOGIN"}"#).await.ok();
    let id = answer.json()["results"][0]["enterprise"]["event_id"].as_str().unwrap().to_owned();
    assert_eq!(id.len(), 36, "a UUID, as the real ones mostly are");
    let page = world.page(ADMIN, "stream_type=admin_logs_streaming").await;
    let entry = Value::from(page.entries).to_string().replace(&id, "[id]");
    insta::assert_snapshot!(entry, @r#"[{"action_by":null,"additional_details":null,"created_at":"2025-06-15T15:06:40+00:00","created_by":{"id":"2","login":"","name":"Unknown User","type":"user"},"event_id":"[id]","event_type":"LOGIN","ip_address":"Unknown IP","session_id":null,"source":null,"type":"event"}]"#);
}

#[tokio::test]
async fn times_of_deeds_keep_a_form_that_every_client_reads() {
    let world = World::new().await;
    let times = [
        ("2025-05-14T02:09:05-07:00", "2025-05-14T02:09:05-07:00"),
        ("2025-05-14T09:09:05Z", "2025-05-14T09:09:05+00:00"),
        ("2025-05-14T09:09:05.123+00:00", "2025-05-14T09:09:05+00:00"),
        ("2025-05-14T14:39:05+05:30", "2025-05-14T09:09:05+00:00"),
        ("2025-05-14 09:09:05", "2025-05-14T09:09:05+00:00"),
    ];
    world
        .publish(times.iter().enumerate().map(|(n, (given, _))| login(&n.to_string()).with("created_at", *given)))
        .await;
    let page = world.page(ADMIN, "stream_type=admin_logs_streaming").await;
    let kept: Vec<&str> = page.entries.iter().map(|entry| entry["created_at"].as_str().unwrap()).collect();
    assert_eq!(kept, times.map(|(_, kept)| kept));
    // The time of recording is the server's own, whatever a draft says.
    world.publish([upload("u").with("recorded_at", "1999-01-01T00:00:00+00:00")]).await;
    assert_eq!(world.page(MARA, "").await.entries[0]["recorded_at"], "2025-06-15T15:06:40+00:00");
}
