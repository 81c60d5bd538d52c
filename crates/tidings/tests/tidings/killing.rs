//! The real program, killed (`kill -9`) again and again while it is published to and read from over HTTP.
//!
//! Publishers number their drafts and send a batch again, after the next start, when its answer was lost. Readers keep
//! only their position. In the end every acknowledged event is there once in every stream, and no reader lost or repeated
//! one. A life ends after so many acknowledged batches, not after some time, so nothing here waits for a clock.

use rand::{RngExt, SeedableRng, rngs::Xoshiro256PlusPlus};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};

/// How often the program is killed in an ordinary run.
const LIVES: u64 = 6;
/// Batches acknowledged before it is killed.
const BATCHES_A_LIFE: usize = 30;
const PUBLISHERS: u64 = 3;
const STREAMS: [&str; 4] = ["all", "changes", "admin_logs_streaming", "admin_logs"];
/// Looks at the end of a stream, each a long poll, before what is missing is taken for lost.
const LOOKS_MAX: usize = 50;

/// One life of the program.
pub(crate) struct Life {
    child: Child,
    pub(crate) url: String,
}

impl Life {
    pub(crate) fn begin(dir: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_tidings"))
            .args(["serve", "--listen", "127.0.0.1:0", "--settling-delay", "0", "--log-level", "error", "--data"])
            .arg(dir.join("data"))
            .arg("--env")
            .arg(dir.join("env"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let serving =
            lines.map(|line| line.unwrap()).find_map(|line| line.strip_prefix("Serving on ").map(str::to_owned));
        Life { child, url: serving.expect("the program serves") }
    }

    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

pub(crate) fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).build().into()
}

/// A publisher: what is acknowledged, and the batch whose answer was lost.
#[derive(Default)]
struct Publisher {
    name: u64,
    /// The user who hears of everything.
    hearer: String,
    next: u64,
    unanswered: Option<(Vec<String>, String)>,
    acknowledged: Vec<String>,
}

impl Publisher {
    /// Publishes until the program is gone, telling of every acknowledged batch.
    fn publish(&mut self, url: &str, token: &str, dice: &mut Xoshiro256PlusPlus, told: &Sender<()>) {
        let agent = agent();
        loop {
            let (ids, body) = self.unanswered.take().unwrap_or_else(|| self.batch(dice));
            let sent = agent
                .post(format!("{url}/api/v1/events"))
                .header("Authorization", format!("Bearer {token}"))
                .header("Content-Type", "application/x-ndjson")
                .send(&body);
            let answer =
                sent.and_then(|mut answer| Ok((answer.status().as_u16(), answer.body_mut().read_to_string()?)));
            let Ok((status, text)) = answer else {
                self.unanswered = Some((ids, body));
                return;
            };
            assert_eq!(status, 200, "{text}");
            self.acknowledged.extend(ids);
            // Nobody listens any more once the program is about to be killed.
            let _ = told.send(());
        }
    }

    fn batch(&mut self, dice: &mut Xoshiro256PlusPlus) -> (Vec<String>, String) {
        let mut ids = Vec::new();
        let mut body = String::new();
        for _ in 0..dice.random_range(1..40) {
            let id = format!("p{}-{}", self.name, self.next);
            self.next += 1;
            body.push_str(&format!(
                r#"{{"user":{{"event_id":"{id}","event_type":"ITEM_UPLOAD","source":{{"type":"file","id":"1","name":"a"}}}},"enterprise":{{"event_id":"{id}","event_type":"UPLOAD"}},"audience":["{}"]}}"#,
                self.hearer
            ));
            body.push('\n');
            ids.push(id);
        }
        (ids, body)
    }
}

/// A reader: a position, and what it was shown.
struct Reader {
    stream: &'static str,
    position: String,
    seen: Vec<String>,
}

impl Reader {
    /// Reads one page. `None` when the program is gone, else how many entries it had.
    fn page(&mut self, agent: &ureq::Agent, url: &str, token: &str, limit: usize) -> Option<usize> {
        let Reader { stream, position, .. } = self;
        let asked = format!("{url}/2.0/events?stream_type={stream}&stream_position={position}&limit={limit}");
        let mut answer = agent.get(asked).header("Authorization", format!("Bearer {token}")).call().ok()?;
        let text = answer.body_mut().read_to_string().ok()?;
        assert_eq!(answer.status().as_u16(), 200, "{text}");
        let page: Value = serde_json::from_str(&text).unwrap();
        self.position = page["next_stream_position"].to_string().replace('"', "");
        let entries = page["entries"].as_array().unwrap();
        self.seen.extend(entries.iter().map(|entry| entry["event_id"].as_str().unwrap().to_owned()));
        Some(entries.len())
    }

