//! When people were last active, one by one and in the list.

use crate::deeds::{login, logins};
use crate::world::{DAY_S, IDLE, MANAGER, MARA, NOW, REPORTER, SERVICE, TOMAS, World};
use feed::limits::{LAST_ACTIVE_PAGES_MAX, PAGE_ENTRIES_MAX};
use feed::time::Second;
use serde_json::{Value, json};

async fn shown(world: &World, user: &str) -> [Value; 2] {
    let user: Value = world.get(MANAGER, &format!("/api/v1/users/{user}")).await.ok().json();
    [user["last_active_at"].clone(), user["not_active_after"].clone()]
}

fn at(second: u32) -> Value {
    json!(Second(second).to_string())
}

#[tokio::test]
async fn it_is_the_time_of_the_newest_deed() {
    let world = World::new().await;
    // Published late: what was done last counts, not what was recorded last.
    let drafts = [login("m1").at(NOW - 60), login("m2").at(NOW - 500), login("t1").by(TOMAS).at(NOW - 3 * DAY_S)];
    world.publish(drafts).await;
    assert_eq!(shown(&world, MARA).await, [at(NOW - 60), Value::Null]);
    assert_eq!(shown(&world, TOMAS).await, [at(NOW - 3 * DAY_S), Value::Null]);
    assert_eq!(shown(&world, IDLE).await, [Value::Null, Value::Null], "nothing they did is kept");
}

#[tokio::test]
async fn whoever_tries_to_be_somebody_does_not_make_them_active() {
    let world = World::new().await;
    let failed = |id| login(id).typed("FAILED_LOGIN").at(NOW - 10);
    world.publish([login("m1").at(NOW - 100), failed("f1"), failed("f2").by(TOMAS)]).await;
    assert_eq!(shown(&world, MARA).await[0], at(NOW - 100));
    assert_eq!(shown(&world, TOMAS).await, [Value::Null, Value::Null]);
}

/// Many deeds of one do not hide the one deed of another.
#[tokio::test]
async fn the_list_says_it_of_everybody_when_asked() {
    let world = World::new().await;
    world.publish([login("t1").by(TOMAS).at(NOW - 5_000)]).await;
    for (number, batch) in logins("m", 3 * PAGE_ENTRIES_MAX).chunks(1_000).enumerate() {
        let drafts = batch.iter().cloned().map(|draft| draft.at(NOW - 2 + number as u32));
        world.publish(drafts).await;
    }
    let list: Value = world.get(MANAGER, "/api/v1/users?last_active=true").await.ok().json();
    let of = |user: &str| {
        let entry = list["entries"].as_array().unwrap().iter().find(|entry| entry["id"] == user).unwrap();
        entry["last_active_at"].clone()
    };
    assert_eq!((of(MARA), of(TOMAS), of(IDLE)), (at(NOW - 1), at(NOW - 5_000), Value::Null));
    let plain: Value = world.get(MANAGER, "/api/v1/users").await.ok().json();
    assert_eq!(plain["entries"][0].get("last_active_at"), None, "nobody asked");
}

/// What is looked at is bounded: a flood that does not count ends the search, and the answer says so.
#[tokio::test]
async fn who_is_not_found_in_reasonable_time_is_told_as_such() {
    let world = World::new().await;
    world.publish([login("m1").at(NOW - 9_000)]).await;
    let flood = (LAST_ACTIVE_PAGES_MAX + 1) * PAGE_ENTRIES_MAX;
    for (number, batch) in logins("f", flood).chunks(5_000).enumerate() {
        let drafts = batch.iter().cloned().map(|draft| draft.typed("FAILED_LOGIN").at(NOW - 100 + number as u32));
        world.publish(drafts).await;
    }
    let [at, not_after] = shown(&world, MARA).await;
    assert_eq!((at, not_after), (Value::Null, json!(Second(NOW - 100).to_string())));
}

#[tokio::test]
async fn only_who_manages_users_is_told() {
    let world = World::new().await;
    for (who, status) in [(MARA, 403), (REPORTER, 403), (MANAGER, 200), (SERVICE, 200)] {
        let answer = world.get(who, &format!("/api/v1/users/{TOMAS}")).await;
        assert_eq!(answer.status, status, "{who}");
        let answer = world.get(who, "/api/v1/users?last_active=true").await;
        assert_eq!(answer.status, status, "{who}");
    }
}
