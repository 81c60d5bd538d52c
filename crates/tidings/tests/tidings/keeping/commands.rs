//! `tidings import`, `retention` and `hold`: the real program against a real server.

use super::{days_ago, weeks};
use crate::commands::{Demo, fresh_file};
use feed::time::Second;
use serde_json::{Value, json};
use std::fs;

fn past(number: usize) -> Value {
    json!({
        "event_id": format!("past-{number}"), "event_type": "LOGIN", "ip_address": "192.0.2.1",
        "created_at": days_ago(50 - u32::try_from(number % 28).unwrap()).to_string(),
    })
}

fn read(demo: &Demo) -> Vec<Value> {
    let answer = ureq::get(format!("{}/2.0/events?{}", demo.url, weeks()))
        .header("Authorization", format!("Bearer {}", demo.value("ADMIN_TOKEN")))
        .call();
    let page: Value = serde_json::from_str(&answer.unwrap().body_mut().read_to_string().unwrap()).unwrap();
    page["entries"].as_array().unwrap().clone()
}

#[test]
fn lines_and_pages_are_imported_once() {
    let demo = Demo::start();
    let lines: String = (0..50).map(|n| format!("{}\n", past(n))).collect();
    let file = fresh_file("past.ndjson", &lines);
    let path = file.to_str().unwrap();
    let (good, out, wrong) = demo.run("ADMIN_TOKEN", &["import", path, "--batch", "7"]);
    assert!(good && out == "imported 50\n", "{out}{wrong}");
    let (good, out, _) = demo.run("ADMIN_TOKEN", &["import", path]);
    assert!(good && out == "imported 0, 50 there already\n", "{out}");
    let entries: Vec<Value> = (48..53).map(past).collect();
    let page = fresh_file("page.json", &serde_json::to_string_pretty(&json!({ "entries": entries })).unwrap());
    let (good, out, _) = demo.run("ADMIN_TOKEN", &["import", page.to_str().unwrap(), "--json"]);
    let summary: Value = serde_json::from_str(&out).unwrap();
    assert!(good);
    assert_eq!((&summary["imported"], &summary["known"]), (&json!(3), &json!(2)));
    let ids: Vec<Value> = read(&demo).iter().map(|entry| entry["event_id"].clone()).collect();
    assert_eq!(ids.len(), 53);
    let times: Vec<String> = read(&demo).iter().map(|it| it["created_at"].to_string()).collect();
    assert!(times.is_sorted(), "{times:?}");
    let (good, _, wrong) = demo.run("USER_TOKEN", &["import", path]);
    assert!(!good && wrong.contains("lacks the scope 'import'"), "{wrong}");
    fs::remove_file(file).unwrap();
    fs::remove_file(page).unwrap();
}

#[test]
fn a_report_of_another_product_is_imported_by_its_headings() {
    let demo = Demo::start();
    let american = |days| {
        let text = days_ago(days).to_string();
        format!("{}/{}/{}", &text[5..7], &text[8..10], &text[..4])
    };
    let (first, second) = (american(40), american(39));
    let report = format!(
        "Date;User Name;User Email;IP Address;Action;Affected Id;Affected;Size\n\
                  {first} 02:09 PM;Mara;mara@halden.example;192.0.2.1;Uploaded;31;A.txt;12 KB\n\
                  {first} 02:10 PM;Mara;mara@halden.example;192.0.2.1;Uploaded;32;B.txt;1 KB\n\
                  14.3.2025;Mara;mara@halden.example;192.0.2.1;Uploaded;33;C.txt;1 KB\n\
                  {second} 09:00 AM;Tomas;tomas@halden.example;192.0.2.2;Looked at;31;A.txt;\n\
                  03/15/2010 09:00 AM;Tomas;tomas@halden.example;192.0.2.2;Looked at;31;A.txt;\n"
    );
    let file = fresh_file("report.csv", &report);
    let path = file.to_str().unwrap();
    let said = [
        "import",
        path,
        "--time-format",
        "%m/%d/%Y %I:%M %p",
        "--time-zone",
        "+01:00",
        "--map",
        "Affected Id=source.item_id",
        "--map",
        "Affected=source.item_name",
        "--type",
        "Looked at=PREVIEW",
    ];
    let (good, out, wrong) = demo.run("ADMIN_TOKEN", &said);
    assert!(!good && out == "imported 0, 1 bad\n", "{out}{wrong}");
    assert!(
        wrong.contains("line 4: the time '14.3.2025' is not written as") && wrong.contains("--skip-bad"),
        "{wrong}"
    );
    assert_eq!(read(&demo).len(), 0, "nothing of the batch is there");
    let (good, out, wrong) = demo.run("ADMIN_TOKEN", &[&said[..], &["--skip-bad"]].concat());
    assert!(good, "{wrong}");
    assert_eq!(out, "imported 3, 1 left out, older than the enterprise keeps events, 1 bad\n");
    let bad = format!("{path}.bad");
    let text = fs::read_to_string(&bad).unwrap();
    assert_eq!(text, format!("{}\n{}\n", report.lines().next().unwrap(), report.lines().nth(3).unwrap()));
    let (good, out, _) = demo.run("ADMIN_TOKEN", &[&said[..], &["--skip-bad"]].concat());
    assert!(good && out.starts_with("imported 0, 3 there already"), "{out}");
    let entries = read(&demo);
    assert_eq!(entries.len(), 3);
    let first = &entries[0];
    let done = Second(days_ago(40).0 + 13 * 3_600 + 9 * 60).to_string();
    assert_eq!((&first["event_type"], &first["created_at"]), (&json!("UPLOAD"), &json!(done)));
    assert_eq!(first["source"], json!({"item_type": "file", "item_id": "31", "item_name": "A.txt"}));
    assert_eq!(first["created_by"]["login"], "mara@halden.example");
    assert_eq!(first["additional_details"], json!({"Size": "12 KB"}));
    assert_eq!(entries[2]["event_type"], "PREVIEW");
    fs::remove_file(bad).unwrap();
    fs::remove_file(file).unwrap();
}

