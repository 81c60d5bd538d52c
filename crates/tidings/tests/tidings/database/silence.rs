//! Connections that fall silent: nothing is lost or repeated, nobody waits for ever, and readiness tells the truth.

use super::session::Session;
use super::{Stage, cluster, free_port, is_missing, signal};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};

/// Passes bytes on between clients and a server, unless it is paused.
struct Proxy {
    port: u16,
    paused: Arc<(Mutex<bool>, Condvar)>,
}

impl Proxy {
    fn start(server: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let paused = Arc::new((Mutex::new(false), Condvar::new()));
        let both = paused.clone();
        // It ends with the process of the tests.
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(server) = TcpStream::connect(("127.0.0.1", server)) else { continue };
                for (from, to) in [(&client, &server), (&server, &client)] {
                    let (from, to, paused) = (from.try_clone().unwrap(), to.try_clone().unwrap(), both.clone());
                    std::thread::spawn(move || pass_on(from, to, &paused));
                }
            }
        });
        Proxy { port, paused }
    }

    fn pause(&self, pause: bool) {
        *self.paused.0.lock().unwrap() = pause;
        self.paused.1.notify_all();
    }
}

fn pass_on(mut from: TcpStream, mut to: TcpStream, (paused, resumed): &(Mutex<bool>, Condvar)) {
    let mut bytes = [0; 16 << 10];
    while let Ok(length @ 1..) = from.read(&mut bytes) {
        drop(resumed.wait_while(paused.lock().unwrap(), |paused| *paused).unwrap());
        if to.write_all(&bytes[..length]).is_err() {
            break;
        }
    }
    drop(to.shutdown(Shutdown::Write));
}

#[test]
fn connections_that_are_paused_lose_and_repeat_nothing() {
    if is_missing() {
        return;
    }
    let port = free_port();
    let database = cluster("silence", &format!("-c listen_addresses=127.0.0.1 -c port={port}"));
    let proxy = Proxy::start(port);
    let [direct, proxied] = [port, proxy.port].map(|port| format!("postgres://postgres@127.0.0.1:{port}/postgres"));
    let stage = Stage::set("silence", &[&direct, &proxied], &["--database-timeout", "2"]);
    let scene = &stage.scene;
    let outcome = scene.play(|acknowledged| {
        acknowledged.phase();
        proxy.pause(true);
        // Whatever was asked is given up: publishers and readers come to the other process in the end.
        acknowledged.batches(8);
        assert_eq!(scene.status(0, "/health/ready"), 200);
        assert_eq!(scene.status(1, "/health/ready"), 503);
        proxy.pause(false);
        let mut looking = Session::open(&direct);
        while scene.status(1, "/health/ready") != 200 {
            looking.pause();
        }
        acknowledged.phase();
    });
    println!("{} acknowledged, each read once in every stream; {} sent again", outcome.acknowledged, outcome.refused);
    drop(database);
}

#[test]
fn a_database_whose_processes_are_stopped_loses_and_repeats_nothing() {
    if is_missing() {
        return;
    }
    let database = cluster("stopped-database", "");
    let data = database.url("postgres");
    let stage = Stage::set("stopped-database", &[&data, &data], &["--database-timeout", "2"]);
    let scene = &stage.scene;
    let outcome = scene.play(|acknowledged| {
        acknowledged.phase();
        let mut looking = Session::open(&data);
        let backends = looking.ask("SELECT pid FROM pg_stat_activity WHERE application_name = 'tidings'");
        let backends: Vec<u32> = backends.iter().map(|pid| pid.parse().unwrap()).collect();
        assert!(backends.len() > 2);
        backends.iter().for_each(|pid| signal(*pid, "-STOP"));
        // One of them may hold the head, and nobody can make it let go.
        assert_eq!(scene.status(0, "/2.0/events?stream_type=admin_logs"), 503);
        backends.iter().for_each(|pid| signal(*pid, "-CONT"));
        acknowledged.phase();
        assert_eq!([0, 1].map(|number| scene.status(number, "/health/ready")), [200, 200]);
    });
    println!("{} acknowledged, each read once in every stream; {} sent again", outcome.acknowledged, outcome.refused);
}
