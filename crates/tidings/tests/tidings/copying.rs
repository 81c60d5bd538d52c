//! `tidings copy`, with the real program: a store goes from a directory into a database and on into another directory, and
//! whoever reads goes on with the cursor and the token that they have.

use crate::commands::{program, told};
use crate::database::Process;
use crate::database::postgres::{Cluster, FORGETFUL, programs};
use crate::killing::{Life, agent};
use serde_json::Value;
use std::path::Path;
use std::process::Stdio;

const STREAMS: [&str; 3] = ["all", "admin_logs_streaming", "admin_logs"];

fn run(arguments: &[&str]) -> (bool, String, String) {
    told(&program().args(arguments).stdin(Stdio::null()).output().unwrap())
}

fn publish(url: &str, token: &str, admin: &str, name: &str, count: usize) {
    let draft = |n: usize| {
        format!(
            r#"{{"user":{{"event_id":"{name}{n}","event_type":"ITEM_UPLOAD","source":{{"type":"file","id":"{n}","name":"a"}}}},"enterprise":{{"event_id":"{name}{n}","event_type":"UPLOAD"}},"audience":["{admin}"]}}"#
        )
    };
    let body = (0..count).map(draft).collect::<Vec<_>>().join("\n");
    let sent = agent()
        .post(format!("{url}/api/v1/events"))
        .header("Authorization", format!("Bearer {token}"))
        .header("Content-Type", "application/x-ndjson")
        .send(&body);
    assert_eq!(sent.unwrap().status().as_u16(), 200);
}

/// The uploads on a page, and the cursor after it.
fn page(url: &str, token: &str, stream: &str, position: &str, limit: usize) -> (Vec<String>, usize, String) {
    let asked = format!("{url}/2.0/events?stream_type={stream}&stream_position={position}&limit={limit}");
    let mut answer = agent().get(asked).header("Authorization", format!("Bearer {token}")).call().unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    let page: Value = serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap();
    let entries = page["entries"].as_array().unwrap();
    let uploads = entries.iter().filter(|entry| entry["event_type"].as_str().unwrap().ends_with("UPLOAD"));
    let ids = uploads.map(|entry| entry["event_id"].as_str().unwrap().to_owned()).collect();
    (ids, entries.len(), page["next_stream_position"].to_string().replace('"', ""))
}

/// All uploads from a cursor on. What was published last is shown in history order when its second is over, so so many
/// are waited for.
fn rest(url: &str, token: &str, stream: &str, position: &str, wanted: usize) -> Vec<String> {
    let (mut ids, mut position) = (Vec::new(), position.to_owned());
    while ids.len() < wanted {
        let (more, _, next) = page(url, token, stream, &position, 7);
        ids.extend(more);
        position = next;
    }
    let (more, ..) = page(url, token, stream, &position, 500);
    assert_eq!(more, Vec::<String>::new(), "{stream}");
    ids
}

fn value(env: &Path, name: &str) -> String {
    let text = std::fs::read_to_string(env).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim_start_matches('=').trim_matches('\'').to_owned()
}

#[expect(clippy::disallowed_methods, reason = "whether this is CI is a setting of the tests")]
#[test]
fn cursors_and_tokens_outlive_a_move_into_a_database_and_out_again() {
    if programs().is_none() {
        assert!(std::env::var("CI").is_err(), "with CI=true nothing may be passed over");
        return;
    }
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let folder = std::env::temp_dir().join(format!("tidings-copying-{}", std::process::id()));
    let cluster = Cluster::start(&folder, FORGETFUL).unwrap();
    let database = cluster.url("postgres");
    let at = dir.path().join("data").display().to_string();
    let to = other.path().join("data").display().to_string();

    let served = Life::begin(dir.path());
    let (token, admin) = (value(&dir.path().join("env"), "ADMIN_TOKEN"), value(&dir.path().join("env"), "ADMIN_ID"));
    publish(&served.url, &token, &admin, "one", 40);
    let all: Vec<String> = (0..40).map(|n| format!("one{n}")).collect();
    let halves = STREAMS.map(|stream| {
        assert_eq!(rest(&served.url, &token, stream, "0", 40), all, "{stream}");
        let (read, _, position) = page(&served.url, &token, stream, "0", 17);
        (stream, read, position)
    });
    let (good, _, wrong) = run(&["copy", &at, &database]);
    assert!(!good && wrong.contains("in use"), "{wrong}");
    served.kill();
    let (good, _, wrong) = run(&["copy", &at, &database]);
    assert!(!good && wrong.contains("migrate"), "{wrong}");
    assert!(run(&["migrate", "--data", &database]).0);
    let (good, out, wrong) = run(&["copy", &at, &database]);
    assert!(good && out.contains("the same"), "{out}{wrong}");
    let (good, _, wrong) = run(&["copy", &at, &database]);
    assert!(!good && wrong.contains("something in it"), "{wrong}");

    let mut process = Process::start(&database, &dir.path().join("env2"));
    for (stream, read, position) in &halves {
        let mut ids = read.clone();
        ids.extend(rest(&process.url, &token, stream, position, 40 - read.len()));
        assert_eq!(ids, all, "{stream}");
    }
    publish(&process.url, &token, &admin, "two", 9);
    let (good, _, wrong) = run(&["copy", &database, &to]);
    assert!(!good && wrong.contains("stop its processes"), "{wrong}");
    process.kill();

    // The database notices in a moment that the process is gone.
    let mut copied = run(&["copy", &database, &to, "--json"]);
    while copied.2.contains("stop its processes") {
        copied = run(&["copy", &database, &to, "--json"]);
    }
    assert!(copied.0, "{copied:?}");
    let told: Value = serde_json::from_str(&copied.1).unwrap();
    assert!(98 <= told["entries"].as_u64().unwrap(), "{told}");
    assert!(run(&["verify", "--data", &to]).0);
    let served = Life::begin(other.path());
    let all: Vec<String> = all.into_iter().chain((0..9).map(|n| format!("two{n}"))).collect();
    for (stream, read, position) in &halves {
        let mut ids = read.clone();
        ids.extend(rest(&served.url, &token, stream, position, 49 - read.len()));
        assert_eq!(ids, all, "{stream}");
    }
    served.kill();
}
