//! The reference of publishing: plain appending. The bytes that readers will get, written and synced, and nothing else:
//! no server, no checks, no indexes.
//!
//! It is what a log would do: a fresh file whose space was taken from the disk before, written from its beginning to its
//! end, and then the next. A file that is written over and over would be kinder still, because its pages are in memory and
//! its blocks have been written before; but no log that keeps anything can do that.

use super::events::{Deeds, Serials};
use super::rendered::{Intake, bytes};
use crate::clock::Stopwatch;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Events in one write, which is synced before the next.
pub(super) const BATCH: usize = 500;
/// Different batches.
const BATCHES: usize = 16;
/// The space of a file.
const FILE_BYTES: u64 = 256 << 20;

/// Files, and what is appended to them.
pub(super) struct Plain {
    folder: PathBuf,
    file: File,
    at: u64,
    /// How many files there were; the last is the one being written.
    files: usize,
    batches: Vec<Vec<u8>>,
    next: usize,
}

impl Plain {
    /// Makes the first file in a folder, and renders the events.
    pub(super) fn make(folder: &Path, deeds: &mut Deeds) -> Result<Self, String> {
        let folder = folder.join("plain");
        let made = std::fs::create_dir(&folder).and_then(|()| fresh_file(&folder, 0));
        let file = made.map_err(|why| failed(&why))?;
        let (intake, serials) = (Intake::new(), Serials::default());
        let batches = (0..BATCHES).map(|_| Ok(bytes(&intake.read(&deeds.bundle(BATCH), &serials)?)));
        let batches = batches.collect::<Result<_, String>>()?;
        Ok(Plain { folder, file, at: 0, files: 1, batches, next: 0 })
    }

    /// Appends for so long, and answers events a second.
    pub(super) fn run(&mut self, span: Duration) -> Result<f64, String> {
        self.clear()?;
        let watch = Stopwatch::start();
        let mut events = 0;
        while watch.elapsed() < span {
            let batch = std::mem::take(&mut self.batches[self.next % BATCHES]);
            let written = self.append(&batch);
            self.batches[self.next % BATCHES] = batch;
            self.next += 1;
            written?;
            events += BATCH;
        }
        Ok(events as f64 / watch.elapsed().as_secs_f64())
    }

    /// Appends these bytes, and syncs them.
    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.write(bytes).map_err(|why| failed(&why))
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if FILE_BYTES < self.at + bytes.len() as u64 {
            self.file = fresh_file(&self.folder, self.files)?;
            self.files += 1;
            self.at = 0;
        }
        self.file.write_all(bytes)?;
        self.at += bytes.len() as u64;
        self.file.sync_data()
    }

    /// Removes the files that are full. Whatever that costs the disk is over before anything is timed.
    fn clear(&mut self) -> Result<(), String> {
        let cleared = || {
            for number in 0..self.files - 1 {
                match std::fs::remove_file(self.folder.join(number.to_string())) {
                    Err(why) if why.kind() != io::ErrorKind::NotFound => return Err(why),
                    _ => {}
                }
            }
            File::open(&self.folder)?.sync_all()
        };
        cleared().map_err(|why| failed(&why))
    }
}

fn failed(why: &io::Error) -> String {
    format!("plain appending failed: {why}")
}

/// A file with its space taken.
fn fresh_file(folder: &Path, number: usize) -> io::Result<File> {
    let file = File::create_new(folder.join(number.to_string()))?;
    // Elsewhere there is no such call, and the file grows as it is written.
    #[cfg(target_os = "linux")]
    rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, FILE_BYTES)?;
    file.sync_all()?;
    File::open(folder)?.sync_all()?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::bench::place::Place;

    #[test]
    fn it_goes_on_in_fresh_files_and_removes_the_full_ones() {
        let place = Place::make("memory:", None).unwrap();
        let mut plain = Plain::make(place.folder(), &mut Deeds::of(1)).unwrap();
        let half = vec![7; FILE_BYTES as usize / 2 + 1];
        for _ in 0..3 {
            plain.append(&half).unwrap();
        }
        let here = |number: &str| place.folder().join("plain").join(number).exists();
        assert!(here("0") && here("1") && here("2"));
        plain.clear().unwrap();
        assert!(!here("0") && !here("1") && here("2"));
    }
}
