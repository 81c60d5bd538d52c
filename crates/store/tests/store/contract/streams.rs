//! The three streams of a user's feed, and lines merged with lists.

use crate::deed::{Deed, EVERY_STREAM, deed, item_id, unseen, user};
use crate::keeper::Keeper;
use crate::trial::{HOME, NOW, Trial, feed_in, feed_of};
use feed::directory::{Effect, Person};
use feed::event::UserStreams;
use feed::id::ListId;
use feed::position::Place;
use store::ledger::{Line, ListSpan};

const STREAMS: [UserStreams; 3] = [UserStreams::ALL, UserStreams::CHANGES, UserStreams::SYNC];

async fn on<K: Keeper>(trial: &Trial<K>, id: &str, streams: UserStreams) -> String {
    trial.read(feed_in(HOME, id, streams)).await.join(" ")
}

fn synced(id: &str, folder: &str) -> Effect {
    Effect::Synced { user: user(id), folder: item_id(folder) }
}

fn unsynced(id: &str, folder: &str) -> Effect {
    Effect::Unsynced { user: user(id), folder: item_id(folder) }
}

fn met(id: &str) -> Effect {
    Effect::Met(Person { id: user(id), name: "".into(), login: "".into() })
}

pub(crate) async fn each_stream_carries_its_types<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    trial.publish(NOW, [unseen([met("7"), synced("7", "50")])]).await;
    let carried = |id: &str, carried_by| deed(id).on("60", ["0", "50"]).carried_by(carried_by);
    let [all, changes, sync] = STREAMS;
    let deeds = [
        carried("a", all),
        carried("ac", all.and(changes)),
        carried("acs", all.and(changes).and(sync)),
        carried("s", sync),
        carried("none", UserStreams::NONE),
    ];
    trial.publish(NOW, deeds).await;
    assert_eq!(on(&trial, "7", all).await, "a ac acs");
    assert_eq!(on(&trial, "7", changes).await, "ac acs");
    assert_eq!(on(&trial, "7", sync).await, "acs s");
    assert_eq!(on(&trial, "7", changes.and(sync)).await, "ac acs s");
    assert_eq!(on(&trial, "7", UserStreams::NONE).await, "");
}

pub(crate) async fn sync_carries_items_at_or_below_a_synced_folder<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    trial.publish(NOW, [unseen([met("7"), met("8"), synced("7", "50"), synced("8", "99")])]).await;
    let heard = |deed: Deed| deed.heard_by(["7", "8"]);
    let deeds = [
        heard(deed("nowhere")),
        heard(deed("at").on("50", ["0"])),
        heard(deed("below").on("60", ["0", "50"])),
        heard(deed("deep").on("61", ["0", "50", "60"])),
        heard(deed("beside").on("62", ["0", "51"])),
    ];
    trial.publish(NOW, deeds).await;
    assert_eq!(on(&trial, "7", UserStreams::SYNC).await, "at below deep");
    assert_eq!(on(&trial, "8", UserStreams::SYNC).await, "");
    for id in ["7", "8"] {
        assert_eq!(on(&trial, id, UserStreams::ALL).await, "nowhere at below deep beside");
    }
}

/// What an event gives is seen by the event itself; what it takes away, only after it.
pub(crate) async fn marking_and_unmarking_a_folder_are_themselves_on_sync<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    let deeds = [
        deed("before").on("50", []),
        deed("mark").on("50", []).changing([synced("7", "50")]),
        deed("between").on("50", []),
        deed("unmark").on("50", []).changing([unsynced("7", "50")]),
        deed("after").on("50", []),
    ];
    trial.publish(NOW, deeds).await;
    assert_eq!(on(&trial, "7", UserStreams::SYNC).await, "mark between unmark");
    assert_eq!(on(&trial, "7", UserStreams::CHANGES).await, "before mark between unmark after");
}

pub(crate) async fn a_stream_looks_past_what_the_others_carry<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    trial.publish(NOW, [deed("a"), deed("b").carried_by(UserStreams::ALL)]).await;
    let scan = crate::trial::whole(feed_in(HOME, "7", UserStreams::CHANGES));
    let page = trial.page(scan).await;
    assert_eq!(page.ids(), ["a"]);
    assert_eq!(page.last, Some(trial.ends(&feed_of("7")).await.shown), "the end is the same on every stream");
}

/// No event is posted to lists yet; a reader's line must be the same with lists that nobody posted to.
pub(crate) async fn lists_without_entries_add_nothing<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    trial.publish(NOW, [deed("a"), deed("b").by("8"), deed("c")]).await;
    let span = |from, to| ListSpan { list: ListId::new("folder-50").unwrap(), from, to };
    let merged = |id| Line::User {
        home: crate::deed::enterprise(HOME),
        user: user(id),
        streams: EVERY_STREAM,
        lists: vec![span(Place::START, Place::END), span(Place::END, Place::START)],
    };
    assert_eq!(trial.places(merged("7")).await, trial.places(feed_of("7")).await);
    assert_eq!(trial.ends(&merged("7")).await, trial.ends(&feed_of("7")).await);
    assert_eq!(trial.read(merged("404")).await, [""; 0]);
}
