//! Where a command stands: the repository, the target folder, and what the environment says.

use std::path::{Path, PathBuf};

/// The surroundings of a command, read once.
pub(crate) struct Ground {
    /// The root of the repository.
    pub(crate) root: PathBuf,
    /// Where cargo builds to, and where environments for the SDKs are kept.
    pub(crate) target: PathBuf,
    /// Whether a PostgreSQL to test with is named.
    pub(crate) postgres_given: bool,
    /// In CI nothing may be missing.
    pub(crate) ci: bool,
}

impl Ground {
    #[expect(
        clippy::disallowed_methods,
        reason = "the settings of the developer commands are read here and nowhere else"
    )]
    pub(crate) fn here() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .expect("xtask lies in a folder of the repository")
            .to_path_buf();
        let target =
            std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |folder| root.join(folder));
        let ci = std::env::var("CI").is_ok_and(|value| value == "true");
        let postgres_given = std::env::var_os("TIDINGS_TEST_POSTGRES").is_some();
        Self { root, target, postgres_given, ci }
    }

    /// The release build of the server, which the SDKs talk to.
    pub(crate) fn server(&self) -> PathBuf {
        self.target.join("release").join(format!("tidings{}", std::env::consts::EXE_SUFFIX))
    }
}
