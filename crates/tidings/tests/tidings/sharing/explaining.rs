//! Who heard an event, and why somebody did not.

use crate::deeds::{login, upload};
use crate::world::{ADMIN, IDLE, MARA, RIVAL_ADMIN, TOMAS, World};
use serde_json::{Value, json};

/// The explanation as lines: who, whether they heard, and why.
async fn explain(world: &World, id: &str, user: &str) -> String {
    let answer = world.get(ADMIN, &format!("/api/v1/events/{id}/audience?user={user}")).await.json();
    let line = |it: &Value| {
        let heard = if it["heard"] == true { "heard" } else { "did not hear" };
        let reasons: Vec<&str> = it["reasons"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        format!("{} {heard}: {}", it["login"].as_str().unwrap_or_default(), reasons.join("; "))
    };
    let mut lines: Vec<String> = answer["heard_by"].as_array().into_iter().flatten().map(line).collect();
    lines.push(format!("asked: {}", line(&answer["user"])));
    lines.join("\n")
}

#[tokio::test]
async fn three_events_are_explained() {
    let world = World::new().await;
    world.publish([upload("early")]).await;
    world.send_json(ADMIN, "POST", "/api/v1/groups", &json!({"id": "70", "name": "Sales"})).await;
    world.send_json(ADMIN, "POST", "/api/v1/groups/70/members", &json!({"user": TOMAS})).await;
    world.send_json(ADMIN, "POST", "/api/v1/collaborations", &json!({"id": "40", "item": "31", "group": "70"})).await;
    world.publish([upload("while"), upload("own").typed("ITEM_DOWNLOAD").by(TOMAS), login("in")]).await;
    let early = explain(&world, "early", TOMAS).await;
    insta::assert_snapshot!(early, @r"
    mara@halden.example heard: owns the item; did it
    asked: tomas@halden.example did not hear: is let in on 31 by the collaboration 40 of the group 70, but only since after the event
    ");
    insta::assert_snapshot!(explain(&world, "while", IDLE).await, @r"
    mara@halden.example heard: owns the item; did it
    tomas@halden.example heard: is let in on 31 by the collaboration 40 of the group 70
    asked: pia@halden.example did not hear: nothing leads from this user to the event: they neither did it nor own the item, and no collaboration on it or a folder above it lets them in
    ");
    insta::assert_snapshot!(explain(&world, "own", TOMAS).await, @r"
    mara@halden.example heard: owns the item
    asked: tomas@halden.example did not hear: of deeds of this type only the owner hears
    ");
    insta::assert_snapshot!(explain(&world, "in", MARA).await, @"asked: mara@halden.example did not hear: the event has no rendering for user feeds; it is in the enterprise feed only");
}

#[tokio::test]
async fn what_is_not_there_is_not_explained() {
    let world = World::new().await;
    world.publish([upload("mine")]).await;
    assert_eq!(world.get(ADMIN, "/api/v1/events/none/audience").await.status.as_u16(), 404);
    assert_eq!(world.get(RIVAL_ADMIN, "/api/v1/events/mine/audience").await.status.as_u16(), 404);
    assert_eq!(world.get(MARA, "/api/v1/events/mine/audience").await.status.as_u16(), 403);
}
