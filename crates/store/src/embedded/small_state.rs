//! The small state: tokens, secrets, holds, and snapshots of the directory, in a redb database.
//!
//! | Table | Key | Value |
//! |---|---|---|
//! | `tokens` | number, growing | the record as JSON |
//! | `token_hashes` | SHA-256 of the token | number |
//! | `token_ids` | id | number |
//! | `access` | kind and name of an access record | the record as JSON |
//! | `secrets` | name | 32 bytes |
//! | `holds` | enterprise | nothing: its events are not swept |
//! | `snapshots` | `directory` | a [`Snapshot`] as JSON |
//!
//! The directory is what events made of it. A snapshot says up to which frame it heard them; opening plays the later
//! ones, so the two can never disagree, and a partition is sealed only when a durable snapshot has heard all of it.

use super::fault::Fault;
use super::files::{File, Files, is_full, read_exact, read_vec, write_all};
use super::format::{NEW, STATE};
use super::small_access::ACCESS;
use crate::ledger::Unavailable;
use crate::token_store::{TokenHash, TokenRecord};
use feed::directory::Directory;
use feed::id::EnterpriseId;
use feed::limits::LIST_ROWS_MAX;
use feed::time::Second;
use redb::{Database, ReadableDatabase, ReadableTable, StorageError, TableDefinition};
use serde::{Deserialize, Serialize};
use std::io;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

const TOKENS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("tokens");
const TOKEN_HASHES: TableDefinition<'_, [u8; 32], u64> = TableDefinition::new("token_hashes");
const TOKEN_IDS: TableDefinition<'_, &str, u64> = TableDefinition::new("token_ids");
const SECRETS: TableDefinition<'_, &str, [u8; 32]> = TableDefinition::new("secrets");
const HOLDS: TableDefinition<'_, &str, ()> = TableDefinition::new("holds");
const SNAPSHOTS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("snapshots");
const DIRECTORY: &str = "directory";
/// The database is small; most of it is read once.
const CACHE_BYTES: usize = 4 << 20;
/// It is copied in pieces of so many bytes.
const COPY_BYTES: usize = 1 << 20;

/// The directory as it was after some frame.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Snapshot {
    /// It heard all partitions before this one,
    pub(super) partition: u64,
    /// and so many frames of this one.
    pub(super) frames: u64,
    pub(super) directory: Directory,
}

