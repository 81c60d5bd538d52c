//! Plays random histories on the services, as the tests do, but as many as you like:
//! `cargo run --release -p tidings --example histories -- 10000`, or a range of seeds such as `17..18`.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test that is run by hand")]

#[path = "../tests/tidings/histories/mod.rs"]
mod histories;

fn main() {
    let asked = std::env::args().nth(1).unwrap_or_else(|| "10000".to_owned());
    let (from, to) = asked.split_once("..").unwrap_or(("0", &asked));
    println!("{}", histories::play_all(from.parse().unwrap()..to.parse().unwrap()));
}
