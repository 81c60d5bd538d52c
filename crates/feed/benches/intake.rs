//! How long intake takes for an event: `cargo bench -p feed --bench intake`; `-- hearers` measures only what has that word
//! in its name, `-- --intake-only` nothing beside it.
//!
//! The events are the samples, so the sizes are those of real ones. For comparison the same bytes are read by
//! `serde_json`: once over without looking, and level by level as far as intake has to look.

#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

use feed::catalogue::Catalogue;
use feed::id::EnterpriseId;
use feed::intake::{self, Format, Rules};
use feed::time::Second;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Instant;

const ROUNDS: u32 = 200;

fn main() {
    let only = std::env::args().any(|arg| arg == "--intake-only");
    let wanted = std::env::args().skip(1).find(|arg| !arg.starts_with("--")).unwrap_or_default();
    let user = include_str!("../tests/feed/samples/user-events.ndjson");
    let enterprise = include_str!("../tests/feed/samples/enterprise-events.ndjson");
    let whole: String =
        user.lines().filter(|line| line.contains("path_collection")).map(|line| format!("{line}\n")).collect();
    let enveloped: String = whole.lines().map(|line| format!("{{\"user\":{line}}}\n")).collect();
    let heard: String = whole
        .lines()
        .map(|line| format!("{{\"user\":{line},\"audience\":[\"30001\",\"30002\",\"4711\",\"815\",\"31999\"]}}\n"))
        .collect();
    let (catalogue, publisher) = (Catalogue::standard(), EnterpriseId::new("884422").expect("an id"));
    let rules = Rules { catalogue: &catalogue, enterprise: &publisher };
    for (name, lines) in [
        ("user events with a whole item", &whole),
        ("the same in envelopes, both renderings", &enveloped),
        ("the same, with five hearers named", &heard),
        ("enterprise events", &enterprise.to_owned()),
    ] {
        if !name.contains(&wanted) {
            continue;
        }
        let body = lines.repeat(20);
        let count = body.lines().count();
        println!("{name}: {} bytes an event", body.len() / count);
        measure("intake", count, || {
            let mut ids = || [7; 20];
            let events = intake::read(body.as_bytes(), Format::Ndjson, &rules, Second(1_747_216_800), &mut ids);
            assert_eq!(black_box(events).map(|events| events.len()), Ok(count));
        });
        if only {
            continue;
        }
        measure("serde_json, only valid", count, || {
            body.lines().for_each(|line| {
                black_box(serde_json::from_str::<IgnoredAny>(line).is_ok());
            });
        });
        measure("serde_json, level by level", count, || body.lines().for_each(|line| level(line, 4)));
    }
}

/// Reads an object and the objects in it, each level again, as raw values force one to.
fn level(text: &str, levels: u32) {
    let Ok(members) = serde_json::from_str::<BTreeMap<&str, &RawValue>>(text) else { return };
    for value in black_box(members).into_values() {
        if levels > 1 && value.get().starts_with('{') {
            level(value.get(), levels - 1);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
fn measure(what: &str, count: usize, mut run: impl FnMut()) {
    let mut best = f64::INFINITY;
    for _ in 0..5 {
        let start = Instant::now();
        (0..ROUNDS).for_each(|_| run());
        best = best.min(start.elapsed().as_secs_f64());
    }
    println!("  {what:28} {:6.2} us an event", best * 1e6 / f64::from(ROUNDS) / count as f64);
}
