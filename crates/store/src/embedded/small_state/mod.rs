//! The small state: tokens, secrets, holds, and snapshots of the directory, in a redb database.
//!
//! | Table | Key | Value |
//! |---|---|---|
//! | `tokens` | number, growing | the record as JSON |
//! | `secrets` | name | 32 bytes |
//! | `holds` | enterprise | nothing: its events are not swept |
//! | `snapshots` | `directory` | the directory as JSON |
//! | | `heard` | partition (8 bytes) and count of frames (8 bytes) that it has heard |
//!
//! Tokens, secrets and holds are in memory as well, so that they can be read whatever the disk does.
//!
//! The directory is what events made of it. A snapshot says up to which frame it heard them; opening plays the later
//! ones, so the two can never disagree, and a partition is sealed only when a durable snapshot has heard all of it.

mod base;

use super::codec::{Taker, put_u64};
use super::fault::Fault;
use super::files::Files;
use crate::ledger::Unavailable;
use crate::token_store::{TokenHash, TokenRecord};
use base::{Base, DIRECTORY, HEARD, HOLDS, SECRETS, SNAPSHOTS, TOKENS, broken, told};
use feed::directory::Directory;
use feed::id::EnterpriseId;
use feed::limits::LIST_ROWS_MAX;
use redb::{ReadableDatabase, ReadableTable, StorageError};
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

pub(super) use base::check;

/// Up to where a snapshot of the directory has heard the events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Heard {
    /// All partitions before this one,
    pub(super) partition: u64,
    /// and so many frames of this one.
    pub(super) frames: u64,
}

impl Heard {
    fn to_bytes(self) -> Vec<u8> {
        let mut out = Vec::new();
        put_u64(&mut out, self.partition);
        put_u64(&mut out, self.frames);
        out
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let mut taker = Taker(bytes);
        Some(Heard { partition: taker.u64()?, frames: taker.u64()? })
    }
}

/// What is in the database and in memory.
#[derive(Debug, Default)]
struct Kept {
    tokens: BTreeMap<u64, TokenRecord>,
    hashes: FxHashMap<[u8; 32], u64>,
    ids: FxHashMap<String, u64>,
    secrets: FxHashMap<String, [u8; 32]>,
    holds: BTreeSet<String>,
}

impl Kept {
    fn add(&mut self, number: u64, token: TokenRecord) {
        self.hashes.insert(token.hash.0, number);
        self.ids.insert(token.id.clone(), number);
        self.tokens.insert(number, token);
    }
}

/// The small state of an open store.
#[derive(Debug)]
pub(super) struct SmallState {
    base: Base,
    kept: RwLock<Kept>,
}

impl SmallState {
    /// Opens the database, making it if it is not there.
    pub(super) fn open(files: Arc<dyn Files>, dir: &Path) -> Result<Self, Fault> {
        let base = Base::open(files, dir)?;
        let read = base.with(|database| {
            let mut kept = Kept::default();
            let read = database.begin_read()?;
            for row in read.open_table(TOKENS)?.iter()? {
                let (number, json) = row?;
                kept.add(number.value(), serde_json::from_slice(json.value()).map_err(broken)?);
            }
            for row in read.open_table(SECRETS)?.iter()? {
                let (name, secret) = row?;
                kept.secrets.insert(name.value().to_owned(), secret.value());
            }
            for row in read.open_table(HOLDS)?.iter()? {
                kept.holds.insert(row?.0.value().to_owned());
            }
            Ok(kept)
        });
        let kept = read.map_err(|unavailable| Fault::Damaged(unavailable.to_string()))?;
        Ok(SmallState { base, kept: RwLock::new(kept) })
    }

    fn kept(&self) -> RwLockReadGuard<'_, Kept> {
        self.kept.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn kept_mut(&self) -> RwLockWriteGuard<'_, Kept> {
        self.kept.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn add_token(&self, token: TokenRecord) -> Result<(), Unavailable> {
        let json = serde_json::to_vec(&token).map_err(|error| told(broken(error)))?;
        let number = self.base.with(|database| {
            let write = database.begin_write()?;
            let number = {
                let mut tokens = write.open_table(TOKENS)?;
                let number = tokens.last()?.map_or(0, |(last, _)| last.value() + 1);
                tokens.insert(number, json.as_slice())?;
                number
            };
            write.commit()?;
            Ok(number)
        })?;
        self.kept_mut().add(number, token);
        Ok(())
    }

    pub(super) fn token_by_hash(&self, hash: &TokenHash) -> Option<TokenRecord> {
        let kept = self.kept();
        kept.tokens.get(kept.hashes.get(&hash.0)?).cloned()
    }

    pub(super) fn token_by_id(&self, id: &str) -> Option<TokenRecord> {
        let kept = self.kept();
        kept.tokens.get(kept.ids.get(id)?).cloned()
    }

