//! Reports over the wire: asked for, made, fetched, checked; and what a crash, a cancel and the clock do to them.

use crate::deeds::{login, logins};
use crate::world::{ADMIN, DAY_S, MARA, NOW, REPORTER, RIVAL_ADMIN, TOMAS, World, by};
use axum::body::Body;
use serde_json::{Value, json};
use std::path::Path;
use store::report_store::{KeptReport, ReportState};
use tempfile::TempDir;
use tidings::service::report::manifest::{BadReport, check};

pub(crate) async fn ask(world: &World, wish: &Value) -> Value {
    let answer = world.send_json(REPORTER, "POST", "/api/v1/reports", wish).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()
}

pub(crate) fn path_of(report: &Value) -> String {
    format!("/api/v1/reports/{}", report["id"].as_str().unwrap())
}

/// Makes what waits, and answers the report as it is then.
pub(crate) async fn made(world: &World, report: &Value) -> Value {
    world.services.make_reports().await;
    world.get(REPORTER, &path_of(report)).await.ok().json()
}

/// Fetches all files of a report into a directory of their own.
pub(crate) async fn fetched(world: &World, report: &Value) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let path = path_of(report);
    let manifest = world.get(REPORTER, &format!("{path}/manifest")).await.ok();
    std::fs::write(dir.path().join("manifest.json"), manifest.text()).unwrap();
    for part in report["parts"].as_array().unwrap() {
        let name = part["name"].as_str().unwrap();
        let answer = world.get(REPORTER, &format!("{path}/parts/{name}")).await.ok();
        std::fs::write(dir.path().join(name), &answer.body).unwrap();
    }
    dir
}

pub(crate) fn lines(dir: &Path, name: &str) -> Vec<String> {
    std::fs::read_to_string(dir.join(name)).unwrap().lines().map(str::to_owned).collect()
}

