//! Publishing and reading through several processes in turn, and what must have come of it in the end.
//!
//! Every batch goes to another process than the one before, and so does every page; a batch whose answer was lost is sent
//! again, to whichever comes next. In the end every acknowledged event is there once in every stream, and no reader lost or
//! repeated one.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};

const PUBLISHERS: usize = 3;
/// Batches acknowledged in each phase.
const BATCHES_A_PHASE: usize = 25;
const STREAMS: [&str; 3] = ["all", "admin_logs_streaming", "admin_logs"];
/// Pages at the end of a stream before what is missing is taken for lost; each waits on a long poll first.
const LOOKS_MAX: usize = 50;

/// What all threads share: where the processes are, and whether it is over.
pub(super) struct Scene {
    urls: Mutex<Vec<String>>,
    over: AtomicBool,
    refused: AtomicUsize,
    pub(super) token: String,
    pub(super) admin: String,
}

/// What came of it.
pub(super) struct Outcome {
    /// Events that were acknowledged; each reader was shown each of them once.
    pub(super) acknowledged: usize,
    /// Publishes that were not answered, or 503, and were sent again.
    pub(super) refused: usize,
}

/// Tells of acknowledged batches.
pub(super) struct Acknowledged(Receiver<()>);

impl Acknowledged {
    /// Waits until as many batches more were acknowledged as make a phase.
    pub(super) fn phase(&self) {
        self.batches(BATCHES_A_PHASE);
    }

    /// Waits until so many batches more were acknowledged.
    pub(super) fn batches(&self, count: usize) {
        assert_eq!(self.0.iter().take(count).count(), count);
    }
}

impl Scene {
    /// Processes at these addresses, and a token for them.
    pub(super) fn new(urls: Vec<String>, token: String, admin: String) -> Self {
        Scene { urls: Mutex::new(urls), over: AtomicBool::new(false), refused: AtomicUsize::new(0), token, admin }
    }

    /// A process came up elsewhere.
    pub(super) fn moved(&self, number: usize, url: &str) {
        url.clone_into(&mut self.urls.lock().unwrap()[number]);
    }

    /// Publishes and reads while `script` runs, then reads to the end and checks everything.
    pub(super) fn play(&self, script: impl FnOnce(&Acknowledged)) -> Outcome {
        let readers = STREAMS.map(|stream| Reader { stream, position: "0".to_owned(), turn: 0, seen: Vec::new() });
        let (told, acknowledged) = channel();
        let (published, mut readers) = std::thread::scope(|threads| {
            let publishers: Vec<_> = (0..PUBLISHERS)
                .map(|name| {
                    let told = told.clone();
                    threads.spawn(move || publish(self, name, &told))
                })
                .collect();
            let readers = readers.map(|mut reader| {
                threads.spawn(move || {
                    let agent = agent();
                    while !self.is_over() {
                        reader.page(self, &agent);
                    }
                    reader
                })
            });
            // Also when the script fails: else nobody would ever hear of it.
            let ending = Ending(&self.over);
            script(&Acknowledged(acknowledged));
            drop(ending);
            let published: BTreeSet<String> = publishers.into_iter().flat_map(|it| it.join().unwrap()).collect();
            (published, readers.map(|it| it.join().unwrap()))
        });
        for reader in &mut readers {
            reader.check(self, &published);
        }
        Outcome { acknowledged: published.len(), refused: self.refused.load(Ordering::Relaxed) }
    }

    /// The process whose turn it is.
    fn url(&self, turn: usize) -> String {
        let urls = self.urls.lock().unwrap_or_else(PoisonError::into_inner);
        urls[turn % urls.len()].clone()
    }

    /// Publishes drafts at one of the processes, and answers the status.
    pub(super) fn publish_at(&self, number: usize, drafts: &str) -> u16 {
        let sent = agent()
            .post(format!("{}/api/v1/events", self.url(number)))
            .header("Authorization", format!("Bearer {}", self.token))
            .header("Content-Type", "application/x-ndjson")
            .send(drafts);
        sent.unwrap().status().as_u16()
    }

    /// Asks one of the processes for something, and answers the status.
    pub(super) fn status(&self, number: usize, path: &str) -> u16 {
        let url = format!("{}{path}", self.url(number));
        agent().get(url).header("Authorization", format!("Bearer {}", self.token)).call().unwrap().status().as_u16()
    }

    /// Asks one of the processes for something that it has.
    pub(super) fn read(&self, number: usize, path: &str) -> Value {
        let url = format!("{}{path}", self.url(number));
        let asked = agent().get(url).header("Authorization", format!("Bearer {}", self.token));
        asked.call().unwrap().body_mut().read_json().unwrap()
    }

    /// Waits by long poll at one of the processes for what comes after a position, and answers what it says.
    pub(super) fn wait_at(&self, number: usize, position: &str) -> Value {
        let channel = channel_at(&agent(), &format!("{}/2.0/events", self.url(number)), &self.token);
        let polled = agent().get(format!("{channel}&stream_position={position}")).call();
        polled.unwrap().body_mut().read_json().unwrap()
    }

