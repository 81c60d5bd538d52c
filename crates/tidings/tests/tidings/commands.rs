//! The client commands: the real program against a real server, also over lines that break.

use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

/// Ids of the demo's people.
const MARA: &str = "20306589101";

/// A quiet demo, ended when dropped.
pub(crate) struct Demo {
    child: Child,
    pub(crate) url: String,
    names: Vec<(String, String)>,
}

impl Demo {
    pub(crate) fn start() -> Self {
        let env_file = fresh_file("env", "");
        let mut command = program();
        command.args(["demo", "--quiet", "--port", "0", "--env"]).arg(&env_file);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        // It has written the file before it says anything.
        let mut first = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut first).unwrap();
        let text = fs::read_to_string(&env_file).unwrap();
        drop(fs::remove_file(&env_file));
        let names: Vec<(String, String)> =
            text.lines().filter_map(|line| line.split_once('=')).map(|(a, b)| (a.into(), b.into())).collect();
        let url = names.iter().find(|(name, _)| name == "BASE_URL").unwrap().1.clone();
        Demo { child, url, names }
    }

    pub(crate) fn value(&self, name: &str) -> &str {
        &self.names.iter().find(|(it, _)| it == name).unwrap().1
    }

    /// A command against this server, as the owner of a token.
    pub(crate) fn command(&self, token: &str, arguments: &[&str]) -> Command {
        let mut command = program();
        command.args(arguments).env("TIDINGS_URL", &self.url).env("TIDINGS_TOKEN", self.value(token));
        command
    }

    pub(crate) fn run(&self, token: &str, arguments: &[&str]) -> (bool, String, String) {
        told(&self.command(token, arguments).stdin(Stdio::null()).output().unwrap())
    }

    /// What stands in a stream, from the first event to the last.
    fn all(&self, stream: &str) -> String {
        let (good, out, wrong) = self.run("ADMIN_TOKEN", &["tail", "--stream", stream, "--from", "0", "--until-end"]);
        assert!(good, "{wrong}");
        out
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidings"));
    // Whatever is set around the test is not meant for it.
    command.env_remove("TIDINGS_URL").env_remove("TIDINGS_TOKEN").env_remove("TIDINGS_CA");
    command
}

pub(crate) fn told(output: &Output) -> (bool, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.success(), text(&output.stdout), text(&output.stderr))
}

pub(crate) fn fresh_file(name: &str, text: &str) -> PathBuf {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let path = std::env::temp_dir().join(format!("tidings-commands-{}-{count}-{name}", std::process::id()));
    fs::write(&path, text).unwrap();
    path
}

fn login(number: usize) -> Value {
    json!({"event_type": "LOGIN", "ip_address": "203.0.113.9", "note": format!("number {number}")})
}

fn lines(drafts: impl IntoIterator<Item = Value>) -> String {
    drafts.into_iter().map(|draft| format!("{draft}\n")).collect()
}

fn notes(events: &str) -> Vec<String> {
    let note = |line: &str| serde_json::from_str::<Value>(line).unwrap()["note"].as_str().unwrap().to_owned();
    events.lines().map(note).collect()
}

fn expected_notes(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("number {number}")).collect()
}

