//! A directory as a file: in and out, once and again, and what is wrong with one.

use crate::spoiled::{Ill, Illness, Part, Pause, Spoiled};
use crate::world::{ADMIN, HALDEN, MARA, RIVAL, RIVAL_ADMIN, RIVAL_USER, TOMAS, World, login_of};
use feed::id::EnterpriseId;
use serde_json::{Value, json};
use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Waker};
use store::ledger::Unavailable;
use tidings::operator::Operator;

const PATH: &str = "/api/v1/directory";

/// Two companies: people with every role, groups, a tree, collaborations within and across, synced folders.
fn companies() -> Value {
    json!([
        {
            "id": "700", "name": "Brightmoor", "opted_in": true,
            "retention": {"user": 20, "streaming": 7, "history": 100, "events": 200},
            "users": [
                {"id": "701", "name": "Ann", "login": "ann@brightmoor.example", "role": "admin"},
                {"id": "702", "name": "Bob", "login": "bob@brightmoor.example", "role": "coadmin", "permissions": ["users"]},
                {"id": "703", "name": "Cid", "login": "cid@brightmoor.example"},
                {"id": "704", "status": "provisional"},
            ],
            "groups": [
                {"id": "70", "name": "Sales", "members": ["ann@brightmoor.example", "703"]},
                {"id": "71", "name": "Nobody yet"},
            ],
            // Folders before those above them, so that the order of the file is not what counts.
            "items": [
                {"id": "13", "parent": "12"},
                {"id": "12", "parent": "11"},
                {"id": "11", "parent": "0", "owner": "ann@brightmoor.example"},
                {"id": "14", "trashed": true},
            ],
            "collaborations": [
                {"id": "40", "item": "11", "user": "bob@brightmoor.example", "role": "viewer"},
                {"id": "41", "item": "11", "group": "70"},
                {"id": "42", "item": "12", "user": "801", "status": "pending"},
                {"id": "43", "item": "12", "user": "704"},
            ],
            "synced": [{"user": "703", "folder": "12"}],
        },
        {
            "id": "800", "name": "Other",
            "users": [{"id": "801", "name": "Olaf", "login": "ann@brightmoor.example", "role": "admin"}],
        },
    ])
}

async fn exported(world: &World, only: Option<&str>) -> Value {
    let only = only.map(|id| EnterpriseId::new(id).unwrap());
    let all = world.services.export_directories(Operator::of_this_machine(), only.as_ref()).await.unwrap();
    serde_json::to_value(all).unwrap()["enterprises"].take()
}

