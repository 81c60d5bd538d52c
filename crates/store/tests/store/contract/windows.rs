//! Windows: an enterprise's feed by the true `created_at`, each place being a second and the rank within it.

use crate::deed::deed;
use crate::keeper::Keeper;
use crate::trial::{NOW, Trial, whole, window};
use feed::filter::TypeFilter;
use feed::position::Place;
use feed::time::Second;
use store::ledger::Scan;

fn place(second: u32, rank: u32) -> Place {
    Place { second: Second(second), ordinal: rank }
}

fn named<const N: usize>(wanted: [(&str, Place); N]) -> Vec<(String, Place)> {
    wanted.map(|(id, place)| (id.to_owned(), place)).to_vec()
}

pub(crate) async fn windows_go_by_the_true_time_of_the_deed<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    trial.publish(NOW, [deed("now"), deed("ahead").created(NOW + 200), deed("old").created(12)]).await;
    trial.publish(NOW + 9, [deed("late").created(NOW - 90), deed("again").created(NOW)]).await;
    let wanted = [
        ("old", place(12, 1)),
        ("late", place(NOW - 90, 1)),
        ("now", place(NOW, 1)),
        ("again", place(NOW, 2)),
        ("ahead", place(NOW + 200, 1)),
    ];
    assert_eq!(trial.places(window()).await, named(wanted));
}

pub(crate) async fn ranks_count_arrivals_within_a_second<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    trial.publish(NOW, [deed("a").created(50), deed("b").created(60), deed("c").created(50)]).await;
    trial.publish(NOW, [deed("d").created(50).user_only(), deed("a").created(50)]).await;
    let trial = trial.reopened().await;
    trial.publish(NOW - 40, [deed("e").created(50)]).await;
    let wanted = [("a", place(50, 1)), ("c", place(50, 2)), ("e", place(50, 3)), ("b", place(60, 1))];
    assert_eq!(trial.places(window()).await, named(wanted));
}

pub(crate) async fn ranks_do_not_depend_on_the_filter<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    let deeds = [deed("a"), deed("b").typed("LOGIN"), deed("c"), deed("d").typed("LOGIN")];
    trial.publish(NOW, deeds.map(|deed| deed.created(50))).await;
    let types = TypeFilter::parse("LOGIN").unwrap();
    let page = trial.page(Scan { types: types.clone(), limit: 1, ..whole(window()) }).await;
    assert_eq!((page.ids(), page.last), (vec!["b".to_owned()], Some(place(50, 2))));
    let page = trial.page(Scan { types, limit: 1, after: place(50, 2), ..whole(window()) }).await;
    assert_eq!((page.ids(), page.last), (vec!["d".to_owned()], Some(place(50, 4))));
}

pub(crate) async fn adjoining_windows_neither_overlap_nor_leave_a_gap<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    let seconds = [40, 49, 50, 51, 59, 60, 61, 75];
    let deeds = seconds.map(|second| deed(&second.to_string()).created(second));
    trial.publish(NOW, deeds).await;
    let mut seen = Vec::new();
    for from in (40..80).step_by(10) {
        let (after, below) = (Place::at(Second(from)), Place::at(Second(from + 10)));
        seen.extend(trial.scan(Scan { after, below, ..whole(window()) }).await);
    }
    assert_eq!(seen, seconds.map(|second| second.to_string()));
}

/// What arrives late stands at its true place, so a reader who is not yet there will meet it, and no rank moves.
pub(crate) async fn late_deeds_move_no_rank<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    trial.publish(NOW, [deed("a").created(50), deed("b").created(50), deed("c").created(60)]).await;
    let below = Place::at(Second(100));
    let first = trial.page(Scan { below, limit: 1, ..whole(window()) }).await;
    trial.publish(NOW, [deed("x").created(49), deed("y").created(50), deed("z").created(70)]).await;
    let rest = trial.scan(Scan { below, after: first.last.unwrap(), ..whole(window()) }).await;
    assert_eq!((first.ids(), rest.join(" ").as_str()), (vec!["a".to_owned()], "b y c z"));
}
