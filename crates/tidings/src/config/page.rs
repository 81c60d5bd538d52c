//! The page of the manual about settings, made from the table.

use super::table::{SETTINGS, env_name};
use std::fmt::Write;

/// The page, as Markdown.
pub fn markdown() -> String {
    let mut page = String::from(
        "# Settings\n\n\
         <!-- Made by `cargo xtask docs` from crates/tidings/src/config/table.rs; change it there. -->\n\n\
         Each setting is a flag of `tidings serve`, an environment variable, and a key of the TOML file that `--config FILE`\n\
         (or `TIDINGS_CONFIG`) names. A flag goes before the environment, that before the file, that before the default.\n\n\
         | Flag and key | Environment | Default | What it does |\n|---|---|---|---|\n",
    );
    for setting in SETTINGS {
        let default = if setting.default.is_empty() { String::new() } else { format!("`{}`", setting.default) };
        // Writing to a string does not fail.
        let _ = writeln!(
            page,
            "| `--{} {}` | `{}` | {default} | {} |",
            setting.name,
            setting.value.replace('|', "\\|"),
            env_name(setting.name),
            setting.help
        );
    }
    page
}