/// The types of the enterprise's last events, the oldest first.
pub(crate) async fn audited(world: &World, source: &str) -> Vec<String> {
    let found: Value = world.get(ADMIN, "/api/v1/search?limit=500&order=oldest").await.ok().json();
    let events = found["entries"].as_array().unwrap().iter();
    let of_source = events.filter(|event| event["source"]["type"] == source);
    of_source.map(|event| event["event_type"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn csv_has_the_columns_asked_for_and_no_formulas() {
    let world = World::new().await;
    let tricky = login("l1").with("ip_address", "=HYPERLINK(1)").at(NOW - 10);
    world.publish([tricky, login("l2").by(TOMAS).at(NOW - 5)]).await;
    let columns = ["event_type", "actor_login", "ip_address"];
    let wish = json!({"format": "csv", "columns": columns, "filters": {"event_types": ["LOGIN"]}, "name": "Sign-ins"});
    let report = made(&world, &ask(&world, &wish).await).await;
    assert_eq!((&report["state"], &report["rows"]), (&json!("finished"), &json!(2)));
    let dir = fetched(&world, &report).await;
    let wanted = [
        "event_type,actor_login,ip_address",
        "LOGIN,mara@halden.example,\"'=HYPERLINK(1)\"",
        "LOGIN,tomas@halden.example,Unknown IP",
    ];
    assert_eq!(lines(dir.path(), "part-00001.csv"), wanted);
    let checked = check(dir.path(), None, &mut |_| {}).unwrap();
    let key: Value = world.get(ADMIN, "/api/v1/reports").await.ok().json();
    assert_eq!((checked.rows, &json!(checked.fingerprint)), (2, &key["key_fingerprint"]));
    let steps = ["REPORT_CREATED", "REPORT_FINISHED", "REPORT_DOWNLOADED", "REPORT_DOWNLOADED"];
    assert_eq!(audited(&world, "report").await, steps);
}

#[tokio::test]
async fn ndjson_is_what_was_published_with_the_oldest_first() {
    let world = World::new().await;
    world.publish(logins("l", 30).into_iter().enumerate().map(|(n, it)| it.at(NOW - 30 + n as u32))).await;
    let wish = json!({"format": "ndjson", "filters": {"actors": [MARA], "created_before": "2025-06-15T15:06:30Z"}});
    let report = made(&world, &ask(&world, &wish).await).await;
    let dir = fetched(&world, &report).await;
    let found: Value = world
        .get(ADMIN, &format!("/api/v1/search?actor={MARA}&created_before=2025-06-15T15:06:30Z&order=oldest"))
        .await
        .ok()
        .json();
    let wanted: Vec<&Value> = found["entries"].as_array().unwrap().iter().collect();
    let written: Vec<Value> =
        lines(dir.path(), "part-00001.ndjson").iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(written.len(), 20);
    assert_eq!(written.iter().collect::<Vec<_>>(), wanted);
}

#[tokio::test]
async fn a_changed_byte_is_found_and_its_part_named() {
    let world = World::new().await;
    world.publish(logins("l", 3)).await;
    let report = made(&world, &ask(&world, &json!({"format": "parquet"})).await).await;
    let dir = fetched(&world, &report).await;
    let part = dir.path().join("part-00001.parquet");
    let bytes = std::fs::read(&part).unwrap();
    assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"));
    assert!(check(dir.path(), None, &mut |_| {}).is_ok());
    let mut changed = bytes.clone();
    changed[20] ^= 1;
    std::fs::write(&part, changed).unwrap();
    let name = "part-00001.parquet".to_owned();
    assert_eq!(check(dir.path(), None, &mut |_| {}), Err(BadReport::Changed { part: name.clone() }));
    std::fs::remove_file(&part).unwrap();
    assert!(matches!(check(dir.path(), None, &mut |_| {}), Err(BadReport::Missing { part, .. }) if part == name));
    std::fs::write(&part, bytes).unwrap();
    let other = check(dir.path(), Some("0000-0000"), &mut |_| {});
    assert!(matches!(other, Err(BadReport::OtherKey { .. })), "{other:?}");
    let manifest = dir.path().join("manifest.json");
    let text = std::fs::read_to_string(&manifest).unwrap();
    std::fs::write(&manifest, text.replace("\"rows\":", "\"rows\": ")).unwrap();
    assert_eq!(check(dir.path(), None, &mut |_| {}), Err(BadReport::Signature));
}

#[tokio::test]
async fn what_is_recorded_after_a_report_began_is_not_in_it() {
    let world = World::new().await;
    world.publish(logins("a", 3)).await;
    let report = ask(&world, &json!({"format": "csv", "filters": {"event_types": ["LOGIN"]}})).await;
    let report = made(&world, &report).await;
    world.publish([login("late").at(NOW - 1_000)]).await;
    assert_eq!(report["rows"], 3);
    let again =
        made(&world, &ask(&world, &json!({"format": "csv", "filters": {"event_types": ["LOGIN"]}})).await).await;
    assert_eq!(again["rows"], 4);
}

/// A crash leaves the record as it was at the last whole part, and perhaps a file that nobody recorded.
#[tokio::test]
async fn a_report_broken_off_is_gone_on_with() {
    let world = World::new().await;
    world.publish(logins("l", 12).into_iter().enumerate().map(|(n, it)| it.at(NOW - 12 + n as u32))).await;
    let wish = json!({"format": "ndjson", "filters": {"event_types": ["LOGIN"]}});
    let whole = made(&world, &ask(&world, &wish).await).await;
    let id = whole["id"].as_str().unwrap();
    let reports = &world.services.stores.reports;
    let Some(KeptReport::Report(finished)) = reports.get(id).await.unwrap() else { panic!("it is kept") };
    let complete = fetched(&world, &whole).await;

    // As if it had been broken off before its first part was recorded, with bytes of a part and of another lying about.
    let mut broken = finished.clone();
    (broken.state, broken.parts, broken.reached) = (ReportState::Running, Vec::new(), None);
    (broken.ended_at, broken.expires_at) = (None, None);
    let (finished, broken) = (KeptReport::Report(finished), KeptReport::Report(broken));
    assert!(reports.replace(&finished, broken).await.unwrap());
    let again = made(&world, &whole).await;
    assert_eq!((&again["state"], &again["rows"]), (&json!("finished"), &json!(12)));
    let dir = fetched(&world, &again).await;
    let read = |dir: &TempDir| std::fs::read(dir.path().join("part-00001.ndjson")).unwrap();
    assert_eq!(read(&dir), read(&complete));
    assert_eq!(check(dir.path(), None, &mut |_| {}).unwrap().rows, 12);
}

#[tokio::test]
async fn cancelling_deleting_and_expiring_leave_no_files() {
    let world = World::new().await;
    world.publish(logins("l", 3)).await;
    let waiting = ask(&world, &json!({"format": "csv"})).await;
    let path = path_of(&waiting);
    assert_eq!(world.send_json(ADMIN, "DELETE", &path, &json!({})).await.error().0, 400, "it is not finished");
    let cancelled: Value = world.send_json(ADMIN, "POST", &format!("{path}/cancel"), &json!({})).await.ok().json();
    assert_eq!(cancelled["state"], "cancelled");
    assert_eq!(made(&world, &waiting).await["state"], "cancelled");
    assert_eq!(world.get(ADMIN, &format!("{path}/manifest")).await.error().0, 400);

    let done = made(&world, &ask(&world, &json!({"format": "csv", "keep_days": 2})).await).await;
    let part = format!("{}/parts/part-00001.csv", path_of(&done));
    assert_eq!(world.get(RIVAL_ADMIN, &part).await.error().0, 404, "another enterprise's");
    assert_eq!(world.get(ADMIN, &format!("{}/parts/..%2Fmanifest.json", path_of(&done))).await.error().0, 404);
    assert_eq!(world.get(ADMIN, &part).await.status, 200);
    world.advance(2 * DAY_S);
    world.services.make_reports().await;
    assert_eq!(world.get(ADMIN, &part).await.error().0, 404, "it has expired");

    let done = made(&world, &ask(&world, &json!({"format": "csv"})).await).await;
    let request = by(ADMIN, "DELETE", &path_of(&done)).body(Body::empty()).unwrap();
    assert_eq!(world.send(request).await.status, 204);
    assert_eq!(world.get(ADMIN, &path_of(&done)).await.error().0, 404);
}

#[tokio::test]
async fn a_schedule_asks_when_its_period_is_over() {
    let world = World::new().await;
    // 15:06:40; the day is over in 32,000 seconds.
    world.publish([login("today"), login("yesterday").at(NOW - DAY_S)]).await;
    let wish = json!({"format": "csv", "every": "day", "filters": {"event_types": ["LOGIN"]}, "name": "Daily"});
    let schedule: Value = world.send_json(REPORTER, "POST", "/api/v1/report-schedules", &wish).await.json();
    assert_eq!(schedule["next_at"], "2025-06-16T00:00:00+00:00");
    world.services.make_reports().await;
    let listed = async || -> Vec<Value> {
        let list: Value = world.get(ADMIN, "/api/v1/reports").await.ok().json();
        serde_json::from_value(list["entries"].clone()).unwrap()
    };
    assert_eq!(listed().await.len(), 0);
    world.advance(32_000);
    for _ in 0..2 {
        world.services.make_reports().await;
    }
    let reports = listed().await;
    assert_eq!((reports.len(), &reports[0]["rows"], &reports[0]["schedule"]), (1, &json!(1), &schedule["id"]));
    let window = json!({"created_after": "2025-06-15T00:00:00+00:00", "created_before": "2025-06-16T00:00:00+00:00",
        "event_types": ["LOGIN"]});
    assert_eq!(reports[0]["filters"], window);
    let path = format!("/api/v1/report-schedules/{}", schedule["id"].as_str().unwrap());
    let request = by(ADMIN, "DELETE", &path).body(Body::empty()).unwrap();
    assert_eq!(world.send(request).await.status, 204);
    world.advance(DAY_S);
    world.services.make_reports().await;
    assert_eq!(listed().await.len(), 1);
    assert_eq!(audited(&world, "report_schedule").await, ["REPORT_SCHEDULED", "REPORT_SCHEDULE_DELETED"]);
}

#[tokio::test]
async fn what_cannot_be_asked_is_told() {
    let world = World::new().await;
    for (wish, word) in [
        (json!({"format": "xls"}), "xls"),
        (json!({"format": "csv", "columns": ["colour"]}), "colour"),
        (json!({"format": "csv", "columns": ["event_id", "event_id"]}), "twice"),
        (json!({"format": "ndjson", "columns": ["event_id"]}), "columns"),
        (json!({"format": "csv", "keep_days": 0}), "keep_days"),
        (json!({"format": "csv", "filters": {"created_after": "soon"}}), "created_after"),
        (json!({"format": "csv", "filters": {"colour": "red"}}), "colour"),
        (json!({"format": "csv", "every": "day"}), "every"),
    ] {
        let answer = world.send_json(ADMIN, "POST", "/api/v1/reports", &wish).await;
        assert!(answer.error().0 == 400 && answer.message().contains(word), "{wish}: {}", answer.message());
    }
    let window = json!({"format": "csv", "every": "day", "filters": {"created_after": "2025-01-01"}});
    assert_eq!(world.send_json(ADMIN, "POST", "/api/v1/report-schedules", &window).await.error().0, 400);
    assert_eq!(world.get(ADMIN, "/api/v1/reports/none").await.error().0, 404);
}

/// An event may hold line breaks between its parts; a line of NDJSON may not.
#[tokio::test]
async fn a_line_is_an_event() {
    let world = World::new().await;
    let body = "{\"feed\":\"enterprise\",\"event_type\":\"LOGIN\",\"additional_details\":{\n  \"note\": \"a\\nb\"\n}}";
    let request = by(ADMIN, "POST", "/api/v1/events").header("content-type", "application/json");
    world.send(request.body(Body::from(body)).unwrap()).await.ok();
    let wish = json!({"format": "ndjson", "filters": {"event_types": ["LOGIN"]}});
    let report = made(&world, &ask(&world, &wish).await).await;
    let dir = fetched(&world, &report).await;
    let lines = lines(dir.path(), "part-00001.ndjson");
    assert_eq!(lines.len(), 1);
    let event: Value = serde_json::from_str(&lines[0]).unwrap();
    assert_eq!(event["additional_details"]["note"], "a\nb");
}
