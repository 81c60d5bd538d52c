//! The file that a server writes for scripts: its URL, ids and tokens as shell lines.

use clap::{Arg, ArgMatches};
use std::path::{Path, PathBuf};

/// The argument that asks for the file.
pub(super) fn arg() -> Arg {
    Arg::new("env")
        .long("env")
        .value_name("FILE")
        .value_parser(clap::value_parser!(PathBuf))
        .help("Writes the URL, ids and tokens as shell lines, in one step, once the server is ready")
}

/// The file asked for.
pub(super) fn given(matches: &ArgMatches) -> Option<&Path> {
    matches.get_one::<PathBuf>("env").map(PathBuf::as_path)
}

/// Writes the lines so that nobody ever sees a part of them: beside the file first, then in its place. They hold
/// tokens, so only their owner may read them.
pub(super) fn write(path: &Path, lines: &str) -> Result<(), String> {
    write_at_once(path, lines).map_err(|why| format!("{} cannot be written: {why}", path.display()))
}

fn write_at_once(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write;
    let mut beside = path.as_os_str().to_owned();
    beside.push(".part");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&beside, path)
}
