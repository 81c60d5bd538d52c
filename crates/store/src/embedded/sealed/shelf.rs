//! The shelf: sealed halves that are open, a bounded number of them, the pages of all, and the gaps they were found to have.

use super::super::fault::Fault;
use super::super::files::Files;
use super::cache::Cache;
use super::gaps::Gaps;
use super::half::Half;
use super::name::HalfName;
use super::paged::Pages;
use super::write::rebuild_index;
use rustc_hash::FxHashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// Opens halves and keeps the last ones asked for open.
#[derive(Debug)]
pub(in super::super) struct Shelf {
    pub(in super::super) files: Arc<dyn Files>,
    pub(in super::super) dir: PathBuf,
    pub(in super::super) pages: Arc<Pages>,
    pub(in super::super) gaps: Gaps,
    open: Mutex<Cache<HalfName, Option<Arc<Half>>>>,
    /// Halves that were found damaged, and whether making their index again helped.
    mended: Mutex<FxHashMap<HalfName, bool>>,
    /// Held by whoever makes an index of an older version again.
    renewing: Mutex<()>,
}

impl Shelf {
    pub(in super::super) fn new(files: Arc<dyn Files>, dir: PathBuf, cache_bytes: usize, halves: usize) -> Self {
        let pages = Arc::new(Pages::new(cache_bytes));
        Shelf {
            files,
            dir,
            pages,
            gaps: Gaps::default(),
            open: Mutex::new(Cache::new(halves)),
            mended: Mutex::default(),
            renewing: Mutex::default(),
        }
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

    /// Asks a half. If it is found damaged, its index is made again from its blocks, once, and it is asked again: neither
    /// publishing nor reading must stop for what can be mended. What is wrong with the data itself stays an error.
    pub(in super::super) fn ask<T>(&self, name: HalfName, ask: impl Fn(&Half) -> Result<T, Fault>) -> Result<T, Fault> {
        match self.half(name).and_then(|half| ask(&half)) {
            Err(Fault::Damaged(place)) => {
                let mut mended = self.mended.lock().unwrap_or_else(PoisonError::into_inner);
                // Whoever waited for the mending finds it done.
                if *mended.entry(name).or_insert_with(|| self.mend(name)) {
                    ask(&*self.half(name)?)
                } else {
                    Err(Fault::Damaged(place))
                }
            }
            answered => answered,
        }
    }

    /// Asks a half of which the index must know terms. One of an older version is made again first, which takes about as
    /// long as reading the half; it happens once.
    pub(in super::super) fn ask_with_terms<T>(
        &self,
        name: HalfName,
        ask: impl Fn(&Half) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        if !self.ask(name, |half| Ok(half.has_terms()))? {
            let _turn = self.renewing.lock().unwrap_or_else(PoisonError::into_inner);
            if !self.half(name)?.has_terms() && !self.mend(name) {
                let path = name.index(&self.dir);
                return Err(Fault::Damaged(format!(
                    "{} is of an older format and cannot be made again",
                    path.display()
                )));
            }
        }
        self.ask(name, ask)
    }

    /// Makes the index of a half again; answers whether that could be done.
    fn mend(&self, name: HalfName) -> bool {
        let data = Half::open_data(&*self.files, &self.dir, name, &self.pages);
        let rebuilt = data.and_then(|data| rebuild_index(&*self.files, &self.dir, name, &data));
        self.close(name);
        // Its name need not be durable: if that is lost, the old index is found damaged again.
        matches!(rebuilt, Ok(Ok(())))
    }

    /// The indexes that were made again.
    pub(in super::super) fn mended(&self) -> Vec<String> {
        let mended = self.mended.lock().unwrap_or_else(PoisonError::into_inner);
        let names = mended.iter().filter(|(_, done)| **done);
        let mut paths: Vec<String> = names.map(|(name, _)| name.index(&self.dir).display().to_string()).collect();
        paths.sort_unstable();
        paths
    }

    /// Closes a half, so that the space of its files is given back when they are removed.
    pub(in super::super) fn close(&self, name: HalfName) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(name, None);
    }
}
