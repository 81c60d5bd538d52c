//! Importing by API: where history is shown and where not, what is left out, what is refused.

use super::{ask, sweep};
use crate::answer::Answer;
use crate::deeds::login;
use crate::world::{ADMIN, DAY_S, MARA, RIVAL_ADMIN, World, by, person_of};
use axum::body::Body;
use serde_json::{Value, json};

const PATH: &str = "/api/v1/events/import";

fn past(id: &str, created: &str) -> Value {
    json!({"event_id": id, "event_type": "LOGIN", "created_at": created, "created_by": person_of(MARA), "source": null})
}

async fn import(world: &World, lines: &[Value]) -> Answer {
    let body: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let request = by(ADMIN, "POST", PATH).header("content-type", "application/x-ndjson");
    world.send(request.body(Body::from(body)).unwrap()).await
}

async fn taken(world: &World, lines: &[Value]) -> Value {
    import(world, lines).await.ok().json()
}

fn counts(imported: u64, known: u64, differing: u64, expired: u64, withheld: u64) -> Value {
    json!({
        "imported": imported, "known": known, "differing": differing, "differing_ids": [], "expired": expired,
        "withheld": withheld,
    })
}

async fn ids(world: &World, query: &str) -> Vec<String> {
    world.page(ADMIN, query).await.ids().into_iter().map(str::to_owned).collect()
}

const MARCH: &str = "stream_type=admin_logs&created_after=2025-03-01T00:00:00Z&created_before=2025-04-01T00:00:00Z";

#[tokio::test]
async fn history_is_shown_in_closed_windows_and_nowhere_else() {
    let world = World::new().await;
    world.publish([login("live")]).await;
    let here = world.page(ADMIN, "stream_type=admin_logs&stream_position=now").await.position().to_owned();
    let done = taken(&world, &[past("b", "2025-03-02T00:00:00+01:00"), past("a", "2025-03-01T00:00:00Z")]).await;
    assert_eq!(done, counts(2, 0, 0, 0, 0));
    world.settle();
    assert_eq!(ids(&world, MARCH).await, ["a", "b"]);
    let page = world.page(ADMIN, MARCH).await;
    assert_eq!(page.entries[1]["created_at"], "2025-03-02T00:00:00+01:00", "as it was");
    assert_eq!(page.entries[1]["created_by"]["id"], MARA);
    // The audit event of the import is the only new thing for those who follow.
    for query in
        [format!("stream_type=admin_logs&stream_position={here}"), "stream_type=admin_logs_streaming".to_owned()]
    {
        let page = world.page(ADMIN, &query).await;
        let told: Vec<&Value> = page.entries.iter().map(|entry| &entry["event_type"]).collect();
        assert_eq!(told, ["LOGIN", "EVENTS_IMPORTED"], "{query}");
    }
    let told = world.page(ADMIN, "stream_type=admin_logs_streaming").await.entries[1].clone();
    assert_eq!(told["created_by"]["id"], ADMIN);
    assert_eq!(told["additional_details"]["imported"], 2);
    assert_eq!(told["additional_details"]["first_created_at"], "2025-03-01T00:00:00+00:00");
    assert_eq!(world.page(MARA, "stream_type=all&stream_position=0").await.entries.len(), 0);
    assert!(
        ids(&world, "stream_type=admin_logs&created_after=2025-03-01T00:00:00Z").await.contains(&"live".to_owned())
    );
    assert_eq!(world.page(RIVAL_ADMIN, MARCH).await.entries.len(), 0);
}

#[tokio::test]
async fn what_is_there_is_recognised_whichever_way_it_came() {
    let world = World::new().await;
    let (a, b) = (past("a", "2025-03-01T00:00:00Z"), past("b", "2025-03-01T00:00:01Z"));
    taken(&world, std::slice::from_ref(&a)).await;
    let mut other = a.clone();
    other["event_type"] = json!("FAILED_LOGIN");
    let done = taken(&world, &[a.clone(), other, b.clone()]).await;
    assert_eq!((&done["imported"], &done["known"], &done["differing"]), (&json!(1), &json!(1), &json!(1)));
    assert_eq!(done["differing_ids"], json!(["a"]));
    let mut published = b.clone();
    published["feed"] = json!("enterprise");
    let body = json!([published]);
    let results = world.send_json(ADMIN, "POST", "/api/v1/events", &body).await.ok().json();
    let result = &results["results"][0]["enterprise"];
    assert_eq!((&result["duplicate"], &result["differs"]), (&json!(true), &json!(false)));
    let position = result["position"].as_str().unwrap();
    let page = world.page(ADMIN, &format!("{MARCH}&stream_position={position}")).await;
    assert_eq!(page.entries.len(), 0, "the position is a place in the closed window");
    world.publish([login("live")]).await;
    let mut live = world.page(ADMIN, "stream_type=admin_logs_streaming").await.entries.last().unwrap().clone();
    assert_eq!(taken(&world, std::slice::from_ref(&live)).await, counts(0, 1, 0, 0, 0), "as a page of the API has it");
    live["event_id"] = json!("live2");
    assert_eq!(taken(&world, &[live]).await, counts(1, 0, 0, 0, 0));
}