#[test]
fn what_is_refused_is_named_and_the_rest_is_published_once() {
    let demo = Demo::start();
    let mut text = lines((0..20).map(login));
    text.insert_str(0, "rubbish\n\n");
    text.push_str(&lines([json!({"event_type": "LOGIN", "source": {"type": "user"}})]));
    let file = fresh_file("drafts.ndjson", &text);
    let path = file.to_str().unwrap();

    let (good, out, told) = demo.run("PUBLISH_TOKEN", &["publish", path, "--ids", "k", "--batch", "7"]);
    assert!(!good);
    assert_eq!(out, "published 20, 2 refused\n");
    assert!(told.contains("line 1: refused: is not JSON"), "{told}");
    assert!(told.contains("line 23: refused: `source.id` is missing"), "{told}");
    assert_eq!(notes(&demo.all("admin_logs_streaming")), expected_notes(20));

    let (good, out, _) = demo.run("PUBLISH_TOKEN", &["publish", path, "--ids", "k", "--json"]);
    let last: Value = serde_json::from_str(out.lines().last().unwrap()).unwrap();
    assert!(!good);
    assert_eq!((&last["published"], &last["known"], &last["refused"]), (&json!(0), &json!(20), &json!(2)));
    let refused: Value = serde_json::from_str(out.lines().next().unwrap()).unwrap();
    assert_eq!((&refused["line"], &refused["refused"]["field"]), (&json!(1), &json!("")));

    let (good, out, _) =
        demo.run("PUBLISH_TOKEN", &["publish", path, "--ids", "k", "--from-line", "22", "--batch", "1"]);
    assert!(!good);
    assert_eq!(out, "published 0, 1 already known, 1 refused\n");
    fs::remove_file(file).unwrap();
}

#[test]
fn a_tail_prints_what_comes_while_it_waits() {
    let demo = Demo::start();
    for stream in ["admin_logs_streaming", "admin_logs"] {
        let publish = |number| {
            let mut command = demo.command("PUBLISH_TOKEN", &["publish"]);
            let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
            child.stdin.take().unwrap().write_all(lines([login(number)]).as_bytes()).unwrap();
            assert!(child.wait().unwrap().success());
        };
        publish(1);
        let mut command = demo.command("ADMIN_TOKEN", &["tail", "--stream", stream, "--from", "0"]);
        let mut tail = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::new(tail.stdout.take().unwrap());
        let mut line = String::new();
        // It is there; from now on it waits.
        out.read_line(&mut line).unwrap();
        publish(2);
        while !line.contains("number 2") {
            line.clear();
            assert!(out.read_line(&mut line).unwrap() > 0, "the tail of {stream} ended");
        }
        tail.kill().unwrap();
        tail.wait().unwrap();
    }
}

#[test]
fn users_and_tokens_come_and_go() {
    let demo = Demo::start();
    let admin = |arguments: &[&str]| demo.run("ADMIN_TOKEN", arguments);
    let json = |out: &str| serde_json::from_str::<Value>(out).unwrap();

    let (good, out, wrong) =
        admin(&["user", "add", "ann@halden.example", "--name", "Ann B", "--role", "coadmin", "--permissions", "users"]);
    assert!(good && out.contains("coadmin (users)"), "{out}{wrong}");
    assert!(admin(&["user", "edit", "ann@halden.example", "--name", "Ann C"]).0);
    let user = json(&admin(&["user", "show", "--json", "ann@halden.example"]).1);
    assert_eq!((&user["name"], &user["role"]), (&json!("Ann C"), &json!("coadmin")));
    assert!(!admin(&["user", "edit", "ann@halden.example"]).0);

    let made = json(&admin(&["token", "add", "ann@halden.example", "--scopes", "publish", "--json"]).1);
    let (id, secret) = (made["id"].as_str().unwrap(), made["access_token"].as_str().unwrap());
    assert!(admin(&["token", "list"]).1.contains(id));
    let publish = ["publish", "--token", secret];
    assert!(demo.run("USER_TOKEN", &publish).0);
    assert!(admin(&["token", "revoke", id]).0);
    let file = fresh_file("one.ndjson", &lines([login(1)]));
    let (good, _, wrong) = demo.run("USER_TOKEN", &["publish", file.to_str().unwrap(), "--token", secret]);
    assert!(!good && wrong.contains("does not know this token"), "{wrong}");
    fs::remove_file(file).unwrap();

    assert!(admin(&["user", "remove", "ann@halden.example"]).0);
    let (good, _, wrong) = admin(&["user", "show", "ann@halden.example"]);
    assert!(!good && wrong.contains("There is no user 'ann@halden.example'"), "{wrong}");
}