    /// Waits until so many long polls wait at one of the processes.
    pub(super) fn until_waiting(&self, number: usize, count: usize) {
        let line = format!("tidings_readers_waiting {count}");
        let agent = agent();
        for _ in 0..super::LOOKS_MAX {
            let text = agent.get(format!("{}/metrics", self.url(number))).call().unwrap().body_mut().read_to_string();
            if text.unwrap().lines().any(|other| other == line) {
                return;
            }
        }
        panic!("there were never {count} readers waiting");
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }
}

/// Ends the traffic when it is dropped.
struct Ending<'a>(&'a AtomicBool);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

pub(super) fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).build().into()
}

/// Publishes batch after batch until it is over, each again until it is acknowledged. Answers what was.
fn publish(scene: &Scene, name: usize, told: &Sender<()>) -> Vec<String> {
    let (agent, mut acknowledged) = (agent(), Vec::new());
    let mut turn = name;
    for batch in 0.. {
        if scene.is_over() {
            break;
        }
        let ids: Vec<String> = (0..1 + batch % 7).map(|n| format!("p{name}-{batch}-{n}")).collect();
        let draft = |id: &String| {
            format!(
                r#"{{"user":{{"event_id":"{id}","event_type":"ITEM_UPLOAD","source":{{"type":"file","id":"{id}","name":"a"}}}},"enterprise":{{"event_id":"{id}","event_type":"UPLOAD"}},"audience":["{}"]}}"#,
                scene.admin
            )
        };
        let body = ids.iter().map(draft).collect::<Vec<_>>().join("\n");
        loop {
            turn += 1;
            let sent = agent
                .post(format!("{}/api/v1/events", scene.url(turn)))
                .header("Authorization", format!("Bearer {}", scene.token))
                .header("Content-Type", "application/x-ndjson")
                .send(&body);
            match sent.map(|answer| answer.status().as_u16()) {
                Ok(200) => break,
                Ok(503) | Err(_) => {
                    scene.refused.fetch_add(1, Ordering::Relaxed);
                }
                Ok(status) => panic!("{status}"),
            }
        }
        acknowledged.extend(ids);
        // Nobody listens any more at the end.
        let _ = told.send(());
    }
    acknowledged
}

/// Opens a channel for long polls, and answers where it is.
fn channel_at(agent: &ureq::Agent, url: &str, token: &str) -> String {
    let asked = http::Request::builder().method("OPTIONS").uri(url).header("Authorization", format!("Bearer {token}"));
    let text = agent.run(asked.body(()).unwrap()).unwrap().body_mut().read_to_string().unwrap();
    let channel: Value = serde_json::from_str(&text).unwrap();
    channel["entries"][0]["url"].as_str().unwrap().to_owned()
}

/// A reader: a position, and what it was shown.
struct Reader {
    stream: &'static str,
    position: String,
    turn: usize,
    seen: Vec<String>,
}

impl Reader {
    /// Reads a page from the next process; `None` if that did not answer.
    fn page(&mut self, scene: &Scene, agent: &ureq::Agent) -> Option<usize> {
        self.turn += 1;
        let (stream, position) = (self.stream, &self.position);
        let limit = 1 + self.turn % 30;
        let url = scene.url(self.turn);
        let asked = format!("{url}/2.0/events?stream_type={stream}&stream_position={position}&limit={limit}");
        let mut answer = agent.get(asked).header("Authorization", format!("Bearer {}", scene.token)).call().ok()?;
        let text = answer.body_mut().read_to_string().ok()?;
        if answer.status().as_u16() == 503 {
            return None;
        }
        assert_eq!(answer.status().as_u16(), 200, "{text}");
        let page: Value = serde_json::from_str(&text).unwrap();
        self.position = page["next_stream_position"].to_string().replace('"', "");
        let entries = page["entries"].as_array().unwrap();
        self.seen.extend(entries.iter().map(|entry| entry["event_id"].as_str().unwrap().to_owned()));
        Some(entries.len())
    }

    /// Waits on the long poll of the stream's own position, at the next process.
    fn wait(&mut self, scene: &Scene, agent: &ureq::Agent) {
        self.turn += 1;
        let channel = channel_at(agent, &format!("{}/2.0/events", scene.url(self.turn)), &scene.token);
        agent.get(format!("{channel}&stream_position={}", self.position)).call().unwrap();
    }

    /// Reads on to the end, and checks that everything acknowledged was shown once.
    fn check(&mut self, scene: &Scene, acknowledged: &BTreeSet<String>) {
        let agent = agent();
        for _ in 0..LOOKS_MAX {
            while self.page(scene, &agent).unwrap_or(1) > 0 {}
            let seen: BTreeSet<&String> = self.seen.iter().collect();
            if acknowledged.iter().all(|id| seen.contains(id)) {
                break;
            }
            self.wait(scene, &agent);
        }
        let mut times: BTreeMap<&str, usize> = BTreeMap::new();
        for id in &self.seen {
            *times.entry(id).or_default() += 1;
        }
        let lost: Vec<_> = acknowledged.iter().filter(|id| !times.contains_key(id.as_str())).collect();
        let repeated: Vec<_> = times.iter().filter(|(_, times)| 1 < **times).collect();
        assert!(lost.is_empty() && repeated.is_empty(), "{}: lost {lost:?}, repeated {repeated:?}", self.stream);
        assert_eq!(times.len(), acknowledged.len(), "{}: what nobody published, or nobody was answered", self.stream);
    }
}
