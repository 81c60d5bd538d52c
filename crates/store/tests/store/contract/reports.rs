//! Reports and their schedules, as kept.

use crate::deed::{enterprise, user};
use crate::keeper::Keeper;
use crate::trial::{NOW, Trial};
use feed::report::{Asked, Column, Every, Format};
use feed::search::Filters;
use feed::time::Second;
use store::report_store::{KeptReport, PartRecord, ReportRecord, ReportState, ReportStore, ScheduleRecord};

fn asked() -> Asked {
    Asked {
        name: "Logins".to_owned(),
        filters: Filters { actors: vec![user("7")], ..Filters::default() },
        format: Format::Csv,
        columns: Column::usual(),
        keep_days: 30,
    }
}

pub(crate) fn report(id: &str, home: &str, rows: u64) -> KeptReport {
    let part = PartRecord { name: "part-1.csv".to_owned(), rows, bytes: 9, sha256: "00".to_owned() };
    KeptReport::Report(ReportRecord {
        id: id.to_owned(),
        enterprise: enterprise(home),
        asked_by: user("7"),
        asked_at: Second(NOW),
        schedule: None,
        asked: asked(),
        state: ReportState::Running,
        oldest: Second(0),
        up_to: Some(7),
        expected_rows: None,
        reached: None,
        parts: vec![part],
        started_at: Some(Second(NOW)),
        ended_at: None,
        expires_at: None,
        problem: None,
    })
}

fn schedule(id: &str) -> KeptReport {
    KeptReport::Schedule(ScheduleRecord {
        id: id.to_owned(),
        enterprise: enterprise("1"),
        made_by: user("7"),
        made_at: Second(NOW),
        asked: asked(),
        every: Every::Week,
        next_at: Second(NOW),
    })
}

fn reports<K: Keeper>(trial: &Trial<K>) -> &dyn ReportStore {
    &*trial.stores().reports
}

pub(crate) async fn an_id_of_a_report_is_given_once<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    assert!(reports(&trial).add(report("r", "1", 1)).await.unwrap());
    assert!(!reports(&trial).add(schedule("r")).await.unwrap());
    assert_eq!(reports(&trial).get("r").await.unwrap(), Some(report("r", "1", 1)));
    assert!(reports(&trial).remove("r").await.unwrap() && !reports(&trial).remove("r").await.unwrap());
    assert_eq!(reports(&trial).get("r").await.unwrap(), None);
}

pub(crate) async fn a_report_is_replaced_only_as_it_was_seen<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    let (old, new) = (report("r", "1", 1), report("r", "1", 2));
    assert!(!reports(&trial).replace(&old, new.clone()).await.unwrap());
    reports(&trial).add(old.clone()).await.unwrap();
    assert!(reports(&trial).replace(&old, new.clone()).await.unwrap());
    assert!(!reports(&trial).replace(&old, report("r", "1", 3)).await.unwrap());
    assert_eq!(reports(&trial).get("r").await.unwrap(), Some(new));
}

pub(crate) async fn reports_are_kept_and_listed_across_restarts<K: Keeper>() {
    let trial = Trial::<K>::open().await;
    for kept in [report("b", "1", 1), report("c", "9", 1), schedule("a"), report("d", "1", 1)] {
        reports(&trial).add(kept).await.unwrap();
    }
    reports(&trial).remove("d").await.unwrap();
    let trial = trial.reopened().await;
    let of_one = reports(&trial).list(Some(&enterprise("1"))).await.unwrap();
    assert_eq!(of_one, [schedule("a"), report("b", "1", 1)]);
    assert_eq!(reports(&trial).list(None).await.unwrap().len(), 3);
}
