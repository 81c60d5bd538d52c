//! The shelf: sealed halves that are open, a bounded number of them, and the pages of all.

use super::super::fault::Fault;
use super::super::files::Files;
use super::cache::Cache;
use super::half::Half;
use super::paged::Pages;
use super::write::HalfName;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// Opens halves and keeps the last ones asked for open.
#[derive(Debug)]
pub(in super::super) struct Shelf {
    pub(in super::super) files: Arc<dyn Files>,
    pub(in super::super) dir: PathBuf,
    pub(in super::super) pages: Arc<Pages>,
    open: Mutex<Cache<HalfName, Option<Arc<Half>>>>,
}

impl Shelf {
    pub(in super::super) fn new(files: Arc<dyn Files>, dir: PathBuf, cache_bytes: usize, halves: usize) -> Self {
        Shelf { files, dir, pages: Arc::new(Pages::new(cache_bytes)), open: Mutex::new(Cache::new(halves)) }
    }

    pub(in super::super) fn half(&self, name: HalfName) -> Result<Arc<Half>, Fault> {
        let held = self.open.lock().unwrap_or_else(PoisonError::into_inner).get(name).flatten();
        if let Some(half) = held {
            return Ok(half);
        }
        let half = Arc::new(Half::open(&*self.files, &self.dir, name, &self.pages)?);
        self.open.lock().unwrap_or_else(PoisonError::into_inner).insert(name, Some(half.clone()));
        Ok(half)
    }

    /// Closes a half, so that the space of its files is given back when they are removed.
    pub(in super::super) fn close(&self, name: HalfName) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(name, None);
    }
}
