//! A primary with a synchronous standby is lost, and the standby takes its place.

use super::postgres::{Cluster, program, somebody};
use super::session::Session;
use super::{Stage, cluster, folder, free_port, is_missing, postmaster, signal};
use std::os::unix::fs::chown;
use std::path::Path;

/// A standby of the server that listens on this port, started.
fn standby_of(primary: u16, settings: &str) -> Cluster {
    let own = folder("standby");
    std::fs::create_dir(&own).unwrap();
    let user = somebody(&own);
    if let Some((user, group)) = user {
        chown(&own, Some(user), Some(group)).unwrap();
    }
    let mut copy = program("pg_basebackup", user).unwrap();
    copy.args(["--write-recovery-conf", "--checkpoint=fast", "--no-sync", "--pgdata"]).arg(own.join("data"));
    copy.arg("--dbname").arg(format!("host=127.0.0.1 port={primary} user=postgres"));
    assert!(copy.status().unwrap().success());
    Cluster::run(&own, settings).unwrap()
}

#[test]
fn what_was_acknowledged_is_on_the_standby_that_takes_the_place_of_a_lost_primary() {
    if is_missing() {
        return;
    }
    let [first, second] = [free_port(), free_port()];
    let settings = |port: u16| format!("-c listen_addresses=127.0.0.1 -c port={port}");
    let user = somebody(Path::new("/proc/self"));
    let primary = cluster("primary", &settings(first));
    let address = |ports: &[u16]| {
        let hosts: Vec<String> = ports.iter().map(|port| format!("127.0.0.1:{port}")).collect();
        format!("postgres://postgres@{}/postgres?target_session_attrs=read-write", hosts.join(","))
    };
    let only_first = address(&[first]);

    let standby = standby_of(first, &settings(second));
    let mut looking = Session::open(&only_first);
    looking.ask("ALTER SYSTEM SET synchronous_standby_names = '*'");
    looking.ask("SELECT pg_reload_conf()");
    looking.until("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'", "1");
    looking.until("SHOW synchronous_standby_names", "*");

    // Every process is told of both, whichever of them is the primary; the order does not matter.
    let (forth, back) = (address(&[first, second]), address(&[second, first]));
    let stage = Stage::set("standby", &[&forth, &back, &forth], &[]);
    let scene = &stage.scene;
    let outcome = scene.play(|acknowledged| {
        acknowledged.phase();
        signal(postmaster(&folder("primary")), "-9");
        // Nothing was acknowledged that the standby does not have.
        let mut promote = program("pg_ctl", user).unwrap();
        promote.args(["-w", "-s", "promote", "-D"]).arg(folder("standby").join("data"));
        assert!(promote.status().unwrap().success());
        acknowledged.phase();
        acknowledged.phase();
    });
    println!(
        "{} acknowledged before and after the fail-over, each read once in every stream; {} sent again",
        outcome.acknowledged, outcome.refused
    );
    drop((stage, standby, primary));
}
