//! The real program over TLS: a server with a certificate of its own making, and the commands that trust it.

use crate::commands::{fresh_file, program, told};
use rcgen::generate_simple_self_signed;
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};

/// A server, ended when dropped.
struct Secret(Child);

impl Drop for Secret {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Starts a server with these files, and waits until it serves: its URL and the first token.
fn serve(folder: &Path) -> (Secret, String, String) {
    let env_file = folder.join("env");
    let mut command = program();
    command.args(["serve", "--data", "memory:", "--listen", "127.0.0.1:0", "--env"]).arg(&env_file);
    command.arg("--tls-certificate").arg(folder.join("server.pem")).arg("--tls-key").arg(folder.join("server.key"));
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    let url = out.lines().find_map(|line| line.unwrap().strip_prefix("Serving on ").map(str::to_owned)).unwrap();
    let text = fs::read_to_string(&env_file).unwrap();
    let token = text.lines().find_map(|line| line.strip_prefix("ADMIN_TOKEN=")).unwrap().to_owned();
    (Secret(child), url, token)
}

#[test]
fn commands_publish_and_follow_over_tls() {
    let folder = tempfile::tempdir().unwrap();
    let pair = generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let certificate = folder.path().join("server.pem");
    fs::write(&certificate, pair.cert.pem()).unwrap();
    fs::write(folder.path().join("server.key"), pair.signing_key.serialize_pem()).unwrap();
    let (_server, url, token) = serve(folder.path());
    assert!(url.starts_with("https://127.0.0.1:"), "{url}");
    let run = |ca: Option<&Path>, arguments: &[&str]| {
        let mut command = program();
        command.args(arguments).env("TIDINGS_URL", &url).env("TIDINGS_TOKEN", &token).stdin(Stdio::null());
        if let Some(ca) = ca {
            command.arg("--ca").arg(ca);
        }
        told(&command.output().unwrap())
    };
    let drafts = fresh_file("drafts.ndjson", "{\"event_type\":\"LOGIN\",\"ip_address\":\"203.0.113.9\"}\n");
    let publish = ["publish", drafts.to_str().unwrap()];
    let (good, _, wrong) = run(None, &publish);
    assert!(!good && wrong.contains("--ca"), "a stranger's certificate is not trusted: {wrong}");
    let (good, out, wrong) = run(Some(&certificate), &publish);
    assert!(good && out == "published 1\n", "{out}{wrong}");
    let follow = ["tail", "--stream", "admin_logs_streaming", "--from", "0", "--until-end"];
    let (good, out, wrong) = run(Some(&certificate), &follow);
    let event: Value = serde_json::from_str(out.lines().next().unwrap_or_default()).unwrap();
    assert!(good && event["event_type"] == "LOGIN", "{out}{wrong}");
    let (good, _, wrong) = run(Some(&drafts), &follow);
    assert!(!good && wrong.contains("holds no certificate in PEM"), "{wrong}");
    fs::remove_file(drafts).unwrap();
}

#[test]
fn a_server_without_its_certificate_does_not_start() {
    let serve = |arguments: &[&str]| {
        told(
            &program()
                .args(["serve", "--data", "memory:", "--listen", "127.0.0.1:0"])
                .args(arguments)
                .output()
                .unwrap(),
        )
    };
    let (good, _, wrong) = serve(&["--tls-certificate", "nowhere.pem"]);
    assert!(!good && wrong.contains("tls-key is not; give both"), "{wrong}");
    let (good, _, wrong) = serve(&["--tls-certificate", "nowhere.pem", "--tls-key", "nowhere.key"]);
    assert!(!good && wrong.contains("no TLS: nowhere.pem: cannot be read"), "{wrong}");
}
