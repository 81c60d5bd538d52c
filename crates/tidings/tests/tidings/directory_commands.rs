//! The commands about the directory: the real program, typed against a store that is being served, and against one that
//! is not.

use crate::commands::{fresh_file, program, told};
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Two companies. Ann and Bob are of the first; Olaf, of the second, is let in on a folder of theirs.
const COMPANIES: &str = r#"
[[enterprises]]
id = "700"
name = "Brightmoor"
users = [
  { id = "701", name = "Ann", login = "ann@brightmoor.example", role = "admin" },
  { id = "702", name = "Bob", login = "bob@brightmoor.example" },
]
groups = [{ id = "70", name = "Sales", members = ["bob@brightmoor.example"] }]
items = [{ id = "31", parent = "0", owner = "701" }, { id = "32", parent = "31" }]
collaborations = [{ id = "40", item = "31", group = "70" }, { id = "41", item = "32", user = "801" }]
synced = [{ user = "702", folder = "31" }]

[[enterprises]]
id = "800"
name = "Other"
users = [{ id = "801", name = "Olaf", login = "olaf@other.example", role = "admin" }]
"#;

/// A server over a store on disk, ended when dropped.
struct Served {
    child: Child,
    url: String,
    /// What it said before it served.
    said: String,
}

impl Served {
    fn start(data: &Path, more: &[&str]) -> Self {
        let mut command = program();
        command.args(["serve", "--listen", "127.0.0.1:0", "--log-level", "error", "--data"]).arg(data).args(more);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(|line| line.unwrap());
        let mut served = Served { child, url: String::new(), said: String::new() };
        for line in lines.by_ref() {
            if let Some(url) = line.strip_prefix("Serving on ") {
                served.url = url.to_owned();
                break;
            }
            served.said.push_str(&line);
            served.said.push('\n');
        }
        assert!(!served.url.is_empty(), "it did not serve: {}", served.said);
        served
    }

    /// The token that follows this line of what it said.
    fn token_after(&self, line: &str) -> String {
        let rest = self.said.split_once(line).unwrap_or_else(|| panic!("{}", self.said)).1;
        let tokens = rest.split_once("with every scope:\n").unwrap().1;
        tokens.lines().next().unwrap().trim().to_owned()
    }