#[tokio::test]
async fn what_comes_out_goes_into_another_store_and_comes_out_again() {
    let first = World::new().await;
    // Each is an event: the enterprises, five people, three roles, whom nobody added, groups, members, and so on.
    assert_eq!(first.import(companies()).await, Ok(23));
    assert_eq!(first.import(companies()).await, Ok(0), "the second time nothing differs");
    let out = exported(&first, None).await;
    assert_eq!(first.import(out.clone()).await, Ok(0), "what was exported is what is there");

    let second = World::empty().await;
    assert_ne!(second.import(out.clone()).await, Ok(0));
    assert_eq!(exported(&second, None).await, out);
    assert_eq!(second.import(out).await, Ok(0));

    let one = exported(&first, Some("700")).await;
    insta::assert_snapshot!(one.to_string(), @r#"[{"collaborations":[{"id":"40","item":"11","role":"viewer","user":"702"},{"group":"70","id":"41","item":"11","role":"editor"},{"id":"42","item":"12","role":"editor","status":"pending","user":"801"},{"id":"43","item":"12","role":"editor","user":"704"}],"groups":[{"id":"70","members":["701","703"],"name":"Sales"},{"id":"71","members":[],"name":"Nobody yet"}],"id":"700","items":[{"id":"11","owner":"701"},{"id":"12","parent":"11"},{"id":"13","parent":"12"},{"id":"14","trashed":true}],"name":"Brightmoor","opted_in":true,"retention":{"events":200,"history":100,"streaming":7,"user":20},"synced":[{"folder":"12","user":"703"}],"users":[{"id":"701","login":"ann@brightmoor.example","name":"Ann","role":"admin"},{"id":"702","login":"bob@brightmoor.example","name":"Bob","permissions":["users"],"role":"coadmin"},{"id":"703","login":"cid@brightmoor.example","name":"Cid"},{"id":"704","login":"","name":"","status":"provisional"}]}]"#);
}

#[tokio::test]
async fn an_import_is_in_the_audit_log_of_each_enterprise_and_a_second_one_is_not() {
    let world = World::new().await;
    world.import(companies()).await.unwrap();
    world.import(companies()).await.unwrap();
    let (_, token) = world
        .services
        .make_admin_token(Operator::of_this_machine(), &EnterpriseId::new("800").unwrap(), None)
        .await
        .unwrap();
    let caller = world.services.authenticator.caller(&token.secret, None).await.unwrap();
    assert_eq!(caller.person().name, "Olaf");
    let types = world.types_of_enterprise("800").await;
    insta::assert_snapshot!(types.join(" "), @r"ENTERPRISE_ADDED NEW_USER CHANGE_ADMIN_ROLE USER_AUTHENTICATE_OAUTH2_ACCESS_TOKEN_CREATE");
    insta::assert_snapshot!(world.types_of_enterprise("700").await.join(" "), @r"ENTERPRISE_ADDED NEW_USER CHANGE_ADMIN_ROLE NEW_USER CHANGE_ADMIN_ROLE NEW_USER DIRECTORY_USERS_MET GROUP_CREATION GROUP_ADD_USER GROUP_ADD_USER GROUP_CREATION ITEM_PLACED ITEM_PLACED ITEM_PLACED ITEM_PLACED COLLABORATION_INVITE COLLABORATION_INVITE COLLABORATION_INVITE COLLABORATION_INVITE ITEM_SYNC");
}

#[tokio::test]
async fn what_is_wrong_is_named_and_nothing_is_changed() {
    let world = World::new().await;
    let before = exported(&world, None).await;
    let user = |id: &str, login: &str| json!({"id": id, "name": "N", "login": login});
    let mut told = Vec::new();
    for roster in [
        json!({"users": [user("1", "x"), user("3", "X")]}),
        json!({"users": [user("1", "x"), user("1", "y")]}),
        json!({"users": [user("1", &login_of("mara"))]}),
        json!({"users": [user("2", "x")]}),
        json!({"users": [user("a b", "x")]}),
        json!({"users": [user(RIVAL_USER, "x")]}),
        json!({"users": [{"id": "1", "name": "N", "login": "x", "role": "king"}]}),
        json!({"users": [{"id": "1"}]}),
        json!({"users": [user("1", "x")], "groups": [{"id": "7", "name": "G", "members": ["ghost"]}]}),
        json!({"groups": [{"id": "7", "name": "G"}, {"id": "7", "name": "H"}]}),
        json!({"users": [user("1", "x")], "collaborations": [{"item": "5", "group": "none"}]}),
        json!({"collaborations": [{"item": "5", "user": MARA, "role": "king"}]}),
        json!({"collaborations": [{"item": "5", "user": MARA}, {"item": "5", "user": login_of("mara")}]}),
        json!({"collaborations": [{"item": "5", "user": MARA, "id": "40"}, {"item": "6", "user": MARA, "id": "40"}]}),
        json!({"collaborations": [{"item": "0", "user": MARA}]}),
        json!({"synced": [{"user": "ghost", "folder": "5"}]}),
        json!({"items": [{"id": "5", "parent": "6"}]}),
        json!({"items": [{"id": "5", "parent": "6"}, {"id": "6", "parent": "7"}, {"id": "7", "parent": "5"}]}),
        json!({"items": [{"id": "5"}, {"id": "5"}]}),
        json!({"items": [{"id": "5", "owner": "ghost"}]}),
        json!({"retention": {"user": 1, "streaming": 1, "history": 14, "events": 14}}),
    ] {
        told.push(world.import(json!([roster])).await.unwrap_err());
    }
    let twice = json!([{"id": "700"}, {"id": "700"}]);
    told.push(world.import(twice).await.unwrap_err());
    let second = json!([{"id": "700", "users": [user("1", "x")]}, {"id": "701", "users": [user("1", "x")]}]);
    told.push(world.import(second).await.unwrap_err());
    insta::assert_snapshot!(told.join("\n"), @r"
    users[1] '3': the user '1' of the file has the login 'X' too.
    users[1] '1': there is another user with this id in the file.
    users[0] '1': the user '20306589101' has the login 'mara@halden.example' already.
    users[0] '2': this id is that of everybody who is not signed in.
    users[0] 'a b': an id is 1 to 64 visible ASCII characters.
    users[0] '30306589101': this user is at home in the enterprise 990011.
    users[0] '1': 'king' is no role; the roles are user, coadmin, admin, service_account.
    users[0] '1': a user needs a name and a login.
    groups[0] '7': members: there is no user 'ghost', neither in the file nor in the directory.
    groups[1] '7': there is another group with this id in the file.
    collaborations[0] '5': there is no group 'none', neither in the file nor in the directory.
    collaborations[0] '5': 'king' is no role of a collaboration; the roles are editor, viewer, previewer, uploader, previewer uploader, viewer uploader, co-owner.
    collaborations[1] '5': whom it lets in is let in by another collaboration of the file.
    collaborations[1] '6': the id '40' is that of another collaboration.
    collaborations[0] '0': The folder 0 is everybody's own root and cannot be shared or synced.
    synced[0] '5': there is no user 'ghost', neither in the file nor in the directory.
    items[0] '5': there is no folder '6', neither in the file nor in the directory.
    items[0] '5': it would lie in itself: follow the parents from it, and they lead back.
    items[1] '5': there is another item with this id in the file.
    items[0] '5': owner: there is no user 'ghost', neither in the file nor in the directory.
    the enterprise: user feeds are kept for 14 to 62 days.
    enterprise 700: it is in the file twice.
    enterprise 701: users[0] '1': there is another user with this id in the file.
    ");
    assert_eq!(exported(&world, None).await, before);
}

#[tokio::test]
async fn a_store_that_fails_midway_says_how_far_it_came_and_the_same_file_does_the_rest() {
    let illness = Arc::new(Illness::default());
    let world = World::over(&[], |stores| Spoiled::around(stores, illness.clone())).await;
    let before = exported(&world, None).await;
    let full = || Ill::Unavailable(Unavailable::Full);
    illness.strike(Part::Ledger, full());
    insta::assert_snapshot!(world.import(companies()).await.unwrap_err(), @r"The change could not be recorded: the disk is full; free space and try again.");
    illness.heal();
    assert_eq!(exported(&world, None).await, before);

    illness.pause(Pause::BeforeAppend);
    let mut importing = std::pin::pin!(world.import(companies()));
    // The first step is under way; the second comes too late.
    assert!(importing.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    illness.strike(Part::Ledger, full());
    illness.resume();
    insta::assert_snapshot!(importing.await.unwrap_err(), @r"7 of 23 changes were recorded; importing the same again does the rest. The next could not be: the disk is full; free space and try again.");
    illness.heal();
    assert_eq!(world.import(companies()).await, Ok(16));
    assert_eq!(world.import(companies()).await, Ok(0));
}

#[tokio::test]
async fn folders_are_moved_by_a_file_even_when_they_change_places() {
    let world = World::new().await;
    let below =
        json!([{"items": [{"id": "5", "parent": "0"}, {"id": "6", "parent": "5"}, {"id": "7", "parent": "6"}]}]);
    assert_eq!(world.import(below).await, Ok(3));
    let turned = json!([{"items": [{"id": "5", "parent": "7"}, {"id": "6", "parent": "0"}]}]);
    assert_eq!(world.import(turned.clone()).await, Ok(2));
    assert_eq!(world.import(turned).await, Ok(0));
    let halden = exported(&world, Some(HALDEN)).await;
    assert_eq!(halden[0]["items"], json!([{"id": "5", "parent": "7"}, {"id": "6"}, {"id": "7", "parent": "6"}]));
}

#[tokio::test]
async fn an_admin_imports_and_exports_their_own_enterprise() {
    let world = World::new().await;
    let send = async |body: &Value| world.send_json(ADMIN, "POST", PATH, body).await;
    let roster = json!({
        "name": "Halden AS",
        "users": [{"id": MARA, "name": "Mara Lindqvist", "login": login_of("mara")}],
        "groups": [{"id": "70", "name": "Sales", "members": [login_of("mara"), TOMAS]}],
        "items": [{"id": "31", "owner": MARA}],
        "collaborations": [{"id": "41", "item": "31", "group": "70"}],
    });
    assert_eq!(send(&roster).await.json()["changes"], 7);
    assert_eq!(send(&roster).await.json()["changes"], 0);
    let out = world.get(ADMIN, PATH).await.json();
    assert_eq!((&out["id"], &out["name"]), (&json!(HALDEN), &json!("Halden AS")));
    assert_eq!(send(&out).await.json()["changes"], 0);
    for wrong in [json!({"id": RIVAL}), json!({"people": []}), json!({"enterprises": []})] {
        assert_eq!(send(&wrong).await.status.as_u16(), 400, "{wrong}");
    }
    assert_eq!(world.send_json(MARA, "POST", PATH, &json!({})).await.status.as_u16(), 403);
    assert_eq!(world.send_json(RIVAL_ADMIN, "POST", PATH, &out).await.status.as_u16(), 400);
}

/// An id that is another enterprise's is refused in the same words as one that is nobody's.
#[tokio::test]
async fn no_answer_tells_that_an_id_is_taken_elsewhere() {
    let world = World::new().await;
    let user = |id: &str| json!({"id": id, "name": "N", "login": "n@halden.example"});
    let told = async |path: &str, body: Value, id: &str| {
        let answer = world.send_json(ADMIN, "POST", path, &body).await;
        assert_eq!(answer.status.as_u16(), 400, "{}", answer.text());
        let mut said = answer.json();
        said.as_object_mut().unwrap().remove("request_id");
        said.to_string().replace(id, "ID")
    };
    let by_call = async |id: &str| told("/api/v1/users", user(id), id).await;
    let by_file = async |id: &str| told(PATH, json!({"users": [user(id)]}), id).await;
    assert_eq!(by_call(RIVAL_USER).await, by_call("31337").await);
    assert_eq!(by_file(RIVAL_USER).await, by_file("31337").await);
    // Somebody whom an event of one's own named may be added, by the id it named.
    world.publish([crate::deeds::login("in").by("31337")]).await;
    let added = world.send_json(ADMIN, "POST", "/api/v1/users", &user("31337")).await;
    assert_eq!(added.status.as_u16(), 201, "{}", added.text());
}
