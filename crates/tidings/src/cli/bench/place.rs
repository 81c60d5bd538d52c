//! Where a run keeps its files: a folder of its own, whose contents nobody else can read and which is gone afterwards.

use crate::entropy::{hex, random};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

/// The folder of a run. It is removed when this is dropped.
pub(super) struct Place {
    folder: PathBuf,
    /// Where servers keep their events, if that is no directory of this machine.
    elsewhere: Option<String>,
}

impl Place {
    /// Makes the folder: where it is wished, else where events are kept, else where temporary files are.
    pub(super) fn make(data: &str, wished: Option<&Path>) -> Result<Self, String> {
        let elsewhere = (data == "memory:" || data.contains("://")).then(|| data.to_owned());
        let within = match (wished, &elsewhere) {
            (_, None) => PathBuf::from(data),
            (Some(wished), Some(_)) => wished.to_owned(),
            (None, Some(_)) => std::env::temp_dir(),
        };
        let shown = within.display().to_string();
        let failed = |why| format!("no folder can be made in {shown}: {why}");
        let made = std::fs::create_dir_all(&within).and_then(|()| within.canonicalize());
        let within = made.map_err(failed)?;
        let folder = within.join(format!("tidings-bench-{}", hex(&random::<6>())));
        // Others may pass through, because some servers refuse to be run by the superuser; what is in it is private.
        make(&folder, 0o711).map_err(failed)?;
        Ok(Place { folder, elsewhere })
    }

    /// The folder.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether servers keep their events in a directory of this machine.
    pub(super) fn keeps(&self) -> bool {
        self.elsewhere.is_none()
    }

    /// The value of `--data` for a server, and a folder for its first words.
    pub(super) fn of_server(&self, name: &str) -> Result<(String, PathBuf), String> {
        let own = self.folder.join(name);
        make(&own, 0o700).map_err(|why| format!("{} cannot be made: {why}", own.display()))?;
        let data = self.elsewhere.clone().unwrap_or_else(|| own.join("data").display().to_string());
        Ok((data, own))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // If it cannot be removed, it is a folder too many and no harm.
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

fn make(folder: &Path, mode: u32) -> std::io::Result<()> {
    std::fs::DirBuilder::new().mode(mode).create(folder)
}

/// What a folder and everything in it takes on the disk.
pub(super) fn bytes_on_disk(folder: &Path) -> std::io::Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let told = entry.metadata()?;
        // Blocks are told in units of 512 bytes, whatever those of the disk are.
        bytes += if told.is_dir() { bytes_on_disk(&entry.path())? } else { told.blocks() * 512 };
    }
    Ok(bytes)
}
