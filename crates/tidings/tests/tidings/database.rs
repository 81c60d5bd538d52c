//! Three processes of the real program on one database, published to and read from through all of them, while processes
//! and the database itself are killed (`kill -9`).
//!
//! Every batch goes to another process than the one before, and so does every page; a batch whose answer was lost is sent
//! again, to whichever comes next. In the end every acknowledged event is there once in every stream, and no reader lost or
//! repeated one. A phase ends after so many acknowledged batches, so nothing here waits for a clock.

// The developer command and the tests start a server in the same way.
#[path = "../../../../xtask/src/postgres.rs"]
pub(crate) mod postgres;

use postgres::Cluster;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};

const PROCESSES: usize = 3;
const PUBLISHERS: usize = 3;
/// Batches acknowledged in each phase.
const BATCHES_A_PHASE: usize = 25;
const STREAMS: [&str; 3] = ["all", "admin_logs_streaming", "admin_logs"];
/// Pages at the end of a stream before what is missing is taken for lost; each waits on a long poll first.
const LOOKS_MAX: usize = 50;

/// The program, serving.
pub(crate) struct Process {
    child: Child,
    pub(crate) url: String,
}

impl Process {
    pub(crate) fn start(data: &str, env: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_tidings"))
            .args(["serve", "--listen", "127.0.0.1:0", "--settling-delay", "0", "--log-level", "off", "--data", data])
            .arg("--env")
            .arg(env)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let serving =
            lines.map(|line| line.unwrap()).find_map(|line| line.strip_prefix("Serving on ").map(str::to_owned));
        Process { child, url: serving.expect("the program serves") }
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// What all threads share: where the processes are, and whether it is over.
struct Scene {
    urls: Mutex<Vec<String>>,
    over: AtomicBool,
    token: String,
    admin: String,
}

impl Scene {
    /// The process whose turn it is.
    fn url(&self, turn: usize) -> String {
        let urls = self.urls.lock().unwrap_or_else(PoisonError::into_inner);
        urls[turn % urls.len()].clone()
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }
}

fn agent() -> ureq::Agent {
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
                Ok(503) | Err(_) => {}
                Ok(status) => panic!("{status}"),
            }
        }
        acknowledged.extend(ids);
        // Nobody listens any more at the end.
        let _ = told.send(());
    }
    acknowledged
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
        let asked = http::Request::builder()
            .method("OPTIONS")
            .uri(format!("{}/2.0/events", scene.url(self.turn)))
            .header("Authorization", format!("Bearer {}", scene.token))
            .body(())
            .unwrap();
        let text = agent.run(asked).unwrap().body_mut().read_to_string().unwrap();
        let channel: Value = serde_json::from_str(&text).unwrap();
        let channel = channel["entries"][0]["url"].as_str().unwrap().to_owned();
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

/// Waits until so many batches more were acknowledged.
fn phase(acknowledged: &Receiver<()>) {
    assert_eq!(acknowledged.iter().take(BATCHES_A_PHASE).count(), BATCHES_A_PHASE);
}

/// Kills the database as a power cut would, and starts it again.
fn kill_database(folder: &Path) {
    let pid = std::fs::read_to_string(folder.join("data/postmaster.pid")).unwrap();
    let pid = pid.lines().next().unwrap().to_owned();
    assert!(Command::new("kill").args(["-9", &pid]).status().unwrap().success());
    let user = postgres::somebody(Path::new("/proc/self"));
    let options = format!("-k {} -c listen_addresses= -c max_connections=400", folder.display());
    // Its children notice within moments; until then it does not start.
    for _ in 0..100 {
        let mut start = postgres::program("pg_ctl", user).unwrap();
        start.args(["-w", "-s", "-t", "60", "-o", &options, "-D"]).arg(folder.join("data"));
        start.arg("-l").arg(folder.join("log")).arg("start");
        if start.status().unwrap().success() {
            return;
        }
    }
    panic!("the database does not start again: {}", std::fs::read_to_string(folder.join("log")).unwrap());
}

fn folder() -> PathBuf {
    std::env::temp_dir().join(format!("tidings-database-{}", std::process::id()))
}

#[expect(clippy::disallowed_methods, reason = "whether this is CI is a setting of the tests")]
#[test]
fn what_was_acknowledged_outlives_kills_of_processes_and_of_the_database() {
    if postgres::programs().is_none() {
        assert!(std::env::var("CI").is_err(), "with CI=true nothing may be passed over");
        eprintln!("SKIPPED, there is no PostgreSQL to test with (Debian: `apt-get install postgresql`)");
        return;
    }
    let database = Cluster::start(&folder(), "").unwrap();
    let data = database.url("postgres");
    let migrate = || Command::new(env!("CARGO_BIN_EXE_tidings")).args(["migrate", "--data", &data]).spawn().unwrap();
    // Two at once do no harm.
    let both = [migrate(), migrate()];
    assert!(both.into_iter().all(|mut one| one.wait().unwrap().success()));

    let env = std::env::temp_dir().join(format!("tidings-database-env-{}", std::process::id()));
    let mut processes: Vec<Process> = (0..PROCESSES).map(|_| Process::start(&data, &env)).collect();
    let text = std::fs::read_to_string(&env).unwrap();
    let value = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim_start_matches('=').trim_matches('\'').to_owned()
    };
    let urls = Mutex::new(processes.iter().map(|process| process.url.clone()).collect());
    let scene = Scene { urls, over: AtomicBool::new(false), token: value("ADMIN_TOKEN"), admin: value("ADMIN_ID") };
    let readers = STREAMS.map(|stream| Reader { stream, position: "0".to_owned(), turn: 0, seen: Vec::new() });
    let (told, acknowledged) = channel();

    let (published, mut readers) = std::thread::scope(|threads| {
        let scene = &scene;
        let publishers: Vec<_> = (0..PUBLISHERS)
            .map(|name| {
                let told = told.clone();
                threads.spawn(move || publish(scene, name, &told))
            })
            .collect();
        let readers = readers.map(|mut reader| {
            threads.spawn(move || {
                let agent = agent();
                while !scene.is_over() {
                    reader.page(scene, &agent);
                }
                reader
            })
        });
        phase(&acknowledged);
        for (number, process) in processes.iter_mut().enumerate().take(2) {
            process.kill();
            phase(&acknowledged);
            *process = Process::start(&data, &env);
            scene.urls.lock().unwrap()[number].clone_from(&process.url);
            phase(&acknowledged);
        }
        kill_database(&folder());
        phase(&acknowledged);
        scene.over.store(true, Ordering::Release);
        let published: BTreeSet<String> = publishers.into_iter().flat_map(|it| it.join().unwrap()).collect();
        (published, readers.map(|it| it.join().unwrap()))
    });
    for reader in &mut readers {
        reader.check(&scene, &published);
    }
    processes.iter_mut().for_each(Process::kill);
    drop(std::fs::remove_file(&env));
    drop(database);
}
