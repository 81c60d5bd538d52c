//! Plays the histories of `tests/store/faults.rs` for more seeds than the ordinary test run does.
//!
//! ```text
//! cargo run --release -p store --example fault_seeds -- FROM TO
//! ```
//!
//! It names the seeds that fail, with what was found, and ends with an error if there are any.

#![expect(dead_code, unused_imports, unused_macros, reason = "it takes what it needs from the modules of the tests")]
#![expect(clippy::unwrap_used, clippy::print_stderr, clippy::print_stdout, reason = "it is a test with another entry")]

#[path = "../tests/store/contract/mod.rs"]
mod contract;
#[path = "../tests/store/deed.rs"]
mod deed;
#[path = "../tests/store/disk.rs"]
mod disk;
#[path = "../tests/store/faults.rs"]
mod faults;
#[path = "../tests/store/histories/mod.rs"]
mod histories;
#[path = "../tests/store/keeper.rs"]
mod keeper;
#[path = "../tests/store/trial.rs"]
mod trial;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments: Vec<u64> = std::env::args().skip(1).filter_map(|text| text.parse().ok()).collect();
    let [from, to] = arguments[..] else {
        println!("fault_seeds FROM TO");
        return;
    };
    let (mut sum, mut failed) = (faults::Tally::default(), Vec::new());
    for seed in from..to {
        // A task of its own, so that a panic ends only this seed.
        match tokio::spawn(faults::run(seed..seed + 1)).await {
            Ok(tally) => sum = sum.and(tally),
            Err(_) => failed.push(seed),
        }
    }
    println!("{} seeds, {sum:?}", to - from);
    if !failed.is_empty() {
        println!("failed: {failed:?}");
        std::process::exit(1);
    }
}
