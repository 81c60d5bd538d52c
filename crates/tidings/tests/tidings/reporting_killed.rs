//! Reports of the real program: killed (`kill -9`) in the middle of one, with a part taken away, with nowhere to write,
//! and on a copy of its store.

use crate::commands::{program, told};
use crate::killing::{Life, agent, token_and_id};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const EVENTS: usize = 60_000;
/// The fewest that a part may be asked to have.
const PART_ROWS: usize = 10_000;
/// Looks at a report before it is taken for stuck.
const LOOKS_MAX: usize = 1_000_000;

fn fresh_dir(name: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    drop(fs::remove_dir_all(&dir));
    fs::create_dir_all(&dir).unwrap();
    dir
}

/// An administrator of a running server.
struct Admin {
    agent: ureq::Agent,
    url: String,
    token: String,
}

impl Admin {
    fn of(life: &Life, dir: &Path) -> Self {
        Admin { agent: agent(), url: life.url.clone(), token: token_and_id(dir).0 }
    }

    fn answer(&self, asked: http::Request<String>) -> Value {
        let mut answer = self.agent.run(asked).unwrap();
        let text = answer.body_mut().read_to_string().unwrap();
        assert!(answer.status().is_success(), "{text}");
        serde_json::from_str(&text).unwrap()
    }

    fn ask(&self, method: &str, path: &str, kind: &str, body: String) -> Value {
        let asked = http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url))
            .header("Authorization", format!("Bearer {}", self.token))
            .header("Content-Type", kind);
        self.answer(asked.body(body).unwrap())
    }

    fn publish(&self, prefix: &str, count: usize) {
        for batch in (0..count).collect::<Vec<_>>().chunks(5_000) {
            let draft =
                |n: &usize| json!({"feed": "enterprise", "event_type": "LOGIN", "event_id": format!("{prefix}{n}")});
            let body: String = batch.iter().map(|n| format!("{}\n", draft(n))).collect();
            self.ask("POST", "/api/v1/events", "application/x-ndjson", body);
        }
    }

    fn new_report(&self, wish: &Value) -> String {
        let report = self.ask("POST", "/api/v1/reports", "application/json", wish.to_string());
        report["id"].as_str().unwrap().to_owned()
    }

    /// Looks at a report until it is as wanted.
    fn until(&self, id: &str, is_wanted: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..LOOKS_MAX {
            let report = self.ask("GET", &format!("/api/v1/reports/{id}"), "application/json", String::new());
            if is_wanted(&report) {
                return report;
            }
            assert!(matches!(report["state"].as_str(), Some("waiting" | "running")), "{report}");
        }
        panic!("the report stands still");
    }

    fn finished(&self, id: &str) -> Value {
        self.until(id, |report| report["state"] == "finished")
    }

    /// The command, with this server.
    fn tidings(&self, words: &[&str]) -> (bool, String, String) {
        let mut command = program();
        command.args(words).env("TIDINGS_URL", &self.url).env("TIDINGS_TOKEN", &self.token);
        told(&command.output().unwrap())
    }
}

fn parts(report: &Value) -> &[Value] {
    report["parts"].as_array().unwrap()
}

