//! The redb database under the small state: opened so that what it shows is on the disk, and opened again after a
//! failed write.

use super::super::fault::Fault;
use super::super::files::{File, Files, is_full, read_exact, read_vec, write_all};
use super::super::format::{NEW, STATE};
use crate::ledger::Unavailable;
use feed::directory::Directory;
use redb::{Database, ReadableDatabase, ReadableTable, StorageError, TableDefinition};
use std::io;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

pub(super) const TOKENS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("tokens");
/// Text of the key to the record.
pub(super) const ACCESS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("access");
pub(super) const SECRETS: TableDefinition<'_, &str, [u8; 32]> = TableDefinition::new("secrets");
pub(super) const LEGAL_HOLDS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("legal_holds");
pub(super) const REPORTS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("reports");
/// Enterprises under a hold, from before holds had names. They are taken over on opening.
pub(super) const NAMELESS_HOLDS: TableDefinition<'_, &str, ()> = TableDefinition::new("holds");
pub(super) const SNAPSHOTS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("snapshots");
pub(super) const DIRECTORY: &str = "directory";
pub(super) const HEARD: &str = "heard";
/// The database is small, and most of it is read once.
const CACHE_BYTES: usize = 4 << 20;
/// It is copied in pieces of so many bytes.
const COPY_BYTES: usize = 1 << 20;

/// The database. After a failed write redb must be opened again, hence the lock around it.
#[derive(Debug)]
pub(super) struct Base {
    files: Arc<dyn Files>,
    path: PathBuf,
    database: RwLock<Option<Database>>,
}

/// A file of ours, as redb wants it.
#[derive(Debug)]
struct Backend(Arc<dyn File>);

impl redb::StorageBackend for Backend {
    fn len(&self) -> io::Result<u64> {
        self.0.size()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        read_exact(&*self.0, out, offset)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_size(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        write_all(&*self.0, data, offset)
    }
}

/// What redb says, told in our words.
pub(super) fn told(error: redb::Error) -> Unavailable {
    match error {
        redb::Error::Io(error) if is_full(&error) => Unavailable::Full,
        error => Unavailable::Failed(format!("{STATE}: {error}")),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is handed to `map_err`")]
pub(super) fn broken(error: serde_json::Error) -> redb::Error {
    StorageError::Corrupted(error.to_string()).into()
}

impl Base {
    /// Opens the database, making it if it is not there.
    pub(super) fn open(files: Arc<dyn Files>, dir: &Path) -> Result<Self, Fault> {
        let base = Base { files, path: dir.join(STATE), database: RwLock::new(None) };
        let database = base.connect().map_err(|error| Fault::Damaged(format!("{}: {error}", base.path.display())))?;
        *base.database.write().unwrap_or_else(PoisonError::into_inner) = Some(database);
        Ok(base)
    }

    fn connect(&self) -> Result<Database, redb::Error> {
        let file = match self.files.open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.files.create(&self.path)?,
            opened => self.written_anew(&*opened?)?,
        };
        // redb trusts what it finds and panics where that makes no sense.
        let opened = std::panic::catch_unwind(AssertUnwindSafe(|| Self::connect_to(file)));
        opened.unwrap_or_else(|_| Err(StorageError::Corrupted("it makes no sense".to_owned()).into()))
    }

    /// Copies the file and puts the copy in its place.
    ///
    /// After a sync that failed the system may show what is not on the disk, and no later sync brings it there; and
    /// whether one had failed, a process that has just started cannot know. What is copied is on the disk for certain.
    fn written_anew(&self, old: &dyn File) -> io::Result<Arc<dyn File>> {
        let mut aside = self.path.clone().into_os_string();
        aside.push(NEW);
        let aside = PathBuf::from(aside);
        let copied = (|| {
            let new = self.files.create(&aside)?;
            let size = old.size()?;
            let mut at = 0;
            while at < size {
                let length = usize::try_from(size - at).unwrap_or(usize::MAX).min(COPY_BYTES);
                write_all(&*new, &read_vec(old, at, length)?, at)?;
                at += length as u64;
            }
            new.sync()?;
            self.files.rename(&aside, &self.path)?;
            self.files.sync_dir(self.path.parent().unwrap_or(Path::new(".")))?;
            Ok(new)
        })();
        copied.inspect_err(|_| {
            let _ = self.files.remove(&aside);
        })
    }

    fn connect_to(file: Arc<dyn File>) -> Result<Database, redb::Error> {
        let mut builder = Database::builder();
        builder.set_cache_size(CACHE_BYTES);
        let database = builder.create_with_backend(Backend(file))?;
        // All tables exist from here on, so that reading need not ask.
        let write = database.begin_write()?;
        write.open_table(TOKENS)?;
        write.open_table(ACCESS)?;
        write.open_table(SECRETS)?;
        write.open_table(LEGAL_HOLDS)?;
        write.open_table(NAMELESS_HOLDS)?;
        write.open_table(REPORTS)?;
        write.open_table(SNAPSHOTS)?;
        write.commit()?;
        Ok(database)
    }

    /// Gives space back that is not used.
    pub(super) fn compact(&self) -> Result<(), Unavailable> {
        let mut held = self.database.write().unwrap_or_else(PoisonError::into_inner);
        let Some(database) = &mut *held else { return Ok(()) };
        while database.compact().map_err(|error| told(error.into()))? {}
        Ok(())
    }

    /// Does something with the database; opens it again first if it failed before.
    pub(super) fn with<T>(&self, act: impl Fn(&Database) -> Result<T, redb::Error>) -> Result<T, Unavailable> {
        {
            let held = self.database.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(database) = &*held {
                match act(database) {
                    Err(redb::Error::PreviousIo | redb::Error::LockPoisoned(_)) => {}
                    other => return other.map_err(told),
                }
            }
        }
        let mut held = self.database.write().unwrap_or_else(PoisonError::into_inner);
        // The old one is closed before the file is opened again.
        *held = None;
        let database = held.insert(self.connect().map_err(told)?);
        act(database).map_err(told)
    }
}

/// Checks the bytes of a database without changing anything.
pub(in super::super) fn check(bytes: &[u8]) -> Result<(), String> {
    let checked = std::panic::catch_unwind(|| {
        let memory = redb::backends::InMemoryBackend::new();
        redb::StorageBackend::set_len(&memory, bytes.len() as u64)?;
        redb::StorageBackend::write(&memory, 0, bytes)?;
        let mut database = Database::builder().create_with_backend(memory)?;
        if !database.check_integrity()? {
            return Err(StorageError::Corrupted("its checksums are wrong".to_owned()).into());
        }
        for row in database.begin_read()?.open_table(TOKENS)?.iter()? {
            let _: crate::token_store::TokenRecord = serde_json::from_slice(row?.1.value()).map_err(broken)?;
        }
        // What an older version left there, and opening will take over.
        if let Some(json) = database.begin_read()?.open_table(SNAPSHOTS)?.get(DIRECTORY)? {
            let _: Directory = serde_json::from_slice(json.value()).map_err(broken)?;
        }
        Ok::<(), redb::Error>(())
    });
    match checked {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("it makes no sense".to_owned()),
    }
}
