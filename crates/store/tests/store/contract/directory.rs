//! The directory follows the events, in the order they are stored.

use crate::deed::{deed, enterprise, item_id, unseen, user};
use crate::keeper::Keeper;
use crate::trial::{NOW, Trial};
use feed::directory::{CoAdminRights, Effect, Enterprise, Person, Role, Status, User};
use feed::retention::{Days, Retention};
use feed::time::Second;

fn set(id: &str, login: Option<&str>, role: Option<Role>) -> Effect {
    Effect::UserSet { id: user(id), name: Some(format!("User {id}").into()), login: login.map(Into::into), role }
}

pub(crate) fn settings(id: &str, days: Days) -> Enterprise {
    Enterprise {
        id: enterprise(id),
        name: format!("Enterprise {id}").into(),
        retention: Retention::try_from(days).unwrap(),
        opted_in: false,
    }
}

async fn get<K: Keeper>(trial: &Trial<K>, id: &str) -> Option<User> {
    trial.stores().directory.user(&user(id)).await.unwrap()
}

pub(crate) async fn whoever_an_event_names_is_known_from_then_on<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    assert_eq!(get(&trial, "7").await, None);
    trial.publish(NOW, [deed("a").by("7").owned_by("8")]).await;
    trial.publish(NOW + 9, [deed("b").by("7")]).await;
    for id in ["7", "8"] {
        let known = get(&trial, id).await.unwrap();
        assert_eq!((known.status, known.role, known.home), (Status::Provisional, Role::User, enterprise("1")));
        assert_eq!((known.created_at, known.modified_at), (Second(NOW), Second(NOW)));
    }
}

pub(crate) async fn users_are_set_edited_and_deleted<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    let co_admin = Role::CoAdmin(CoAdminRights { reports: true, users: false });
    trial.publish(NOW, [unseen([set("7", Some("Mara@halden.example"), Some(Role::Admin))])]).await;
    trial.publish(NOW + 5, [deed("a").by("8").changing([set("7", None, Some(co_admin.clone()))])]).await;
    let it = get(&trial, "7").await.unwrap();
    let person = Person { id: user("7"), name: "User 7".into(), login: "Mara@halden.example".into() };
    assert_eq!((it.person, it.role, it.status), (person, co_admin, Status::Active));
    assert_eq!((it.created_at, it.modified_at), (Second(NOW), Second(NOW + 5)));
    trial.publish(NOW + 6, [deed("b").by("8").changing([Effect::UserDeleted(user("7"))])]).await;
    assert_eq!(get(&trial, "7").await.unwrap().status, Status::Deleted);
}

/// A deed that was published before is heard no second time, and neither is what it changes.
pub(crate) async fn effects_of_a_duplicate_are_not_applied_again<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    let promoted = deed("up").enterprise_id("up-e").by("8").changing([set("7", None, Some(Role::Admin))]);
    trial.publish(NOW, [promoted.clone()]).await;
    trial.publish(NOW, [deed("down").by("8").changing([set("7", None, Some(Role::User))])]).await;
    let half = promoted.clone().enterprise_id("up-e2");
    trial.publish(NOW, [promoted.clone(), promoted.clone().user_only(), promoted.enterprise_only(), half]).await;
    assert_eq!(get(&trial, "7").await.unwrap().role, Role::User);
}

pub(crate) async fn of_a_half_known_deed_its_people_are_met<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    trial.publish(NOW, [deed("a").by("7").user_only()]).await;
    trial.publish(NOW, [deed("a").by("9")]).await;
    assert_eq!(get(&trial, "9").await.map(|user| user.status), Some(Status::Provisional));
}

pub(crate) async fn an_enterprise_decides_only_about_its_own<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    trial.publish_in("1", NOW, [unseen([set("7", None, None)])]).await;
    let theirs = [set("7", None, Some(Role::Admin)), Effect::UserDeleted(user("7"))];
    let foreign = Effect::EnterpriseSet(settings("1", Days::from(Retention::default())));
    trial.publish_in("9", NOW, [unseen(theirs), unseen([foreign])]).await;
    let it = get(&trial, "7").await.unwrap();
    assert_eq!((it.home, it.role, it.status), (enterprise("1"), Role::User, Status::Active));
    assert_eq!(trial.stores().directory.enterprise(&enterprise("1")).await.unwrap(), None);
}

