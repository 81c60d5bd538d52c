//! Every parameter with its bounds, its default and the odd values that clients send.

use crate::deeds::{login, logins, upload, uploads};
use crate::world::{ADMIN, MARA, World};

/// How many entries Mara and the admin get for a `limit` when more wait, or the code of the refusal.
async fn check_limit(world: &World, stream: &str, limit: &str, expected: Result<usize, &str>) {
    let answer = world.get(ADMIN, &format!("/2.0/events?stream_type={stream}{limit}")).await;
    let got = match answer.status.as_u16() {
        200 => Ok(answer.json()["entries"].as_array().unwrap().len()),
        _ => Err(answer.error()),
    };
    assert_eq!(got, expected.map_err(|code| (400, code.to_owned())), "{stream} {limit}");
}

#[tokio::test]
async fn limit_has_a_default_and_a_bound_and_is_never_refused_for_being_large() {
    let world = World::new().await;
    world.publish(logins("e", 502)).await;
    world.publish(uploads("u", 502).into_iter().map(|draft| draft.by(ADMIN))).await;
    world.settle();
    for stream in ["all", "changes", "admin_logs", "admin_logs_streaming"] {
        for (limit, expected) in [
            ("", 100),
            ("&limit=", 100),
            ("&limit=%20", 100),
            ("&limit=1", 1),
            ("&limit=100", 100),
            ("&limit=500", 500),
            ("&limit=501", 500),
            ("&limit=800", 500),
            ("&limit=18446744073709551616", 500),
            ("&limit=99999999999999999999999999999999", 500),
            ("&limit=0", 0),
            ("&limit=007", 7),
            ("&limit=%207%20", 7),
            // A plus is a blank in a query.
            ("&limit=+7", 7),
            ("&limit=3&limit=9", 9),
            ("&limit=9&limit=", 9),
        ] {
            check_limit(&world, stream, limit, Ok(expected)).await;
        }
        for limit in ["-1", "ten", "1.5", "1e2", "0x10", "1,000", "%D9%A3", "5%00", "%2B7", "null"] {
            check_limit(&world, stream, &format!("&limit={limit}"), Err("invalid_limit")).await;
        }
    }
}

#[tokio::test]
async fn stream_type_is_one_of_five_words() {
    let world = World::new().await;
    world.publish([upload("u"), login("e")]).await;
    world.settle();
    for (query, expected) in [
        ("", Ok(1)),
        ("stream_type=", Ok(1)),
        ("stream_type=all", Ok(1)),
        ("stream_type=%20changes%20", Ok(1)),
        ("stream_type=sync", Ok(0)),
        ("stream_type=admin_logs&stream_type=changes", Ok(1)),
        ("stream_type=ALL", Err(())),
        ("stream_type=admin_log", Err(())),
        ("stream_type=all,changes", Err(())),
        ("stream_type=%00", Err(())),
    ] {
        let answer = world.get(MARA, &format!("/2.0/events?{query}")).await;
        match expected {
            Ok(count) => assert_eq!(answer.json()["chunk_size"], count, "{query}"),
            Err(()) => assert_eq!(answer.error(), (400, "bad_request".to_owned()), "{query}"),
        }
    }
}

#[tokio::test]
async fn what_does_not_apply_is_ignored_and_what_is_unknown_too() {
    let world = World::new().await;
    world.publish([upload("u").by(ADMIN), login("e")]).await;
    world.settle();
    let rubbish = "event_type=LOGIN&created_after=yesterday&created_before=1970-01-01";
    for stream in ["all", "changes"] {
        let page = world.page(ADMIN, &format!("stream_type={stream}&{rubbish}")).await;
        assert_eq!(page.ids(), ["u"], "{stream}");
    }
    let page = world.page(ADMIN, "stream_type=admin_logs_streaming&created_after=yesterday&created_before=1971").await;
    assert_eq!(page.ids(), ["e"]);
    // Extra parameters of rclone, of SDKs, and of nobody.
    let page = world.page(ADMIN, "fields=type,id&timeout=3&X=%FF%FE&=&&a&limit=5&LIMIT=x&stream_typ=admin_logs").await;
    assert_eq!(page.ids(), ["u"]);
}

#[tokio::test]
async fn bodies_and_odd_headers_of_a_get_are_ignored() {
    let world = World::new().await;
    world.publish([upload("u")]).await;
    let request = http::Request::get("/2.0/events")
        .header("AUTHORIZATION", format!("bEaReR   {} ", crate::world::token_of(MARA)))
        .header("content-type", "application/json")
        .header("boxapi", "shared_link=x")
        .header("box-version", "2025.0")
        .header("as-user", "")
        .body(axum::body::Body::from("{not json"))
        .unwrap();
    assert_eq!(world.send(request).await.json()["chunk_size"], 1);
}

#[tokio::test]
async fn the_whole_answer_is_as_published() {
    let world = World::new().await;
    world.publish([upload("u"), login("e")]).await;
    world.settle();
    insta::assert_snapshot!(world.get(MARA, "/2.0/events").await.shown(), @r#"
    200
    box-request-id: [request id]
    content-length: 817
    content-type: application/json

    {"chunk_size":1,"next_stream_position":3670016000000009,"entries":[{"type":"event","event_id":"u","created_by":{"id":"20306589101","login":"mara@halden.example","name":"mara","type":"user"},"created_at":"2025-06-15T15:06:40+00:00","recorded_at":"2025-06-15T15:06:40+00:00","event_type":"ITEM_UPLOAD","session_id":null,"source":{"etag":"0","id":"501","item_status":"active","name":"Supplier agreement.docx","owned_by":{"id":"20306589101","login":"mara@halden.example","name":"mara","type":"user"},"parent":{"etag":"2","id":"31","name":"Contracts","sequence_id":"2","type":"folder"},"path_collection":{"entries":[{"etag":null,"id":"0","name":"All Files","sequence_id":null,"type":"folder"},{"etag":"2","id":"31","name":"Contracts","sequence_id":"2","type":"folder"}],"total_count":2},"sequence_id":"0","type":"file"}}]}
    "#);
    insta::assert_snapshot!(world.get(ADMIN, "/2.0/events?stream_type=admin_logs").await.shown(), @r#"
    200
    box-request-id: [request id]
    content-length: 357
    content-type: application/json

    {"chunk_size":1,"next_stream_position":"3670016000000007","entries":[{"source":null,"created_by":{"id":"20306589101","login":"mara@halden.example","name":"mara","type":"user"},"action_by":null,"created_at":"2025-06-15T15:06:40+00:00","event_id":"e","event_type":"LOGIN","ip_address":"Unknown IP","type":"event","session_id":null,"additional_details":null}]}
    "#);
    insta::assert_snapshot!(world.get(ADMIN, "/2.0/events?stream_type=sync").await.shown(), @r#"
    200
    box-request-id: [request id]
    content-length: 54
    content-type: application/json

    {"chunk_size":0,"next_stream_position":1,"entries":[]}
    "#);
}
