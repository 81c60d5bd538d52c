//! The real program, killed (`kill -9`) again and again in the middle of an import; run again, each event is there once.

use super::{days_ago, weeks};
use crate::commands::{program, told};
use crate::killing::{Life, agent, token_and_id};
use feed::time::Second;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Sender, channel};

const EVENTS: usize = 3_000;
const A_BATCH: usize = 40;
/// Batches acknowledged before each kill; the last life ends the import.
const KILLED_AFTER: [usize; 4] = [1, 12, 5, 30];

fn past(number: usize) -> Value {
    json!({
        "event_id": format!("past-{number}"), "event_type": "LOGIN", "note": "x".repeat(200),
        "created_at": Second(days_ago(50).0 + u32::try_from(number % 1_700).unwrap() * 977).to_string(),
    })
}

/// Imports batch after batch until the server is gone, telling of each that was acknowledged.
#[expect(
    clippy::needless_pass_by_value,
    reason = "whoever listens knows by the dropped sender that nothing more comes"
)]
fn import(url: &str, token: &str, acknowledged: Sender<()>) {
    let agent = agent();
    for batch in (0..EVENTS).collect::<Vec<_>>().chunks(A_BATCH) {
        let body: String = batch.iter().map(|number| format!("{}\n", past(*number))).collect();
        let sent = agent
            .post(format!("{url}/api/v1/events/import"))
            .header("Authorization", format!("Bearer {token}"))
            .header("Content-Type", "application/x-ndjson")
            .send(&body);
        let Ok(mut answer) = sent else { return };
        let status = answer.status().as_u16();
        let Ok(text) = answer.body_mut().read_to_string() else { return };
        assert_eq!(status, 200, "{text}");
        // Nobody listens any more once the program is about to be killed.
        let _ = acknowledged.send(());
    }
}

fn read(url: &str, token: &str) -> Vec<String> {
    let (agent, mut ids, mut position) = (agent(), Vec::new(), String::new());
    loop {
        let asked = format!("{url}/2.0/events?{}{position}", weeks());
        let mut answer = agent.get(asked).header("Authorization", format!("Bearer {token}")).call().unwrap();
        let page: Value = serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap();
        let entries = page["entries"].as_array().unwrap();
        if entries.is_empty() {
            return ids;
        }
        ids.extend(entries.iter().map(|entry| entry["event_id"].as_str().unwrap().to_owned()));
        position = format!("&stream_position={}", page["next_stream_position"].as_str().unwrap());
    }
}

#[test]
fn an_import_that_is_killed_and_run_again_stores_each_event_once() {
    let dir: PathBuf = Path::new(env!("CARGO_TARGET_TMPDIR")).join("killed-import");
    drop(std::fs::remove_dir_all(&dir));
    std::fs::create_dir_all(&dir).unwrap();
    for batches in KILLED_AFTER {
        let life = Life::begin(&dir);
        let (url, (token, _)) = (life.url.clone(), token_and_id(&dir));
        let (tell, acknowledged) = channel();
        std::thread::scope(|scope| {
            scope.spawn(|| import(&url, &token, tell));
            assert_eq!(acknowledged.iter().take(batches).count(), batches);
            life.kill();
        });
    }
    let life = Life::begin(&dir);
    let (token, _) = token_and_id(&dir);
    let before = read(&life.url, &token);
    let some: BTreeSet<&String> = before.iter().collect();
    assert_eq!(some.len(), before.len(), "none is there twice");
    assert!(before.len() >= A_BATCH * 30 && before.len() < EVENTS, "{} are there", before.len());
    let file = dir.join("past.ndjson");
    std::fs::write(&file, (0..EVENTS).map(|number| format!("{}\n", past(number))).collect::<String>()).unwrap();
    let mut command = program();
    command.args(["import", "--json"]).arg(&file).env("TIDINGS_URL", &life.url).env("TIDINGS_TOKEN", &token);
    let (good, out, wrong) = told(&command.output().unwrap());
    assert!(good, "{wrong}");
    let summary: Value = serde_json::from_str(&out).unwrap();
    let counted = |name: &str| usize::try_from(summary[name].as_u64().unwrap()).unwrap();
    assert_eq!((counted("imported"), counted("known")), (EVENTS - before.len(), before.len()));
    let ids = read(&life.url, &token);
    let unique: BTreeSet<&String> = ids.iter().collect();
    assert_eq!((ids.len(), unique.len()), (EVENTS, EVENTS));
    life.kill();
    let mut verify = program();
    verify.args(["verify", "--data"]).arg(dir.join("data"));
    let (good, out, wrong) = told(&verify.output().unwrap());
    assert!(good && out.contains("no damage"), "{out}{wrong}");
    std::fs::remove_dir_all(&dir).unwrap();
}
