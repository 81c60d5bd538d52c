//! Large audiences: posted once under a list, read by whoever belonged to it at the time.

use crate::deed::{Deed, deed, item_id, unseen, user};
use crate::keeper::Keeper;
use crate::trial::{NOW, Trial, feed_of, whole};
use feed::directory::{Collaborator, Effect, Person};
use feed::event::FeedKind;
use feed::limits::AUDIENCE_POSTED_MAX;
use store::ledger::{Line, Scan};

pub(crate) fn let_in(id: &str) -> [Effect; 2] {
    let met = Effect::Met(Person { id: user(id), name: "".into(), login: "".into() });
    let with = Collaborator::User(user(id));
    [met, Effect::Collaborates { item: item_id("50"), with, role: None, status: None, id: None }]
}

fn shut_out(id: &str) -> Effect {
    Effect::CollaborationEnded { item: item_id("50"), with: Collaborator::User(user(id)) }
}

/// Folder 50 with so many collaborators that its events are posted under a list: 1000, 1001 and so on.
async fn large<K: Keeper>() -> Trial<K> {
    let trial = Trial::<K>::open().await;
    let all: Vec<Effect> = (0..=AUDIENCE_POSTED_MAX).flat_map(|n| let_in(&format!("{}", 1000 + n))).collect();
    trial.publish(NOW, [unseen(all)]).await;
    trial
}

fn upload(id: &str) -> Deed {
    deed(id).by("7").on("file", ["50"])
}

/// What a user reads, with the lists they belong to.
async fn read<K: Keeper>(trial: &Trial<K>, id: &str) -> Vec<String> {
    trial.read(line(trial, id).await).await
}

async fn line<K: Keeper>(trial: &Trial<K>, id: &str) -> Line {
    let found = trial.stores().directory.lists(&user(id)).await.unwrap();
    match feed_of(id) {
        Line::User { home, user, streams, .. } => Line::User { home, user, streams, lists: found },
        other => other,
    }
}

pub(crate) async fn a_large_audience_hears_by_a_list_and_each_once<K: Keeper>() {
    let trial = large::<K>().await;
    trial.publish(NOW, [upload("a"), upload("b").by("1000").owned_by("1001")]).await;
    for id in ["1000", "1001", "1050"] {
        assert_eq!(read(&trial, id).await, ["a", "b"], "{id}");
    }
    assert_eq!(read(&trial, "7").await, ["a"]);
    let found = trial.find(FeedKind::User, "a").await.unwrap();
    assert_eq!((found.heard_by.len(), found.lists.len()), (1, 1), "the actor alone, everybody else by the list");
}

pub(crate) async fn who_joins_leaves_and_joins_again_hears_only_the_time_between<K: Keeper>() {
    let trial = large::<K>().await;
    let out = || unseen([shut_out("1003")]);
    trial.publish(NOW, [upload("a"), out(), upload("b")]).await;
    trial.publish(NOW + 1, [unseen(let_in("1003")), upload("c"), unseen(let_in("9"))]).await;
    let trial = trial.reopened().await;
    trial.publish(NOW + 2, [upload("d"), out(), upload("e")]).await;
    assert_eq!(read(&trial, "1003").await, ["a", "c", "d"]);
    assert_eq!(read(&trial, "9").await, ["d", "e"]);
    assert_eq!(read(&trial, "1004").await, ["a", "b", "c", "d", "e"]);
}

pub(crate) async fn lists_are_read_page_by_page<K: Keeper>() {
    let trial = large::<K>().await;
    let own = |id: &str| deed(id).by("1005");
    trial.publish(NOW, [upload("a"), own("b"), upload("c"), own("d").on("file", ["50"])]).await;
    let line = line(&trial, "1005").await;
    let mut seen = Vec::new();
    let mut scan = Scan { limit: 1, ..whole(line) };
    loop {
        let page = trial.page(scan.clone()).await;
        let Some(last) = page.last else { break };
        seen.extend(page.ids());
        scan.after = last;
    }
    assert_eq!(seen, ["a", "b", "c", "d"]);
}

pub(crate) async fn the_bell_rings_for_lists_and_for_who_comes_to_belong_to_one<K: Keeper>() {
    let trial = large::<K>().await;
    let appended = trial.append("1", NOW, &[upload("a")]).await;
    assert_eq!(appended.moved.lists.len(), 1);
    let appended = trial.append("1", NOW, &[unseen(let_in("9"))]).await;
    assert!(appended.moved.users.contains(&user("9")), "so that a reader who waits looks at the list, too");
}
