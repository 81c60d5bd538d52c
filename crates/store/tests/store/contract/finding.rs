//! Finding a rendering by its id.

use crate::deed::{deed, user};
use crate::keeper::Keeper;
use crate::trial::{NOW, Trial, of_enterprise, of_user};
use feed::event::FeedKind;
use feed::time::Second;

pub(crate) async fn what_is_stored_is_found_by_its_id_and_kind<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    let [receipt] = trial.publish(NOW, [deed("u").enterprise_id("e").by("7").owned_by("8").typed("MOVE")]).await;
    let mut found = trial.find(FeedKind::User, "u").await.unwrap();
    found.heard_by.sort();
    assert_eq!((found.place, found.event_type.as_str()), (of_user(&receipt).place, "MOVE"));
    assert_eq!((found.heard_by, found.lists.len()), (vec![user("7"), user("8")], 0));
    let found = trial.find(FeedKind::Enterprise, "e").await.unwrap();
    assert_eq!((found.place, found.event_type.as_str()), (of_enterprise(&receipt).place, "MOVE"));
    assert!(found.heard_by.is_empty() && found.lists.is_empty());
    for (kind, id) in [(FeedKind::User, "e"), (FeedKind::Enterprise, "u"), (FeedKind::User, "404")] {
        assert!(trial.find(kind, id).await.is_none(), "{id} as {kind:?}");
    }
}

pub(crate) async fn the_bytes_are_those_published_with_the_time_of_recording<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    let a = deed("a").created(NOW - 100).saying("a note");
    trial.publish(NOW, [a.clone()]).await;
    let mut event = a.event(Second(NOW));
    let wanted = event.enterprise.take().unwrap().bytes;
    assert_eq!(trial.find(FeedKind::Enterprise, "a").await.unwrap().bytes, wanted);
    let mut rendering = event.user.take().unwrap();
    rendering.stamp(Second(NOW));
    assert_eq!(trial.find(FeedKind::User, "a").await.unwrap().bytes, rendering.bytes);
    let text = String::from_utf8(rendering.bytes).unwrap();
    assert!(text.contains(&format!(r#""recorded_at":"{}""#, Second(NOW))), "{text}");
}

/// The time of recording is that of the position, also when the clock stepped back.
pub(crate) async fn recorded_at_agrees_with_the_position<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    trial.publish(NOW, [deed("a")]).await;
    let [receipt] = trial.publish(NOW - 77, [deed("b")]).await;
    let found = trial.find(FeedKind::User, "b").await.unwrap();
    let text = String::from_utf8(found.bytes.to_vec()).unwrap();
    assert_eq!(of_user(&receipt).place.second, Second(NOW));
    assert!(text.contains(&format!(r#""recorded_at":"{}""#, Second(NOW))), "{text}");
}
