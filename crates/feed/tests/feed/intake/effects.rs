//! What a deed changes in the directory.

use super::{MARA, file, one};
use feed::directory::{CoAdminRights, Effect, Person, Role};
use feed::id::{ItemId, UserId};

fn met(id: &str, name: &str, login: &str) -> Effect {
    Effect::Met(Person { id: UserId::new(id).unwrap(), name: name.into(), login: login.into() })
}

fn mara() -> Effect {
    met("7", "Mara", "mara@halden.example")
}

fn set(name: Option<&str>, login: Option<&str>, role: Option<Role>) -> Effect {
    Effect::UserSet { id: UserId::new("7").unwrap(), name: name.map(Into::into), login: login.map(Into::into), role }
}

fn check(draft: &str, effects: &[Effect]) {
    // Where things lie is looked at in `sharing`.
    let places = |effect: &Effect| matches!(effect, Effect::Placed { .. } | Effect::Moved(_));
    let found: Vec<Effect> = one(draft).effects.into_iter().filter(|effect| !places(effect)).collect();
    assert_eq!(found, effects, "{draft}");
}

#[test]
fn whoever_is_named_is_met_once() {
    let tomas = || met("8", "Tomas", "tomas@halden.example");
    let whole = file("");
    check(
        &format!(r#"{{"user":{{"event_type":"ITEM_MOVE","created_by":{MARA},"source":{whole}}}}}"#),
        &[mara(), tomas()],
    );
    let audience =
        format!(r#"{{"user":{{"event_type":"M","created_by":{MARA},"source":{whole}}},"audience":["9","8","7","2"]}}"#);
    check(&audience, &[mara(), tomas(), met("9", "", "")]);
    check(&format!(r#"{{"user":{{"event_type":"M","source":{whole}}}}}"#), &[tomas()]);
    let own = r#"{"type":"folder","id":"5","owned_by":{"type":"user","id":"7"}}"#;
    check(&format!(r#"{{"user":{{"event_type":"M","created_by":{MARA},"source":{own}}}}}"#), &[mara()]);
    check(r#"{"event_type":"LOGIN","created_by":{"type":"user","id":"2","name":"Somebody"}}"#, &[]);
}

#[test]
fn users_come_change_and_go() {
    let about = |name: &str, details: &str| {
        format!(r#"{{"event_type":"{name}","source":{MARA},"additional_details":{details}}}"#)
    };
    let all = |role| set(Some("Mara"), Some("mara@halden.example"), role);
    check(&about("NEW_USER", "null"), &[all(None)]);
    check(&about("EDIT_USER", r#"{"role":"admin"}"#), &[all(Some(Role::Admin))]);
    check(&about("DELETE_USER", "{}"), &[Effect::UserDeleted(UserId::new("7").unwrap())]);
    check(&about("CHANGE_ADMIN_ROLE", r#"{"other":[{}]}"#), &[mara()]);
    for (details, role) in [
        (r#"{"role":"user"}"#, Role::User),
        (r#"{"role":"service_account"}"#, Role::ServiceAccount),
        (r#"{"role":"coadmin"}"#, Role::CoAdmin(CoAdminRights::default())),
        (
            r#"{"permissions":["reports","groups"],"role":"coadmin"}"#,
            Role::CoAdmin(CoAdminRights { reports: true, users: false }),
        ),
        (
            r#"{"role":"coadmin","permissions":["users","reports"]}"#,
            Role::CoAdmin(CoAdminRights { reports: true, users: true }),
        ),
    ] {
        check(&about("CHANGE_ADMIN_ROLE", details), &[mara(), set(None, None, Some(role))]);
    }
    // What the event does not say stays as it is.
    check(
        r#"{"event_type":"EDIT_USER","source":{"type":"user","id":"7","name":"Ida"}}"#,
        &[set(Some("Ida"), None, None)],
    );
    check(r#"{"event_type":"DELETE_USER","source":{"type":"user","id":"2"}}"#, &[]);
}

#[test]
fn folders_are_synced_by_either_vocabulary_once() {
    let synced = || Effect::Synced { user: UserId::new("7").unwrap(), folder: ItemId::new("5").unwrap() };
    let user = |name: &str| {
        format!(r#"{{"event_type":"{name}","created_by":{MARA},"source":{{"type":"folder","id":"5","name":"F"}}}}"#)
    };
    let enterprise = format!(
        r#"{{"event_type":"ITEM_SYNC","created_by":{MARA},"source":{{"item_type":"folder","item_id":"5","item_name":"F"}}}}"#
    );
    check(&format!(r#"{{"user":{}}}"#, user("ITEM_SYNC")), &[mara(), synced()]);
    check(&format!(r#"{{"enterprise":{enterprise}}}"#), &[mara(), synced()]);
    check(&format!(r#"{{"enterprise":{enterprise},"user":{}}}"#, user("ITEM_SYNC")), &[mara(), synced()]);
    let unsynced = Effect::Unsynced { user: UserId::new("7").unwrap(), folder: ItemId::new("5").unwrap() };
    check(&format!(r#"{{"user":{}}}"#, user("ITEM_UNSYNC")), &[mara(), unsynced]);
    check(r#"{"user":{"event_type":"ITEM_SYNC","source":{"type":"folder","id":"5"}}}"#, &[]);
}
