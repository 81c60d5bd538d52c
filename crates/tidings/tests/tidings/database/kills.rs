//! Processes and the database itself are killed (`kill -9`).

use super::{Stage, cluster, folder, is_missing, postgres, postmaster, signal};
use std::path::Path;

const NAME: &str = "kills";

/// Kills the database as a power cut would, and starts it again.
fn kill_database(folder: &Path) {
    signal(postmaster(folder), "-9");
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

#[test]
fn what_was_acknowledged_outlives_kills_of_processes_and_of_the_database() {
    if is_missing() {
        return;
    }
    let database = cluster(NAME, "");
    let data = database.url("postgres");
    let mut stage = Stage::set(NAME, &[&data, &data, &data], &[]);
    let Stage { processes, scene, env, .. } = &mut stage;
    let outcome = scene.play(|acknowledged| {
        acknowledged.phase();
        for (number, process) in processes.iter_mut().enumerate().take(2) {
            process.kill();
            acknowledged.phase();
            *process = super::Process::start(&data, env);
            scene.moved(number, &process.url);
            acknowledged.phase();
        }
        kill_database(&folder(NAME));
        acknowledged.phase();
    });
    println!("{} acknowledged, each read once in every stream; {} sent again", outcome.acknowledged, outcome.refused);
}
