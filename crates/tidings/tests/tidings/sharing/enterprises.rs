//! Enterprises, added and changed by the operator of the machine.

use crate::world::{HALDEN, World};
use feed::id::EnterpriseId;
use serde_json::{Value, json};
use tidings::operator::{Operator, Order, obey};

async fn order(world: &World, order: Value) -> Result<Value, String> {
    let order: Order = serde_json::from_value(order).unwrap();
    obey(&world.services, Operator::of_this_machine(), order).await
}

fn fresh(id: &str) -> Value {
    json!({"add_enterprise": {
        "id": id, "name": "Brightmoor", "admin_name": "Ann", "admin_login": "ann@brightmoor.example",
    }})
}

#[tokio::test]
async fn an_enterprise_is_added_with_an_admin_who_can_begin_at_once() {
    let world = World::new().await;
    let added = order(&world, fresh("700")).await.unwrap();
    assert_eq!((&added["name"], &added["admin"]["login"]), (&json!("Brightmoor"), &json!("ann@brightmoor.example")));
    let token = added["access_token"].as_str().unwrap();
    let caller = world.services.authenticator.caller(token, None).await.unwrap();
    assert_eq!(world.services.users(&caller, None, 10).await.unwrap().len(), 1);
    insta::assert_snapshot!(world.types_of_enterprise("700").await.join(" "), @r"ENTERPRISE_ADDED NEW_USER CHANGE_ADMIN_ROLE USER_AUTHENTICATE_OAUTH2_ACCESS_TOKEN_CREATE");
    let listed = order(&world, json!("list_enterprises")).await.unwrap();
    let ids: Vec<&str> = listed.as_array().unwrap().iter().filter_map(|it| it["id"].as_str()).collect();
    assert_eq!(ids.len(), 3);
    assert!(ids.is_sorted() && ids.contains(&"700"));
}

#[tokio::test]
async fn an_enterprise_is_changed_and_that_is_in_its_own_log_only() {
    let world = World::new().await;
    let change = |change: Value| json!({"edit_enterprise": ["884422", change]});
    let changed = order(&world, change(json!({"name": "Halden AS", "opted_in": true}))).await.unwrap();
    assert_eq!((&changed["name"], &changed["opted_in"]), (&json!("Halden AS"), &json!(true)));
    order(&world, change(json!({"name": "Halden AS"}))).await.unwrap();
    assert_eq!(world.types_of_enterprise(HALDEN).await, ["ENTERPRISE_SETTINGS_CHANGED"]);
    assert!(world.types_of_enterprise(crate::world::RIVAL).await.is_empty());
    let page = world.page(crate::world::ADMIN, "stream_type=admin_logs_streaming").await;
    let entry = &page.entries[0];
    assert_eq!(
        (&entry["additional_details"]["performed_by"], &entry["created_by"]["id"]),
        (&json!("operator"), &json!("2"))
    );
}

#[tokio::test]
async fn orders_that_cannot_be_carried_out_say_why_and_change_nothing() {
    let world = World::new().await;
    let mut told = Vec::new();
    for wrong in [
        fresh(HALDEN),
        json!({"add_enterprise": {"id": "700", "name": "", "admin_name": "A", "admin_login": "a"}}),
        json!({"add_enterprise": {"id": "700", "name": "B", "admin_name": "", "admin_login": "a"}}),
        json!({"add_enterprise": {"id": "700", "name": "B", "admin_name": "A", "admin_login": "a b"}}),
        json!({"show_enterprise": "700"}),
        json!({"edit_enterprise": ["700", {"name": "B"}]}),
        json!({"edit_enterprise": [HALDEN, {"name": ""}]}),
        json!({"make_token": ["700", null]}),
        json!({"make_token": [HALDEN, crate::world::MARA]}),
        json!({"make_token": [HALDEN, "nobody"]}),
        json!({"export_directories": "700"}),
        json!({"import_directories": [{"users": []}]}),
    ] {
        told.push(order(&world, wrong).await.unwrap_err());
    }
    insta::assert_snapshot!(told.join("\n"), @r"
    The enterprise 884422 exists already.
    A name has 1 to 256 bytes and no control characters.
    The first admin needs a name and a login.
    A login is not empty and has no blanks.
    There is no enterprise 700; `tidings enterprise list` shows those there are.
    There is no enterprise 700; `tidings enterprise list` shows those there are.
    A name has 1 to 256 bytes and no control characters.
    There is no enterprise 700; `tidings enterprise list` shows those there are.
    '20306589101' is no admin of the enterprise 884422.
    There is no user 'nobody' in this enterprise.
    There is no enterprise 700; `tidings enterprise list` shows those there are.
    Say of which enterprise the directory is: give it an id.
    ");
    assert!(world.types_of_enterprise("700").await.is_empty());
    let id = EnterpriseId::new("700").unwrap();
    assert!(world.services.stores.directory.enterprise(&id).await.unwrap().is_none());
}