pub(crate) async fn enterprises_are_listed_in_order<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    let days = Days { user: 14, streaming: 1, history: 20, events: 30 };
    for id in ["3", "1", "20"] {
        trial.publish_in(id, NOW, [unseen([Effect::EnterpriseSet(settings(id, days))])]).await;
    }
    let wanted = ["1", "20", "3"].map(|id| settings(id, days));
    assert_eq!(trial.stores().directory.enterprises().await.unwrap(), wanted);
    assert_eq!(trial.stores().directory.enterprise(&enterprise("20")).await.unwrap(), Some(wanted[1].clone()));
    assert_eq!(trial.stores().directory.enterprise(&enterprise("404")).await.unwrap(), None);
}

pub(crate) async fn users_are_listed_page_by_page<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    trial.publish_in("9", NOW, [unseen([set("5", None, None)])]).await;
    trial.publish_in("1", NOW, [unseen(["7", "30", "4", "9"].map(|id| set(id, None, None)))]).await;
    let list = async |home, after: Option<&str>, limit| {
        let after = after.map(user);
        let users = trial.stores().directory.users(&enterprise(home), after.as_ref(), limit).await.unwrap();
        users.iter().map(|user| user.person.id.to_string()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(list("1", None, 10).await, "30 4 7 9");
    assert_eq!(list("1", None, 2).await, "30 4");
    assert_eq!(list("1", Some("4"), 2).await, "7 9");
    assert_eq!(list("1", Some("5"), 1).await, "7");
    assert_eq!(list("1", Some("9"), 2).await, "");
    assert_eq!(list("9", None, 10).await, "5");
    assert_eq!(list("404", None, 10).await, "");
}

pub(crate) async fn logins_are_found_in_their_enterprise_whatever_their_case<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    trial.publish_in("1", NOW, [unseen([set("7", Some("Mara@halden.example"), None)])]).await;
    trial.publish_in("9", NOW, [unseen([set("70", Some("ole@vik.example"), None), set("71", None, None)])]).await;
    let found = async |home, login| {
        let user = trial.stores().directory.user_by_login(&enterprise(home), login).await.unwrap();
        user.map(|user| user.person.id.to_string())
    };
    assert_eq!(found("1", "mara@HALDEN.example").await.as_deref(), Some("7"));
    assert_eq!(found("9", "mara@halden.example").await, None);
    assert_eq!(found("9", "ole@vik.example").await.as_deref(), Some("70"));
    assert_eq!(found("9", "").await, None, "no login is nobody's");
    trial.publish_in("1", NOW, [unseen([set("7", Some("mara@new.example"), None)])]).await;
    assert_eq!(found("1", "mara@halden.example").await, None);
    assert_eq!(found("1", "mara@new.example").await.as_deref(), Some("7"));
}

pub(crate) async fn the_directory_is_kept_across_restarts<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    let days = Days { user: 20, streaming: 7, history: 100, events: 200 };
    let synced = Effect::Synced { user: user("7"), folder: item_id("50") };
    let setting_up =
        [Effect::EnterpriseSet(settings("1", days)), set("7", Some("m@h.example"), Some(Role::Admin)), synced];
    trial.publish(NOW, [unseen(setting_up), deed("a").by("8")]).await;
    let before = (get(&trial, "7").await, get(&trial, "8").await);
    let trial = trial.reopened().await;
    assert_eq!((get(&trial, "7").await, get(&trial, "8").await), before);
    let synced = trial.stores().directory.ask(|directory| directory.synced_folders(&user("7"))).await.unwrap();
    assert_eq!(synced, [item_id("50")]);
    assert_eq!(trial.stores().directory.enterprises().await.unwrap(), [settings("1", days)]);
}