    pub(super) fn tokens(&self, enterprise: &EnterpriseId) -> Vec<TokenRecord> {
        let kept = self.kept();
        let theirs = kept.tokens.values().filter(|token| token.enterprise == *enterprise);
        theirs.take(LIST_ROWS_MAX).cloned().collect()
    }

    pub(super) fn remove_token(&self, enterprise: &EnterpriseId, id: &str) -> Result<bool, Unavailable> {
        let theirs = self.token_by_id(id).filter(|token| token.enterprise == *enterprise);
        let number = self.kept().ids.get(id).copied();
        let (Some(token), Some(number)) = (theirs, number) else { return Ok(false) };
        self.base.with(|database| {
            let write = database.begin_write()?;
            write.open_table(TOKENS)?.remove(number)?;
            Ok(write.commit()?)
        })?;
        let mut kept = self.kept_mut();
        kept.tokens.remove(&number);
        kept.ids.remove(id);
        kept.hashes.remove(&token.hash.0);
        Ok(true)
    }

    pub(super) fn secret(&self, name: &str, fresh: [u8; 32]) -> Result<[u8; 32], Unavailable> {
        if let Some(secret) = self.kept().secrets.get(name) {
            return Ok(*secret);
        }
        // Writers take turns, so whoever comes second finds the secret of the first.
        let secret = self.base.with(|database| {
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
        })?;
        self.kept_mut().secrets.insert(name.to_owned(), secret);
        Ok(secret)
    }

    /// The enterprises under a hold.
    pub(super) fn holds(&self) -> BTreeSet<String> {
        self.kept().holds.clone()
    }

    pub(super) fn hold(&self, enterprise: &EnterpriseId, on: bool) -> Result<(), Unavailable> {
        self.base.with(|database| {
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
        })?;
        let mut kept = self.kept_mut();
        if on {
            kept.holds.insert(enterprise.as_str().to_owned());
        } else {
            kept.holds.remove(enterprise.as_str());
        }
        Ok(())
    }

    /// Up to where the snapshot has heard, if there is one.
    pub(super) fn heard(&self) -> Result<Option<Heard>, Unavailable> {
        self.base.with(|database| {
            let stored = database.begin_read()?.open_table(SNAPSHOTS)?.get(HEARD)?;
            let heard = stored.map(|bytes| Heard::parse(bytes.value()));
            heard.map(|heard| heard.ok_or_else(|| StorageError::Corrupted(HEARD.to_owned()).into())).transpose()
        })
    }

    /// The directory of the snapshot; empty if there is none.
    pub(super) fn directory(&self) -> Result<Directory, Unavailable> {
        self.base.with(|database| {
            let json = database.begin_read()?.open_table(SNAPSHOTS)?.get(DIRECTORY)?;
            let directory = json.map(|json| serde_json::from_slice(json.value())).transpose().map_err(broken)?;
            Ok(directory.unwrap_or_default())
        })
    }

    /// Keeps up to where the snapshot has heard; with the directory if that has changed.
    pub(super) fn put_snapshot(&self, heard: Heard, changed: Option<&Directory>) -> Result<(), Unavailable> {
        let json = changed.map(serde_json::to_vec).transpose().map_err(|error| told(broken(error)))?;
        self.base.with(|database| {
            let write = database.begin_write()?;
            {
                let mut snapshots = write.open_table(SNAPSHOTS)?;
                if let Some(json) = &json {
                    snapshots.insert(DIRECTORY, json.as_slice())?;
                }
                snapshots.insert(HEARD, heard.to_bytes().as_slice())?;
            }
            Ok(write.commit()?)
        })
    }

    /// Copies everything into another, empty one, in one transaction.
    pub(super) fn copy_to(&self, other: &SmallState) -> Result<(), Unavailable> {
        let (heard, directory) = (self.heard()?, self.directory()?);
        let kept = self.kept();
        let directory = serde_json::to_vec(&directory).map_err(|error| told(broken(error)))?;
        other.base.with(|database| {
            let write = database.begin_write()?;
            {
                let mut tokens = write.open_table(TOKENS)?;
                for (number, token) in &kept.tokens {
                    tokens.insert(*number, serde_json::to_vec(token).map_err(broken)?.as_slice())?;
                }
                let mut secrets = write.open_table(SECRETS)?;
                for (name, secret) in &kept.secrets {
                    secrets.insert(name.as_str(), *secret)?;
                }
                let mut holds = write.open_table(HOLDS)?;
                for line in &kept.holds {
                    holds.insert(line.as_str(), ())?;
                }
                let mut snapshots = write.open_table(SNAPSHOTS)?;
                snapshots.insert(DIRECTORY, directory.as_slice())?;
                if let Some(heard) = heard {
                    snapshots.insert(HEARD, heard.to_bytes().as_slice())?;
                }
            }
            Ok(write.commit()?)
        })
    }
}
