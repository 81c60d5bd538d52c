//! Where a run keeps its files: a folder of its own, which nobody else can look into and which is gone afterwards.

use crate::entropy::{hex, random};
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
        let failed = |why| format!("no folder can be made in {}: {why}", within.display());
        std::fs::create_dir_all(&within).map_err(failed)?;
        let folder = within.join(format!("tidings-bench-{}", hex(&random::<6>())));
        make_private(&folder).map_err(failed)?;
        Ok(Place { folder, elsewhere })
    }

    /// The folder.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The value of `--data` for a server, and a folder for its first words.
    pub(super) fn of_server(&self, name: &str) -> Result<(String, PathBuf), String> {
        let own = self.folder.join(name);
        make_private(&own).map_err(|why| format!("{} cannot be made: {why}", own.display()))?;
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

fn make_private(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}