#[tokio::test]
async fn what_is_past_its_period_or_not_opted_in_is_left_out_and_counted() {
    let world = World::new().await;
    let mut malicious = past("m", "2025-03-01T00:00:00Z");
    malicious["event_type"] = json!("FILE_MARKED_MALICIOUS");
    let lines = [past("old", "2010-01-01T00:00:00Z"), malicious, past("a", "2018-07-01T00:00:00Z")];
    assert_eq!(taken(&world, &lines).await, counts(1, 0, 0, 1, 1));
    assert_eq!(sweep(&world, 0).await, 0);
    assert_eq!(sweep(&world, 60 * DAY_S).await, 1, "it goes by its original time");
    ask(&world, "PATCH", "/api/v1/retention", &json!({"events": 400}), 200).await;
    assert_eq!(taken(&world, &[past("a", "2018-07-01T00:00:00Z")]).await, counts(0, 0, 0, 1, 0));
}

#[tokio::test]
async fn bad_history_is_refused_whole_and_named() {
    let world = World::new().await;
    let good = past("a", "2025-03-01T00:00:00Z");
    let without = |member: &str| {
        let mut it = past("b", "2025-03-01T00:00:00Z");
        it.as_object_mut().unwrap().remove(member);
        it
    };
    let mut of_user = past("b", "2025-03-01T00:00:00Z");
    of_user["feed"] = json!("user");
    for (bad, field, reason) in [
        (without("event_id"), "event_id", "is missing"),
        (without("created_at"), "created_at", "is missing"),
        (without("event_type"), "", "event_type"),
        (past("b", "2025-06-16T15:06:40Z"), "created_at", "after the server's time"),
        (past("b", "yesterday"), "created_at", "is wrong"),
        (of_user, "feed", "of the enterprise feed"),
        (json!({"enterprise": good}), "", "is an envelope"),
        (json!("text"), "", "must be"),
    ] {
        let answer = import(&world, &[good.clone(), bad.clone()]).await;
        assert_eq!(answer.status, 400, "{bad}");
        let error = &answer.json()["context_info"]["errors"][0];
        assert_eq!(error["index"], 1, "{bad}");
        let told = format!("{} {}", error["field"].as_str().unwrap(), error["reason"].as_str().unwrap());
        assert!(told.contains(reason) && told.contains(field), "{bad}: {told}");
    }
    world.settle();
    assert_eq!(ids(&world, MARCH).await, Vec::<String>::new());
    assert_eq!(taken(&world, &[]).await, counts(0, 0, 0, 0, 0));
    assert_eq!(world.page(ADMIN, "stream_type=admin_logs_streaming").await.entries.len(), 0, "nothing to tell");
}

#[tokio::test]
async fn history_of_people_changes_nobody() {
    let world = World::new().await;
    let mut role = past("r", "2025-03-01T00:00:00Z");
    role["event_type"] = json!("CHANGE_ADMIN_ROLE");
    role["source"] = json!({"type": "user", "id": MARA, "name": "mara", "login": "mara@halden.example"});
    role["additional_details"] = json!({"role": "admin", "permissions": "whatever"});
    let mut new = past("n", "2025-03-01T00:00:00Z");
    new["event_type"] = json!("NEW_USER");
    new["source"] = json!({"type": "user", "id": "555", "name": "New", "login": "new@halden.example"});
    assert_eq!(taken(&world, &[role, new]).await, counts(2, 0, 0, 0, 0));
    let mara = ask(&world, "GET", &format!("/api/v1/users/{MARA}"), &Value::Null, 200).await;
    assert_eq!(mara["role"], "user");
    ask(&world, "GET", "/api/v1/users/555", &Value::Null, 404).await;
}