    fn run(&self, token: &str, arguments: &[&str]) -> (bool, String, String) {
        let mut command = program();
        command.args(arguments).env("TIDINGS_URL", &self.url).env("TIDINGS_TOKEN", token);
        told(&command.stdin(Stdio::null()).output().unwrap())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A folder for a store, removed when dropped.
struct Store(PathBuf);

impl Store {
    fn new(name: &str) -> Self {
        let path = fresh_file(name, "");
        fs::remove_file(&path).unwrap();
        Store(path)
    }

    /// A command of the operator's: the same whether the store is being served or not.
    fn operator(&self, arguments: &[&str]) -> (bool, String, String) {
        told(&program().args(arguments).arg("--data").arg(&self.0).stdin(Stdio::null()).output().unwrap())
    }

    fn exported(&self) -> Value {
        let (good, out, wrong) = self.operator(&["directory", "export"]);
        assert!(good, "{wrong}");
        serde_json::from_str(&out).unwrap()
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

#[test]
fn a_store_begins_with_a_directory_file_and_comes_out_as_it_went_in() {
    let file = fresh_file("companies.toml", COMPANIES);
    let path = file.to_str().unwrap();
    let (first, second) = (Store::new("first"), Store::new("second"));
    let served = Served::start(&first.0, &["--directory", path]);
    assert!(served.said.contains("The directory took 14 changes."), "{}", served.said);
    let ann = served.token_after("Brightmoor (id 700)");
    let olaf = served.token_after("Other (id 800)");
    assert!(served.run(&ann, &["user", "list"]).1.contains("bob@brightmoor.example"));
    assert!(!served.run(&olaf, &["user", "list"]).1.contains("brightmoor"));
    let out = first.exported();
    drop(served);

    let again = Served::start(&first.0, &["--directory", path]);
    assert_eq!(again.said, "The directory took 0 changes.\n");
    drop(again);
    // Now nobody serves it; the operator asks the store itself.
    assert_eq!(first.exported(), out);

    let all = fresh_file("all.json", &out.to_string());
    drop(Served::start(&second.0, &["--directory", all.to_str().unwrap()]));
    assert_eq!(second.exported(), out);
    let bad = fresh_file("bad.toml", &COMPANIES.replace("parent = \"31\"", "parent = \"32\""));
    let (good, _, wrong) = second.operator(&["directory", "import", bad.to_str().unwrap()]);
    assert!(!good && wrong.contains("enterprise 700: items[1] '32': it would lie in itself"), "{wrong}");
    assert_eq!(second.exported(), out);
    for file in [file, all, bad] {
        fs::remove_file(file).unwrap();
    }
}

#[test]
fn the_operator_looks_after_enterprises_served_or_not() {
    let store = Store::new("operated");
    let served = Served::start(&store.0, &["--enterprise-id", "1", "--enterprise-name", "First"]);
    let first = served.token_after("First (id 1)");
    let add = ["enterprise", "add", "700", "--name", "Brightmoor", "--admin-login", "ann@brightmoor.example"];
    let (good, out, wrong) = store.operator(&add);
    assert!(good && out.contains("ann@brightmoor.example"), "{out}{wrong}");
    let ann = out.lines().last().unwrap().trim().to_owned();
    assert!(served.run(&ann, &["user", "list"]).1.contains("ann@brightmoor.example"));
    let (good, _, wrong) = store.operator(&add);
    assert!(!good && wrong.contains("The enterprise 700 exists already."), "{wrong}");
    let (good, out, wrong) = store.operator(&["enterprise", "edit", "700", "--opted-in", "yes", "--json"]);
    assert!(good, "{wrong}");
    assert_eq!(serde_json::from_str::<Value>(&out).unwrap()["opted_in"], true);
    let log = served.run(&ann, &["tail", "--stream", "admin_logs_streaming", "--from", "0", "--until-end"]).1;
    let types: Vec<Value> =
        log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["event_type"].take()).collect();
    let token_made = "USER_AUTHENTICATE_OAUTH2_ACCESS_TOKEN_CREATE";
    let expected = ["ENTERPRISE_ADDED", "NEW_USER", "CHANGE_ADMIN_ROLE", token_made, "ENTERPRISE_SETTINGS_CHANGED"];
    assert_eq!(types, expected.map(Value::from));
    // A token, on the other hand, is for one enterprise.
    let (good, out, _) = served.run(&first, &["enterprise", "show", "--json"]);
    assert!(good && out.contains("First") && !out.contains("Brightmoor"), "{out}");
    drop(served);

    let (good, out, wrong) = store.operator(&["enterprise", "list"]);
    assert!(good && out.contains("First") && out.contains("Brightmoor"), "{out}{wrong}");
    assert!(store.operator(&["enterprise", "edit", "700", "--name", "Brightmoor Ltd"]).0);
    assert!(store.operator(&["enterprise", "show", "700"]).1.contains("Brightmoor Ltd"));
    let (good, out, wrong) = store.operator(&["enterprise", "token", "700", "--json"]);
    assert!(good, "{wrong}");
    let token = serde_json::from_str::<Value>(&out).unwrap()["access_token"].as_str().unwrap().to_owned();
    let served = Served::start(&store.0, &["--enterprise-id", "1"]);
    assert!(served.run(&token, &["enterprise", "show"]).1.contains("Brightmoor Ltd"));
    let (good, _, wrong) = store.operator(&["enterprise", "token", "1", "--user", "nobody"]);
    assert!(!good && wrong.contains("There is no user 'nobody'"), "{wrong}");
}

#[test]
fn an_administrator_keeps_the_directory_by_commands() {
    let store = Store::new("administered");
    let served = Served::start(&store.0, &["--enterprise-id", "1"]);
    let token = served.token_after("(id 1)");
    let good = |arguments: &[&str]| {
        let (good, out, wrong) = served.run(&token, arguments);
        assert!(good, "{arguments:?}: {wrong}");
        out
    };
    let json = |arguments: &[&str]| -> Value {
        serde_json::from_str(good(arguments).lines().next().unwrap_or_default()).unwrap()
    };
    let bad = |arguments: &[&str], why: &str| {
        let (good, out, wrong) = served.run(&token, arguments);
        assert!(!good && wrong.contains(why), "{arguments:?}: {out}{wrong}");
    };

    good(&["user", "add", "ann@halden.example", "--name", "Ann"]);
    let ann = json(&["user", "show", "ann@halden.example", "--json"])["id"].as_str().unwrap().to_owned();
    good(&["user", "add", "bob@halden.example", "--name", "Bob"]);
    bad(&["user", "add", "ANN@halden.example", "--name", "Ann"], "already");

    good(&["group", "add", "Sales", "--id", "70"]);
    good(&["group", "join", "70", "bob@halden.example"]);
    good(&["group", "rename", "70", "Selling"]);
    assert!(good(&["group", "show", "70"]).contains("bob@halden.example"));
    assert!(good(&["group", "list"]).contains("Selling"));
    bad(&["group", "join", "71", "bob@halden.example"], "There is no group '71'");

    good(&["folder", "add", "--id", "31", "--name", "Plans", "--owner", "ann@halden.example"]);
    good(&["folder", "add", "--id", "32", "--parent", "31"]);
    bad(&["folder", "move", "31", "--parent", "32"], "would lie in itself");
    good(&["folder", "add", "--id", "33"]);
    assert_eq!(json(&["folder", "move", "33", "--parent", "32", "--json"])["path"], json!(["31", "32"]));
    assert_eq!(json(&["folder", "show", "31", "--json"])["owned_by"], json!(ann));

    good(&["collaboration", "add", "31", "--group", "70", "--id", "40", "--role", "viewer"]);
    bad(&["collaboration", "add", "31", "--group", "70"], "exists already");
    assert_eq!(json(&["collaboration", "edit", "40", "--role", "editor", "--json"])["role"], "editor");
    assert!(good(&["collaboration", "list", "--item", "31"]).contains("40"));
    good(&["sync", "add", "bob@halden.example", "31"]);
    assert!(good(&["sync", "list", "bob@halden.example"]).contains("31"));

    assert_eq!(json(&["enterprise", "edit", "--name", "Halden AS", "--json"])["name"], "Halden AS");
    assert!(good(&["enterprise", "show"]).contains("Halden AS"));

    // What Ann uploads far below is heard by Bob, on all three streams, because of all this.
    let draft = json!({
        "event_type": "ITEM_UPLOAD", "event_id": "the-upload", "created_by": {"type": "user", "id": ann},
        "source": {"type": "file", "id": "34", "name": "map", "parent": {"type": "folder", "id": "33", "name": "33"}},
    });
    let mut publish = Command::new(env!("CARGO_BIN_EXE_tidings"));
    publish.args(["publish", "--url", &served.url, "--token", &token]);
    let mut publish = publish.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    publish.stdin.take().unwrap().write_all(format!("{draft}\n").as_bytes()).unwrap();
    assert!(publish.wait().unwrap().success());
    let explained = good(&["explain", "the-upload", "--user", "bob@halden.example"]);
    assert!(explained.contains("let in on 31 by the collaboration 40 of the group 70"), "{explained}");
    let bobs = json(&["token", "add", "bob@halden.example", "--json"])["access_token"].as_str().unwrap().to_owned();
    for stream in ["all", "changes", "sync"] {
        let out = served.run(&bobs, &["tail", "--stream", stream, "--from", "0", "--until-end"]).1;
        assert!(out.contains("the-upload"), "{stream}: {out}");
    }

    let all = fresh_file("all.json", &good(&["directory", "export"]));
    assert_eq!(good(&["directory", "import", all.to_str().unwrap()]), "0 changes\n");
    let several = fresh_file("several.json", r#"{"enterprises":[{"id":"1"},{"id":"2"}]}"#);
    bad(&["directory", "import", several.to_str().unwrap()], "give --data, as the operator");
    let nonsense = fresh_file("nonsense.toml", "users = 7");
    bad(&["directory", "import", nonsense.to_str().unwrap()], "is no directory");
    for file in [all, several, nonsense] {
        fs::remove_file(file).unwrap();
    }

    good(&["sync", "remove", "bob@halden.example", "31"]);
    good(&["collaboration", "remove", "40"]);
    good(&["group", "leave", "70", "bob@halden.example"]);
    good(&["group", "remove", "70"]);
    bad(&["group", "show", "70"], "There is no group '70'");
    bad(&["collaboration", "show", "40"], "There is no collaboration '40'");
    bad(&["sync", "remove", "bob@halden.example", "31"], "There is no synced folder '31'");
}