    /// Waits on the long poll of the stream's own position.
    fn wait(&self, agent: &ureq::Agent, url: &str, token: &str) {
        let authorization = format!("Bearer {token}");
        let asked = http::Request::builder()
            .method("OPTIONS")
            .uri(format!("{url}/2.0/events"))
            .header("Authorization", authorization)
            .body(())
            .unwrap();
        let text = agent.run(asked).unwrap().body_mut().read_to_string().unwrap();
        let channel: Value = serde_json::from_str(&text).unwrap();
        let channel = channel["entries"][0]["url"].as_str().unwrap().to_owned();
        agent.get(format!("{channel}&stream_position={}", self.position)).call().unwrap();
    }
}

#[test]
fn what_was_acknowledged_outlives_kills_and_readers_lose_and_repeat_nothing() {
    let dir = std::env::temp_dir().join(format!("tidings-killing-{}", std::process::id()));
    drop(std::fs::remove_dir_all(&dir));
    std::fs::create_dir_all(&dir).unwrap();
    let mut dice = Xoshiro256PlusPlus::seed_from_u64(7);
    let mut publishers: Vec<Publisher> =
        (0..PUBLISHERS).map(|name| Publisher { name, ..Publisher::default() }).collect();
    let readers: Vec<Mutex<Reader>> = STREAMS
        .into_iter()
        .map(|stream| Mutex::new(Reader { stream, position: "0".to_owned(), seen: Vec::new() }))
        .collect();

    for _ in 0..LIVES {
        let life = Life::begin(&dir);
        let url = life.url.clone();
        let (token, admin) = token_and_id(&dir);
        let (told, acknowledged) = channel();
        let seeds: Vec<u64> = (0..8).map(|_| dice.random()).collect();
        std::thread::scope(|scope| {
            let (url, token, admin) = (&url, &token, &admin);
            for (publisher, seed) in publishers.iter_mut().zip(&seeds) {
                let told = told.clone();
                scope.spawn(move || {
                    let mut dice = Xoshiro256PlusPlus::seed_from_u64(*seed);
                    publisher.hearer.clone_from(admin);
                    publisher.publish(url, token, &mut dice, &told);
                });
            }
            for (reader, seed) in readers.iter().zip(seeds.iter().rev()) {
                scope.spawn(move || {
                    let (agent, mut dice) = (agent(), Xoshiro256PlusPlus::seed_from_u64(*seed));
                    let mut reader = reader.lock().unwrap();
                    while reader.page(&agent, url, token, dice.random_range(1..60)).is_some() {}
                });
            }
            assert_eq!(acknowledged.iter().take(BATCHES_A_LIFE).count(), BATCHES_A_LIFE);
            life.kill();
        });
    }

    let life = Life::begin(&dir);
    let (token, _) = token_and_id(&dir);
    let agent = agent();
    let acknowledged: BTreeSet<String> = publishers.iter().flat_map(|it| it.acknowledged.iter().cloned()).collect();
    for reader in &readers {
        let mut reader = reader.lock().unwrap();
        let missing = |reader: &Reader| acknowledged.iter().filter(|id| !reader.seen.contains(id)).count();
        for _ in 0..LOOKS_MAX {
            while reader.page(&agent, &life.url, &token, 500).unwrap() > 0 {}
            if missing(&reader) == 0 {
                break;
            }
            reader.wait(&agent, &life.url, &token);
        }
        let mut times: BTreeMap<&str, usize> = BTreeMap::new();
        for id in &reader.seen {
            *times.entry(id).or_default() += 1;
        }
        let lost: Vec<&String> = acknowledged.iter().filter(|id| !times.contains_key(id.as_str())).collect();
        let repeated: Vec<_> = times.iter().filter(|(_, times)| 1 < **times).collect();
        assert!(lost.is_empty() && repeated.is_empty(), "{}: lost {lost:?}, repeated {repeated:?}", reader.stream);
        // What is there beyond that is a batch whose answer the kill took away, and only that.
        let unanswered: BTreeSet<&str> = publishers
            .iter()
            .filter_map(|it| it.unanswered.as_ref())
            .flat_map(|(ids, _)| ids)
            .map(String::as_str)
            .collect();
        let foreign: Vec<_> =
            times.keys().filter(|id| !acknowledged.contains(**id) && !unanswered.contains(**id)).collect();
        assert!(foreign.is_empty(), "{}: {foreign:?}", reader.stream);
    }
    life.kill();
    std::fs::remove_dir_all(&dir).unwrap();
}

/// The first token and its user, as the first start wrote them.
pub(crate) fn token_and_id(dir: &Path) -> (String, String) {
    let text = std::fs::read_to_string(dir.join("env")).unwrap();
    let value = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim_start_matches('=').trim_matches('\'').to_owned()
    };
    (value("ADMIN_TOKEN"), value("ADMIN_ID"))
}
