//! The files of reports: where they are kept, how they get there, and how they are read.
//!
//! Each is written in a directory of this machine. If other processes share the store, it is then put on the store's shelf
//! under a name of its own making: two processes that make the same report, one of which was taken for dead, do not mix
//! their files, and what counts is what the record names.

use super::manifest::MANIFEST;
use super::run::Stop;
use super::{Services, aside};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use store::ledger::Unavailable;
use store::report_store::{REPORT_PIECE_BYTES, ReportRecord, ReportStore};

/// A file of a report being read.
pub struct ReportFile {
    /// Its name.
    pub name: String,
    /// How long it is, in bytes.
    pub bytes: u64,
    source: Source,
}

/// Where a file is read from.
enum Source {
    File(Arc<File>),
    Shelf { reports: Arc<dyn ReportStore>, report: String, file: String, next: u32 },
}

impl ReportFile {
    /// The next piece of it; empty at its end.
    ///
    /// # Errors
    /// When the disk or the store does not give it.
    pub async fn next_piece(&mut self) -> io::Result<Vec<u8>> {
        match &mut self.source {
            Source::File(file) => {
                let file = file.clone();
                aside(move || next_of(&file)).await
            }
            Source::Shelf { reports, report, file, next } => {
                let Some(shelf) = reports.shelf() else { return Err(io::Error::other("the store has no shelf")) };
                let piece = shelf.piece(report, file, *next).await.map_err(io::Error::other)?;
                *next += 1;
                Ok(piece.unwrap_or_default())
            }
        }
    }
}

fn next_of(mut file: &File) -> io::Result<Vec<u8>> {
    let mut piece = Vec::with_capacity(REPORT_PIECE_BYTES);
    Read::by_ref(&mut file).take(REPORT_PIECE_BYTES as u64).read_to_end(&mut piece)?;
    Ok(piece)
}

/// The name of a file of a report on the shelf: that of a part is the hash of what it holds, that of the manifest tells
/// when the report ended, which the manifest says, too.
fn on_shelf(record: &ReportRecord, name: &str) -> Option<String> {
    if name == MANIFEST {
        return record.ended_at.map(|ended_at| format!("manifest-{}", ended_at.0));
    }
    record.parts.iter().find(|part| part.name == name).map(|part| part.sha256.clone())
}

impl Services {
    /// Puts a file that is whole in this machine's directory on the shelf, if the store has one, and lets go of it here.
    pub(super) async fn shelve(&self, record: &ReportRecord, name: &str) -> Result<(), Stop> {
        let Some(shelf) = self.stores.reports.shelf() else { return Ok(()) };
        let Some(file) = on_shelf(record, name) else { return Ok(()) };
        let path = self.reports.dir_of(&record.id).join(name);
        let at = path.clone();
        let written = Arc::new(aside(move || File::open(at)).await?);
        for number in 0.. {
            let reading = written.clone();
            let piece = aside(move || next_of(&reading)).await?;
            if piece.is_empty() {
                break;
            }
            if !shelf.put_piece(&record.id, &file, number, &piece).await? {
                return Err(Stop::Left);
            }
        }
        Ok(aside(move || std::fs::remove_file(path)).await?)
    }

    /// Opens a file of a finished report; `None` if it is not there.
    pub(super) async fn open_file(&self, record: &ReportRecord, name: &str) -> Result<Option<ReportFile>, Unavailable> {
        let reports = &self.stores.reports;
        if let Some(shelf) = reports.shelf() {
            let Some(file) = on_shelf(record, name) else { return Ok(None) };
            let length = shelf.length(&record.id, &file).await?;
            return Ok(length.map(|bytes| {
                let source = Source::Shelf { reports: reports.clone(), report: record.id.clone(), file, next: 0 };
                ReportFile { name: name.to_owned(), bytes, source }
            }));
        }
        let path = self.reports.dir_of(&record.id).join(name);
        let opened = aside(move || File::open(path).and_then(|file| Ok((file.metadata()?.len(), file)))).await;
        // After a backup was put back the files of old reports are not there.
        let Ok((bytes, file)) = opened else { return Ok(None) };
        Ok(Some(ReportFile { name: name.to_owned(), bytes, source: Source::File(Arc::new(file)) }))
    }

    /// Removes all files of a report, and its directory.
    pub(super) async fn remove_files(&self, id: &str) {
        self.remove_directory(id).await;
        if let Some(shelf) = self.stores.reports.shelf()
            && let Err(why) = shelf.keep_only(id, &[]).await
        {
            tracing::warn!(%why, report = id, "the files of a report could not be removed");
        }
    }

    /// Removes the directory of a report whose files are on a shelf; what is in it is half done.
    pub(super) async fn tidy(&self, id: &str) {
        if self.stores.reports.shelf().is_some() {
            self.remove_directory(id).await;
        }
    }

    /// Removes from the shelf what other makers of a finished report left behind.
    pub(super) async fn drop_leftovers(&self, record: &ReportRecord) {
        let Some(shelf) = self.stores.reports.shelf() else { return };
        let names = record.parts.iter().map(|part| part.name.as_str()).chain([MANIFEST]);
        let files: Vec<String> = names.filter_map(|name| on_shelf(record, name)).collect();
        if let Err(why) = shelf.keep_only(&record.id, &files).await {
            // They go with the report.
            tracing::warn!(%why, report = record.id, "leftovers of a report could not be removed");
        }
    }

    async fn remove_directory(&self, id: &str) {
        let dir = self.reports.dir_of(id);
        if let Err(why) = aside(move || remove_if_there(&dir)).await {
            tracing::warn!(%why, report = id, "the files of a report could not be removed");
        }
    }
}

fn remove_if_there(dir: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(dir) {
        Err(why) if why.kind() != io::ErrorKind::NotFound => Err(why),
        _ => Ok(()),
    }
}