#[test]
fn faults_say_what_to_do() {
    let demo = Demo::start();
    let (good, _, wrong) = demo.run("USER_TOKEN", &["tail", "--stream", "admin_logs"]);
    assert!(!good && wrong.contains("neither an admin nor a co-admin"), "{wrong}");
    let (good, _, wrong) = demo.run("USER_TOKEN", &["tail", "--url", "http://127.0.0.1:1"]);
    assert!(!good && wrong.contains("Is the server running there?"), "{wrong}");
    let (good, _, wrong) = told(&program().args(["user", "list"]).output().unwrap());
    assert!(!good && wrong.contains("set TIDINGS_TOKEN"), "{wrong}");
    // Acting for somebody is judged by who that is.
    let (good, _, wrong) = demo.run("ADMIN_TOKEN", &["tail", "--stream", "admin_logs", "--as-user", MARA]);
    assert!(!good && wrong.contains("neither an admin"), "{wrong}");
}

/// A line to the server that breaks: of the answers on its first connections only so many bytes come through.
fn breaking_line(url: &str, bytes: &'static [u64]) -> String {
    let server = url.strip_prefix("http://").unwrap().to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let here = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for (number, near) in listener.incoming().enumerate() {
            let (Ok(near), Ok(far)) = (near, TcpStream::connect(&server)) else { return };
            let through = bytes.get(number).copied().unwrap_or(u64::MAX);
            carry(near, far, through);
        }
    });
    here
}

fn carry(near: TcpStream, far: TcpStream, through: u64) {
    let (mut near_in, mut far_out) = (near.try_clone().unwrap(), far.try_clone().unwrap());
    std::thread::spawn(move || {
        drop(std::io::copy(&mut near_in, &mut far_out));
        drop(far_out.shutdown(Shutdown::Write));
    });
    std::thread::spawn(move || {
        let (mut far, mut near) = (far, near);
        drop(std::io::copy(&mut Read::by_ref(&mut far).take(through), &mut near));
        if through < u64::MAX {
            // The request arrived and was answered; only the answer is lost. A byte of it shows that.
            drop(far.read(&mut [0]));
        }
        drop((near.shutdown(Shutdown::Both), far.shutdown(Shutdown::Both)));
    });
}

#[test]
fn an_answer_that_is_lost_makes_no_second_event() {
    let demo = Demo::start();
    // The first publish gets through; then answers are lost whole and in part.
    let line = breaking_line(&demo.url, &[450, 0, 10, 0]);
    let file = fresh_file("drafts.ndjson", &lines((0..10).map(login)));
    let arguments = ["publish", file.to_str().unwrap(), "--batch", "1", "--url", &line];
    let (good, out, wrong) = demo.run("PUBLISH_TOKEN", &arguments);
    assert!(good, "{out}{wrong}");
    assert!(out.contains("already known"), "nothing was lost on the way: {out}");
    assert_eq!(notes(&demo.all("admin_logs_streaming")), expected_notes(10));
    fs::remove_file(file).unwrap();
}

#[test]
fn a_page_that_is_cut_is_neither_lost_nor_printed_twice() {
    let demo = Demo::start();
    let file = fresh_file("drafts.ndjson", &lines((0..2_100).map(login)));
    assert!(demo.run("PUBLISH_TOKEN", &["publish", file.to_str().unwrap()]).0);
    // The first page is about 190 kB; later ones are cut within, again and again.
    let line = breaking_line(&demo.url, &[300_000, 100_000, 0, 250_000, 1_000]);
    let arguments = ["tail", "--stream", "admin_logs_streaming", "--from", "0", "--until-end", "--url", &line];
    let (good, out, told) = demo.run("ADMIN_TOKEN", &arguments);
    assert!(good, "{told}");
    assert!(told.contains("Trying again"), "nothing was cut: {told}");
    assert_eq!(notes(&out), expected_notes(2_100));
    assert_eq!(out, demo.all("admin_logs_streaming"));
    fs::remove_file(file).unwrap();
}