/// The database. After a failed write redb must be opened again, hence the lock around it.
#[derive(Debug)]
pub(super) struct SmallState {
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
fn told(error: redb::Error) -> Unavailable {
    match error {
        redb::Error::Io(error) if is_full(&error) => Unavailable::Full,
        error => Unavailable::Failed(format!("{STATE}: {error}")),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is handed to `map_err`")]
pub(super) fn broken(error: serde_json::Error) -> redb::Error {
    StorageError::Corrupted(error.to_string()).into()
}

impl SmallState {
    /// Opens the database, making it if it is not there.
    pub(super) fn open(files: Arc<dyn Files>, dir: &Path) -> Result<Self, Fault> {
        let path = dir.join(STATE);
        let small = SmallState { files, path, database: RwLock::new(None) };
        let database = small.connect().map_err(|error| Fault::Damaged(format!("{}: {error}", small.path.display())))?;
        *small.database.write().unwrap_or_else(PoisonError::into_inner) = Some(database);
        Ok(small)
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
        write.open_table(TOKEN_HASHES)?;
        write.open_table(TOKEN_IDS)?;
        write.open_table(ACCESS)?;
        write.open_table(SECRETS)?;
        write.open_table(HOLDS)?;
        write.open_table(SNAPSHOTS)?;
        write.commit()?;
        Ok(database)
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

    pub(super) fn add_token(&self, token: &TokenRecord) -> Result<(), Unavailable> {
        self.with(|database| {
            let json = serde_json::to_vec(token).map_err(broken)?;
            let write = database.begin_write()?;
            {
                let mut tokens = write.open_table(TOKENS)?;
                let number = tokens.last()?.map_or(0, |(last, _)| last.value() + 1);
                tokens.insert(number, json.as_slice())?;
                write.open_table(TOKEN_HASHES)?.insert(token.hash.0, number)?;
                write.open_table(TOKEN_IDS)?.insert(token.id.as_str(), number)?;
            }
            Ok(write.commit()?)
        })
    }

    pub(super) fn token_by_hash(&self, hash: &TokenHash) -> Result<Option<TokenRecord>, Unavailable> {
        self.with(|database| {
            let read = database.begin_read()?;
            let number = read.open_table(TOKEN_HASHES)?.get(hash.0)?.map(|number| number.value());
            token(&read, number)
        })
    }

    pub(super) fn token_by_id(&self, id: &str) -> Result<Option<TokenRecord>, Unavailable> {
        self.with(|database| {
            let read = database.begin_read()?;
            let number = read.open_table(TOKEN_IDS)?.get(id)?.map(|number| number.value());
            token(&read, number)
        })
    }

    pub(super) fn tokens(&self, enterprise: &EnterpriseId) -> Result<Vec<TokenRecord>, Unavailable> {
        self.with(|database| {
            let mut found = Vec::new();
            for row in database.begin_read()?.open_table(TOKENS)?.iter()? {
                let token: TokenRecord = serde_json::from_slice(row?.1.value()).map_err(broken)?;
                if token.enterprise == *enterprise {
                    found.push(token);
                }
                if found.len() == LIST_ROWS_MAX {
                    break;
                }
            }
            Ok(found)
        })
    }

    pub(super) fn remove_token(&self, enterprise: &EnterpriseId, id: &str) -> Result<bool, Unavailable> {
        self.with(|database| {
            let write = database.begin_write()?;
            let removed = {
                let mut ids = write.open_table(TOKEN_IDS)?;
                let mut tokens = write.open_table(TOKENS)?;
                let number = ids.get(id)?.map(|number| number.value());
                let json = number.map(|number| tokens.get(number)).transpose()?.flatten();
                let token = json.map(|json| serde_json::from_slice::<TokenRecord>(json.value())).transpose();
                let theirs = token.map_err(broken)?.filter(|token| token.enterprise == *enterprise);
                if let (Some(token), Some(number)) = (&theirs, number) {
                    tokens.remove(number)?;
                    ids.remove(id)?;
                    write.open_table(TOKEN_HASHES)?.remove(token.hash.0)?;
                }
                theirs.is_some()
            };
            write.commit()?;
            Ok(removed)
        })
    }

    pub(super) fn forget_expired_tokens(&self, now: Second) -> Result<u64, Unavailable> {
        self.with(|database| {
            let write = database.begin_write()?;
            let forgotten = {
                let mut tokens = write.open_table(TOKENS)?;
                let mut expired = Vec::new();
                for row in tokens.iter()? {
                    let (number, json) = row?;
                    let token: TokenRecord = serde_json::from_slice(json.value()).map_err(broken)?;
                    if token.expires_at.is_some_and(|expires| expires <= now) {
                        expired.push((number.value(), token));
                    }
                }
                let (mut hashes, mut ids) = (write.open_table(TOKEN_HASHES)?, write.open_table(TOKEN_IDS)?);
                for (number, token) in &expired {
                    tokens.remove(number)?;
                    hashes.remove(token.hash.0)?;
                    ids.remove(token.id.as_str())?;
                }
                expired.len() as u64
            };
            write.commit()?;
            Ok(forgotten)
        })
    }

    pub(super) fn secret(&self, name: &str, fresh: [u8; 32]) -> Result<[u8; 32], Unavailable> {
        self.with(|database| {
            let kept = database.begin_read()?.open_table(SECRETS)?.get(name)?.map(|secret| secret.value());
            if let Some(kept) = kept {
                return Ok(kept);
            }
            // Writers take turns, so whoever comes second finds the secret of the first.
            let write = database.begin_write()?;
            let secret = {
                let mut secrets = write.open_table(SECRETS)?;
                let kept = secrets.get(name)?.map(|secret| secret.value());
                if kept.is_none() {
                    secrets.insert(name, fresh)?;
                }
                kept.unwrap_or(fresh)
            };
            write.commit()?;
            Ok(secret)
        })
    }

    pub(super) fn held(&self) -> Result<Vec<String>, Unavailable> {
        self.with(|database| {
            let mut held = Vec::new();
            for row in database.begin_read()?.open_table(HOLDS)?.iter()? {
                held.push(row?.0.value().to_owned());
            }
            Ok(held)
        })
    }

    pub(super) fn hold(&self, enterprise: &EnterpriseId, on: bool) -> Result<(), Unavailable> {
        self.with(|database| {
            let write = database.begin_write()?;
            {
                let mut holds = write.open_table(HOLDS)?;
                if on {
                    holds.insert(enterprise.as_str(), ())?;
                } else {
                    holds.remove(enterprise.as_str())?;
                }
            }
            Ok(write.commit()?)
        })
    }

    pub(super) fn snapshot(&self) -> Result<Option<Snapshot>, Unavailable> {
        self.with(|database| {
            let read = database.begin_read()?;
            let json = read.open_table(SNAPSHOTS)?.get(DIRECTORY)?;
            json.map(|json| serde_json::from_slice(json.value())).transpose().map_err(broken)
        })
    }

    pub(super) fn put_snapshot(&self, snapshot: &Snapshot) -> Result<(), Unavailable> {
        let json = serde_json::to_vec(snapshot).map_err(|error| told(broken(error)))?;
        self.with(|database| {
            let write = database.begin_write()?;
            write.open_table(SNAPSHOTS)?.insert(DIRECTORY, json.as_slice())?;
            Ok(write.commit()?)
        })
    }

    /// Copies everything as it is at this moment into another directory.
    pub(super) fn copy_to(&self, other: &SmallState) -> Result<(), Unavailable> {
        self.with(|database| {
            let read = database.begin_read()?;
            let held = other.database.read().unwrap_or_else(PoisonError::into_inner);
            let Some(target) = &*held else { return Err(StorageError::DatabaseClosed.into()) };
            let write = target.begin_write()?;
            {
                let (mut tokens, mut hashes) = (write.open_table(TOKENS)?, write.open_table(TOKEN_HASHES)?);
                let (mut ids, mut secrets) = (write.open_table(TOKEN_IDS)?, write.open_table(SECRETS)?);
                let (mut holds, mut snapshots) = (write.open_table(HOLDS)?, write.open_table(SNAPSHOTS)?);
                for row in read.open_table(TOKENS)?.iter()? {
                    let (number, json) = row?;
                    tokens.insert(number.value(), json.value())?;
                }
                for row in read.open_table(TOKEN_HASHES)?.iter()? {
                    let (hash, number) = row?;
                    hashes.insert(hash.value(), number.value())?;
                }
                for row in read.open_table(TOKEN_IDS)?.iter()? {
                    let (id, number) = row?;
                    ids.insert(id.value(), number.value())?;
                }
                let mut access = write.open_table(ACCESS)?;
                for row in read.open_table(ACCESS)?.iter()? {
                    let (key, json) = row?;
                    access.insert(key.value(), json.value())?;
                }
                for row in read.open_table(SECRETS)?.iter()? {
                    let (name, secret) = row?;
                    secrets.insert(name.value(), secret.value())?;
                }
                for row in read.open_table(HOLDS)?.iter()? {
                    holds.insert(row?.0.value(), ())?;
                }
                for row in read.open_table(SNAPSHOTS)?.iter()? {
                    let (name, json) = row?;
                    snapshots.insert(name.value(), json.value())?;
                }
            }
            Ok(write.commit()?)
        })
    }
}

/// Checks the bytes of a database without changing anything.
pub(super) fn check(bytes: &[u8]) -> Result<(), String> {
    let checked = std::panic::catch_unwind(|| {
        let memory = redb::backends::InMemoryBackend::new();
        redb::StorageBackend::set_len(&memory, bytes.len() as u64)?;
        redb::StorageBackend::write(&memory, 0, bytes)?;
        let mut database = Database::builder().create_with_backend(memory)?;
        if !database.check_integrity()? {
            return Err(StorageError::Corrupted("its checksums are wrong".to_owned()).into());
        }
        for row in database.begin_read()?.open_table(TOKENS)?.iter()? {
            let _: TokenRecord = serde_json::from_slice(row?.1.value()).map_err(broken)?;
        }
        if let Some(json) = database.begin_read()?.open_table(SNAPSHOTS)?.get(DIRECTORY)? {
            let _: Snapshot = serde_json::from_slice(json.value()).map_err(broken)?;
        }
        Ok::<(), redb::Error>(())
    });
    match checked {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("it makes no sense".to_owned()),
    }
}

fn token(read: &redb::ReadTransaction, number: Option<u64>) -> Result<Option<TokenRecord>, redb::Error> {
    let Some(number) = number else { return Ok(None) };
    let json = read.open_table(TOKENS)?.get(number)?;
    json.map(|json| serde_json::from_slice(json.value())).transpose().map_err(broken)
}
