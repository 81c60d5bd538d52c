//! Reports of a store that several processes share: asked for at one, made once, fetched at any, and gone on with by another when
//! the one that made them is no more.

use crate::database::postgres::{Cluster, FORGETFUL, programs};
use crate::deeds::logins;
use crate::reporting::{ask, audited, fetched, lines, made, path_of};
use crate::world::{ADMIN, NOW, World};
use feed::position::Place;
use serde_json::{Value, json};
use store::report_store::{KeptReport, ReportState};
use tidings::service::report::manifest::check;

/// Two processes over a database of their own, the first of which has set it up.
#[expect(clippy::disallowed_methods, reason = "whether this is CI is a setting of the tests")]
async fn two(name: &str) -> Option<(Cluster, World, World)> {
    if programs().is_none() {
        assert!(std::env::var("CI").is_err(), "with CI=true nothing may be passed over");
        return None;
    }
    let folder = std::env::temp_dir().join(format!("tidings-reports-{name}-{}", std::process::id()));
    let cluster = Cluster::start(&folder, FORGETFUL).unwrap();
    let url = cluster.url("postgres");
    store::postgres::migrate(&url).await.unwrap();
    let flags = ["--data", url.as_str(), "--database-connections", "4"];
    let one = World::set(&flags).await;
    Some((cluster, one, World::beside(&flags).await))
}

async fn kept(world: &World, id: &str) -> store::report_store::ReportRecord {
    match world.services.stores.reports.get(id).await.unwrap() {
        Some(KeptReport::Report(record)) => record,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn asked_at_one_process_made_once_and_fetched_at_both() {
    let Some((_cluster, one, other)) = two("both").await else { return };
    one.publish(logins("l", 30).into_iter().enumerate().map(|(n, it)| it.at(NOW - 30 + n as u32))).await;
    let wish = json!({"format": "csv", "columns": ["event_id"], "filters": {"event_types": ["LOGIN"]}});
    let asked = ask(&one, &wish).await;
    let (at_one, at_other) = tokio::join!(made(&one, &asked), made(&other, &asked));
    let states = [&at_one["state"], &at_other["state"]];
    assert!(states.contains(&&json!("finished")), "{states:?}");
    let report = made(&one, &asked).await;
    assert_eq!((&report["state"], &report["rows"]), (&json!("finished"), &json!(30)));
    let ids: Vec<String> = std::iter::once("event_id".to_owned()).chain((0..30).map(|n| format!("l{n}"))).collect();
    for world in [&one, &other] {
        let dir = fetched(world, &report).await;
        assert_eq!(check(dir.path(), None, &mut |_| {}).unwrap().rows, 30);
        assert_eq!(lines(dir.path(), "part-00001.csv"), ids);
    }
    let done = audited(&other, "report").await;
    assert_eq!(done.iter().filter(|it| *it == "REPORT_FINISHED").count(), 1, "{done:?}");

    let request = crate::world::by(ADMIN, "DELETE", &path_of(&report)).body(axum::body::Body::empty()).unwrap();
    assert_eq!(other.send(request).await.status, 204);
    assert_eq!(one.get(ADMIN, &format!("{}/manifest", path_of(&report))).await.error().0, 404);
}

#[tokio::test]
async fn what_a_dead_process_began_another_ends() {
    let Some((_cluster, one, other)) = two("dead").await else { return };
    let six = |from: u32| logins(&format!("{from}-"), 6).into_iter().enumerate();
    one.publish(six(0).map(|(n, it)| it.at(NOW - 100 + n as u32))).await;
    let wish = json!({"format": "ndjson", "filters": {"event_types": ["LOGIN"]}});
    let report = made(&one, &ask(&one, &wish).await).await;
    let id = report["id"].as_str().unwrap();
    // After everything that the report has looked at.
    one.publish(six(1).map(|(n, it)| it.at(NOW + 50 + n as u32))).await;

    // As if the process had died after its first part, with more to come.
    let whole = kept(&one, id).await;
    let mut broken = whole.clone();
    (broken.state, broken.ended_at, broken.expires_at) = (ReportState::Running, None, None);
    broken.up_to = Some(Place::END.to_bits());
    let reports = &one.services.stores.reports;
    assert!(reports.replace(&KeptReport::Report(whole.clone()), KeptReport::Report(broken)).await.unwrap());
    let claim = reports.shelf().unwrap().claim(id).await.unwrap().expect("nobody else is at it");
    assert_eq!(made(&other, &report).await["state"], "running", "somebody is at it");
    drop(claim);
    // The database lets go when it notices that the connection has ended, in a moment.
    let mut again = made(&other, &report).await;
    while again["state"] == "running" {
        again = made(&other, &report).await;
    }
    assert_eq!((&again["state"], &again["rows"]), (&json!("finished"), &json!(12)));
    assert_eq!(kept(&one, id).await.parts[0], whole.parts[0], "the first part is the one that was there");
    let dir = fetched(&one, &again).await;
    assert_eq!(check(dir.path(), None, &mut |_| {}).unwrap().rows, 12);
    let second: Value = serde_json::from_str(&lines(dir.path(), "part-00002.ndjson")[0]).unwrap();
    assert_eq!(second["event_id"], "1-0");
}

#[tokio::test]
async fn cancelled_at_one_process_leaves_nothing_on_the_shelf() {
    let Some((_cluster, one, other)) = two("cancelled").await else { return };
    one.publish(logins("l", 3)).await;
    let report = made(&one, &ask(&one, &json!({"format": "csv"})).await).await;
    let whole = kept(&one, report["id"].as_str().unwrap()).await;
    let mut broken = whole.clone();
    (broken.state, broken.ended_at, broken.expires_at) = (ReportState::Running, None, None);
    let reports = &one.services.stores.reports;
    assert!(reports.replace(&KeptReport::Report(whole.clone()), KeptReport::Report(broken)).await.unwrap());
    let shelf = reports.shelf().unwrap();
    let file = &whole.parts[0].sha256;
    assert_eq!(shelf.length(&whole.id, file).await.unwrap(), Some(whole.parts[0].bytes));
    let cancel = format!("{}/cancel", path_of(&report));
    let cancelled: Value = other.send_json(ADMIN, "POST", &cancel, &json!({})).await.ok().json();
    assert_eq!(cancelled["state"], "cancelled");
    assert_eq!(shelf.length(&whole.id, file).await.unwrap(), None);
    assert_eq!(made(&one, &report).await["state"], "cancelled");
}