fn ids(dir: &Path, report: &Value) -> Vec<String> {
    let texts = parts(report).iter().map(|part| fs::read_to_string(dir.join(part["name"].as_str().unwrap())).unwrap());
    let events =
        texts.flat_map(|text| text.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<Value>>());
    events.map(|event| event["event_id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_killed_report_is_gone_on_with_after_its_last_whole_part() {
    let dir = fresh_dir("killed-report");
    let life = Life::begin(&dir);
    let admin = Admin::of(&life, &dir);
    admin.publish("e", EVENTS);
    let wish = json!({"format": "ndjson", "part_rows": PART_ROWS, "filters": {"event_types": ["LOGIN"]}});
    let id = admin.new_report(&wish);
    let first = admin.until(&id, |report| !parts(report).is_empty());
    life.kill();

    let life = Life::begin(&dir);
    let admin = Admin::of(&life, &dir);
    admin.publish("late", 100);
    let second = admin.until(&id, |report| parts(report).len() >= 3);
    assert_eq!(parts(&second)[0], parts(&first)[0], "a whole part is not made again");
    assert_eq!(second["started_at"], first["started_at"]);
    life.kill();

    let life = Life::begin(&dir);
    let admin = Admin::of(&life, &dir);
    let whole = admin.finished(&id);
    assert_eq!(parts(&whole)[..3], parts(&second)[..3]);
    assert_eq!((parts(&whole).len(), &whole["rows"]), (EVENTS / PART_ROWS, &json!(EVENTS)));
    life.kill();

    // No server runs: the report is checked where it lies.
    let where_it_lies = dir.join("data/reports").join(&id);
    let (good, out, wrong) = told(&program().args(["report", "verify"]).arg(&where_it_lies).output().unwrap());
    assert!(good && out.contains("60000 events in 6 parts"), "{out}{wrong}");
    let found = ids(&where_it_lies, &whole);
    let each: BTreeSet<String> = (0..EVENTS).map(|n| format!("e{n}")).collect();
    assert_eq!((found.len(), found.into_iter().collect::<BTreeSet<_>>() == each), (EVENTS, true));
    let files = fs::read_dir(&where_it_lies).unwrap().count();
    assert_eq!(files, EVENTS / PART_ROWS + 1, "nothing but parts and manifest");
    fs::remove_dir_all(&dir).unwrap();
}

#[test]
fn a_report_whose_parts_were_taken_away_is_made_anew() {
    let dir = fresh_dir("robbed-report");
    let life = Life::begin(&dir);
    let admin = Admin::of(&life, &dir);
    admin.publish("e", 4 * PART_ROWS);
    let id =
        admin.new_report(&json!({"format": "ndjson", "part_rows": PART_ROWS, "filters": {"event_types": ["LOGIN"]}}));
    let broken = admin.until(&id, |report| !parts(report).is_empty());
    life.kill();
    fs::remove_file(dir.join("data/reports").join(&id).join(parts(&broken)[0]["name"].as_str().unwrap())).unwrap();

    let life = Life::begin(&dir);
    let admin = Admin::of(&life, &dir);
    let whole = admin.finished(&id);
    let to = dir.join("fetched");
    let (good, out, wrong) = admin.tidings(&["report", "fetch", &id, to.to_str().unwrap()]);
    assert!(good && out.contains("40000 events in 4 parts"), "{out}{wrong}");
    assert_eq!(ids(&to, &whole).into_iter().collect::<BTreeSet<_>>().len(), 4 * PART_ROWS);
    life.kill();
    fs::remove_dir_all(&dir).unwrap();
}

/// A file stands where the directory of reports should be, so nothing of them can be written.
#[test]
fn a_report_that_cannot_be_written_fails_and_says_why() {
    let dir = fresh_dir("unwritable-report");
    Life::begin(&dir).kill();
    let reports = dir.join("data/reports");
    fs::write(&reports, "in the way").unwrap();
    let life = Life::begin(&dir);
    let admin = Admin::of(&life, &dir);
    let (good, _, wrong) = admin.tidings(&["report", "new", "--format", "ndjson"]);
    assert!(!good && wrong.contains("could not be written"), "{wrong}");
    let (_, list, _) = admin.tidings(&["report", "list", "--json"]);
    let failed: Value = serde_json::from_str(list.trim()).unwrap();
    assert_eq!((&failed["state"], parts(&failed).len()), (&json!("failed"), 0));
    fs::remove_file(&reports).unwrap();
    let (good, out, wrong) =
        admin.tidings(&["report", "new", "--format", "ndjson", "--fetch", dir.join("got").to_str().unwrap()]);
    assert!(good, "{out}{wrong}");
    let types = fs::read_to_string(dir.join("got/part-00001.ndjson")).unwrap();
    assert!(types.contains("REPORT_FAILED"), "{types}");
    life.kill();
    fs::remove_dir_all(&dir).unwrap();
}

#[test]
fn a_copy_of_the_store_makes_reports_of_its_own_with_the_same_key() {
    let dir = fresh_dir("copied-report");
    let life = Life::begin(&dir);
    let admin = Admin::of(&life, &dir);
    admin.publish("e", 50);
    let old = admin.new_report(&json!({"format": "csv"}));
    admin.finished(&old);
    let copy = fresh_dir("copied-report-copy");
    let (data, to) = (dir.join("data"), copy.join("data"));
    let backed = program().args(["backup", "--data"]).arg(&data).arg(&to).output().unwrap();
    assert!(told(&backed).0, "{:?}", told(&backed));
    fs::copy(dir.join("env"), copy.join("env")).unwrap();

    let other_life = Life::begin(&copy);
    let other = Admin::of(&other_life, &copy);
    // Reports are not in a backup, and that is what is said.
    let (good, _, wrong) = other.tidings(&["report", "fetch", &old, copy.join("old").to_str().unwrap()]);
    assert!(!good && wrong.contains("There is no report"), "{wrong}");
    let fresh = copy.join("new");
    let (good, _, wrong) = other.tidings(&["report", "new", "--type", "LOGIN", "--fetch", fresh.to_str().unwrap()]);
    assert!(good, "{wrong}");
    let key = |admin: &Admin| {
        let list = admin.ask("GET", "/api/v1/reports", "application/json", String::new());
        list["key_fingerprint"].as_str().unwrap().to_owned()
    };
    let (good, out, wrong) =
        other.tidings(&["report", "verify", fresh.to_str().unwrap(), "--fingerprint", &key(&admin)]);
    assert!(good && out.contains("50 events"), "{out}{wrong}");
    let (good, _, wrong) = admin.tidings(&["report", "fetch", &old, dir.join("old").to_str().unwrap()]);
    assert!(good, "the first server has it still: {wrong}");
    other_life.kill();
    life.kill();
    for dir in [dir, copy] {
        fs::remove_dir_all(&dir).unwrap();
    }
}