#[test]
fn a_bad_row_that_the_server_finds_is_named_by_its_line() {
    let demo = Demo::start();
    let mut lines: Vec<String> = (0..9).map(|n| past(n).to_string()).collect();
    lines[4] = json!({"event_type": "LOGIN", "created_at": "2025-03-01T00:00:00Z"}).to_string();
    lines[6] = "rubbish".to_owned();
    lines[8] = past(8).to_string().replace("\"created_at\":\"20", "\"created_at\":\"21");
    let file = fresh_file("past.ndjson", &lines.join("\n"));
    let path = file.to_str().unwrap();
    let (good, out, wrong) = demo.run("ADMIN_TOKEN", &["import", path, "--batch", "3", "--format", "ndjson"]);
    assert!(!good && out == "imported 3, 1 bad\n", "{out}{wrong}");
    assert!(wrong.contains("line 5: `event_id` is missing"), "{wrong}");
    let (good, out, wrong) = demo.run("ADMIN_TOKEN", &["import", path, "--format", "ndjson", "--skip-bad"]);
    assert!(good && out == "imported 3, 3 there already, 3 bad\n", "{out}{wrong}");
    let bad = fs::read_to_string(format!("{path}.bad")).unwrap();
    assert_eq!(bad.lines().collect::<Vec<_>>(), [&lines[4], &lines[6], &lines[8]]);
    fs::remove_file(format!("{path}.bad")).unwrap();
    fs::remove_file(file).unwrap();
}

#[test]
fn periods_and_holds_are_kept_from_the_terminal() {
    let demo = Demo::start();
    let admin = |arguments: &[&str]| demo.run("ADMIN_TOKEN", arguments);
    let (good, out, wrong) = admin(&["retention", "set", "--events", "400", "--user", "20"]);
    assert!(good && out.contains("400 days") && out.contains("20 days"), "{out}{wrong}");
    let (good, out, _) = admin(&["retention", "forecast", "--events", "365", "--json"]);
    let foretold: Value = serde_json::from_str(&out).unwrap();
    assert!(good);
    assert_eq!(
        (&foretold["periods"]["events"], &foretold["next_sweep"]["events"]["renderings"]),
        (&json!(365), &json!(0))
    );
    assert!(admin(&["retention", "show"]).1.contains("Legal holds in effect: 0"));
    let (good, _, wrong) = admin(&["retention", "set", "--user", "99"]);
    assert!(!good && wrong.contains("14 to 62 days"), "{wrong}");
    assert!(!admin(&["retention", "set"]).0);

    let (good, out, wrong) =
        admin(&["hold", "add", "Case 12", "--why", "Counsel", "--created-from", "2025-03-01", "--json"]);
    assert!(good, "{wrong}");
    let hold: Value = serde_json::from_str(&out).unwrap();
    let id = hold["id"].as_str().unwrap();
    assert!(admin(&["hold", "list"]).1.contains("Case 12"));
    assert!(admin(&["retention", "show"]).1.contains("Legal holds in effect: 1"));
    assert!(admin(&["hold", "edit", id, "--until", "2090-01-01"]).1.contains("2090-01-01"));
    assert!(!admin(&["hold", "edit", id, "--for-good"]).1.contains("2090-01-01"));
    assert!(admin(&["hold", "show", id]).1.contains("\"why\": \"Counsel\""));
    let (good, out, _) = admin(&["hold", "release", id]);
    assert!(good && out == format!("released {id}\n"), "{out}");
    assert!(!admin(&["hold", "list"]).1.contains("Case 12"));
    assert!(admin(&["hold", "list", "--all"]).1.contains("Case 12"));
    assert!(!admin(&["hold", "release", id]).0);
}
