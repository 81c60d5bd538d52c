//! What the figures were measured on.

use serde_json::{Value, json};
use std::path::Path;
use std::thread::available_parallelism;

/// The machine, as far as it tells about itself.
#[derive(Debug, Clone)]
pub(super) struct Machine {
    pub(super) cores: usize,
    pub(super) processor: String,
    pub(super) memory_bytes: u64,
    pub(super) kernel: String,
}

/// What stands for what the system does not tell.
const UNTOLD: &str = "unknown";

fn read(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

/// The value of the first line that begins with a name.
fn value<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.trim_start_matches([' ', '\t', ':']).trim())
}

impl Machine {
    /// This machine.
    pub(super) fn here() -> Self {
        let (cpu, memory) = (read("/proc/cpuinfo"), read("/proc/meminfo"));
        let memory_kb = value(&memory, "MemTotal").and_then(|text| text.strip_suffix("kB")?.trim().parse::<u64>().ok());
        let kernel = read("/proc/sys/kernel/osrelease").trim().to_owned();
        Machine {
            cores: available_parallelism().map_or(1, usize::from),
            processor: value(&cpu, "model name").unwrap_or(UNTOLD).to_owned(),
            memory_bytes: memory_kb.unwrap_or_default() * 1024,
            kernel: if kernel.is_empty() { UNTOLD.to_owned() } else { kernel },
        }
    }

    /// For machines.
    pub(super) fn json(&self) -> Value {
        json!({
            "cores": self.cores,
            "processor": self.processor,
            "memory_bytes": self.memory_bytes,
            "system": std::env::consts::OS,
            "kernel": self.kernel,
        })
    }
}

/// How many files this process, and so a server that it starts, may have open.
pub(super) fn open_files_max() -> Option<usize> {
    let limits = read("/proc/self/limits");
    value(&limits, "Max open files")?.split_whitespace().next()?.parse().ok()
}

/// The kind of file system that a folder lies on.
pub(super) fn file_system(folder: &Path) -> String {
    let Ok(folder) = folder.canonicalize() else { return UNTOLD.to_owned() };
    let mounts = read("/proc/self/mounts");
    let kinds = mounts.lines().filter_map(|line| {
        let mut fields = line.split_whitespace().skip(1);
        let (place, kind) = (fields.next()?, fields.next()?);
        folder.starts_with(place).then_some((place.len(), kind))
    });
    kinds.max_by_key(|(length, _)| *length).map_or(UNTOLD, |(_, kind)| kind).to_owned()
}

/// How much of the disk that a folder lies on is left, where the system tells.
pub(super) fn free_bytes(folder: &Path) -> Option<u64> {
    #[cfg(target_os = "linux")]
    return rustix::fs::statvfs(folder).ok().map(|told| told.f_bavail * told.f_frsize);
    #[cfg(not(target_os = "linux"))]
    return folder.is_dir().then_some(u64::MAX);
}
