//! The reference of publishing: plain appending. The bytes that readers will get, written and synced, and nothing else:
//! no server, no checks, no indexes.

use super::events::{Deeds, Serials};
use crate::clock::{Clock, Stopwatch, SystemClock};
use feed::catalogue::Catalogue;
use feed::id::EnterpriseId;
use feed::intake::{self, Format, Rules};
use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Duration;

/// Events in one write, which is synced before the next.
const BATCH: usize = 500;
/// Different batches.
const BATCHES: usize = 16;
/// The file is this large from the start, so that no write makes it grow; at its end writing goes on at its start.
const FILE_BYTES: u64 = 128 * 1024 * 1024;

/// A file and what is appended to it.
pub(super) struct Plain {
    file: File,
    batches: Vec<Vec<u8>>,
    at: u64,
    next: usize,
}

impl Plain {
    /// Makes the file in a folder, and renders the events.
    pub(super) fn make(folder: &Path, deeds: &mut Deeds) -> Result<Self, String> {
        let failed = |why: std::io::Error| format!("the file for plain appending cannot be written: {why}");
        let mut file = File::create_new(folder.join("plain")).map_err(failed)?;
        // Written once over, blocks are there for good; a file merely said to be large would still have to get them.
        let zeros = vec![0; 1024 * 1024];
        for _ in 0..FILE_BYTES / zeros.len() as u64 {
            file.write_all(&zeros).map_err(failed)?;
        }
        file.sync_all().map_err(failed)?;
        let mut batches = Vec::with_capacity(BATCHES);
        for _ in 0..BATCHES {
            batches.push(rendered(deeds)?);
        }
        Ok(Plain { file, batches, at: 0, next: 0 })
    }

    /// Appends for so long, and answers events a second.
    pub(super) fn run(&mut self, span: Duration) -> Result<f64, String> {
        let watch = Stopwatch::start();
        let mut events = 0;
        while watch.elapsed() < span {
            self.append().map_err(|why| format!("plain appending failed: {why}"))?;
            events += BATCH;
        }
        Ok(events as f64 / watch.elapsed().as_secs_f64())
    }

    fn append(&mut self) -> std::io::Result<()> {
        let batch = &self.batches[self.next % BATCHES];
        self.next += 1;
        let length = batch.len() as u64;
        if FILE_BYTES < self.at + length {
            self.at = 0;
        }
        self.file.seek(SeekFrom::Start(self.at))?;
        self.file.write_all(batch)?;
        self.at += length;
        self.file.sync_data()
    }
}

/// Bytes of an event of this seed, as readers get them in both feeds together: the mean.
pub(super) fn event_bytes(seed: u64) -> Result<usize, String> {
    Ok(rendered(&mut Deeds::of(seed))?.len() / BATCH)
}

/// The renderings of the next events, one after the other.
fn rendered(deeds: &mut Deeds) -> Result<Vec<u8>, String> {
    let enterprise = EnterpriseId::new("1").expect("a digit is visible ASCII");
    let rules = Rules { catalogue: &Catalogue::standard(), enterprise: &enterprise };
    let now = SystemClock.now();
    let body = deeds.bundle(BATCH).fresh(&Serials::default(), now);
    let events = intake::read(&body, Format::Ndjson, &rules, now, &mut || [0; 20]);
    let events = events.map_err(|refused| format!("made-up events were refused: {refused}"))?;
    let renderings = events.into_iter().flat_map(|event| [event.user, event.enterprise]).flatten();
    Ok(renderings.flat_map(|rendering| rendering.bytes).collect())
}
