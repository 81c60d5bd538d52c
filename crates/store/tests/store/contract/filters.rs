//! Filters: by type, by the time of the deed, and by what retention still shows.

use crate::deed::{Deed, deed};
use crate::keeper::Keeper;
use crate::trial::{NOW, Trial, every_line, history, of_user, streaming, whole, window};
use feed::filter::TypeFilter;
use feed::time::Second;
use store::ledger::{Line, Scan};

fn enterprise_lines() -> [Line; 3] {
    [streaming(), history(), window()]
}

async fn of_types<K: Keeper>(trial: &Trial<K>, line: &Line, types: &str, limit: usize) -> Vec<String> {
    let types = TypeFilter::parse(types).unwrap();
    trial.scan(Scan { types, limit, ..whole(line.clone()) }).await
}

pub(crate) async fn a_filter_by_type_takes_exactly_those_types<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    let kinds = ["LOGIN", "FAILED_LOGIN", "UPLOAD", "LOGIN", "MY_OWN_TYPE", "login"];
    for (n, kind) in kinds.into_iter().enumerate() {
        trial.publish(NOW, [deed(&format!("{n}")).typed(kind)]).await;
    }
    for line in enterprise_lines() {
        assert_eq!(of_types(&trial, &line, "LOGIN", 9).await, ["0", "3"], "{line:?}");
        assert_eq!(of_types(&trial, &line, "UPLOAD,FAILED_LOGIN", 9).await, ["1", "2"], "{line:?}");
        assert_eq!(of_types(&trial, &line, "MY_OWN_TYPE, NEVER_SEEN", 9).await, ["4"], "{line:?}");
        assert_eq!(of_types(&trial, &line, "NEVER_SEEN", 9).await, [""; 0], "{line:?}");
        assert_eq!(of_types(&trial, &line, "", 9).await.len(), 6, "{line:?}");
    }
}

pub(crate) async fn rare_types_fill_pages_from_far_apart<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    let rare = |n: u32| n % 157 == 3;
    for (now, batch) in (NOW..).zip((0..1_000).collect::<Vec<u32>>().chunks(100)) {
        let kind = |n: &u32| if rare(*n) { "RARE" } else { "UPLOAD" };
        let deeds: Vec<Deed> = batch.iter().map(|n| deed(&n.to_string()).typed(kind(n)).created(now)).collect();
        trial.append("1", now, &deeds).await;
    }
    let wanted: Vec<String> = (0..1_000).filter(|n| rare(*n)).map(|n| n.to_string()).collect();
    for line in enterprise_lines() {
        for limit in [1, 3, wanted.len(), 100] {
            let page = of_types(&trial, &line, "RARE", limit).await;
            assert_eq!(page, wanted[..limit.min(wanted.len())], "{line:?}");
        }
    }
}

pub(crate) async fn bounds_of_created_at_take_the_lower_and_leave_the_upper<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    let seconds: Vec<u32> = (NOW - 4..=NOW).collect();
    for second in &seconds {
        trial.publish(NOW, [deed(&second.to_string()).created(*second)]).await;
    }
    for line in enterprise_lines() {
        for from in NOW - 5..=NOW + 1 {
            for before in [None, Some(NOW - 5), Some(NOW - 4), Some(NOW - 2), Some(NOW), Some(NOW + 1)] {
                let scan =
                    Scan { created_from: Second(from), created_before: before.map(Second), ..whole(line.clone()) };
                let inside = |second: &&u32| from <= **second && before.is_none_or(|before| **second < before);
                let wanted: Vec<String> = seconds.iter().filter(inside).map(u32::to_string).collect();
                assert_eq!(trial.scan(scan.clone()).await, wanted, "{scan:?}");
            }
        }
    }
}

/// History order moves late deeds to the frontier; their bound is still the true time.
pub(crate) async fn bounds_go_by_the_true_time_also_where_order_does_not<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    trial.publish(NOW, [deed("late").created(100), deed("now")]).await;
    for line in enterprise_lines() {
        let early = Scan { created_before: Some(Second(101)), ..whole(line.clone()) };
        assert_eq!(trial.scan(early).await, ["late"], "{line:?}");
        let recent = Scan { created_from: Second(101), ..whole(line.clone()) };
        assert_eq!(trial.scan(recent).await, ["now"], "{line:?}");
    }
}

pub(crate) async fn filters_hold_together<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    for second in 1..=9 {
        let kind = if second % 2 == 0 { "EVEN" } else { "ODD" };
        trial.publish(NOW + second, [deed(&second.to_string()).typed(kind).created(second)]).await;
    }
    for line in enterprise_lines() {
        let scan = Scan {
            types: TypeFilter::parse("EVEN").unwrap(),
            created_from: Second(3),
            created_before: Some(Second(9)),
            oldest: Second(NOW + 5),
            ..whole(line.clone())
        };
        assert_eq!(trial.scan(scan).await, ["6", "8"], "{line:?}");
    }
}

/// Retention cuts by the second of recording on every line, whatever the line is ordered by.
pub(crate) async fn what_was_recorded_before_the_oldest_is_not_shown<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    trial.publish(NOW, [deed("a").created(NOW + 30)]).await;
    trial.publish(NOW + 10, [deed("b").created(NOW - 90)]).await;
    let [c] = trial.publish(NOW + 20, [deed("c").created(NOW)]).await;
    let recorded = of_user(&c).place.second;
    assert_eq!(recorded, Second(NOW + 20));
    for line in every_line() {
        let mut whole_line = trial.read(line.clone()).await;
        let shown = async |oldest| {
            let mut shown = trial.scan(Scan { oldest: Second(oldest), ..whole(line.clone()) }).await;
            shown.sort();
            shown.join(" ")
        };
        whole_line.sort();
        assert_eq!(whole_line, ["a", "b", "c"]);
        assert_eq!(shown(NOW).await, "a b c", "{line:?}");
        assert_eq!(shown(NOW + 1).await, "b c", "{line:?}");
        assert_eq!(shown(NOW + 20).await, "c", "{line:?}");
        assert_eq!(shown(NOW + 21).await, "", "{line:?}");
    }
}
