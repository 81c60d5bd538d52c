//! The configuration file: TOML with settings by their names, and `[[event-type]]` tables.

use super::BadSetting;
use super::table::SETTINGS;
use feed::catalogue::AddedType;
use feed::event::{FeedKind, UserStreams};
use feed::limits::BODY_BYTES_MAX;
use feed::stream_type::StreamType;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// One `[[event-type]]` table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct AddedRow {
    name: String,
    feed: FeedWord,
    #[serde(default)]
    streams: Option<Vec<String>>,
    counterpart: Option<String>,
    #[serde(default)]
    description: String,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum FeedWord {
    User,
    Enterprise,
}

impl AddedRow {
    /// A user type is carried by `all` unless the table says more.
    fn checked(self) -> Result<AddedType, BadSetting> {
        let feed = match self.feed {
            FeedWord::User => FeedKind::User,
            FeedWord::Enterprise => FeedKind::Enterprise,
        };
        let usual = if feed == FeedKind::User { UserStreams::ALL } else { UserStreams::NONE };
        let streams = match self.streams {
            None => usual,
            Some(words) => words.iter().try_fold(UserStreams::NONE, |streams, word| match StreamType::parse(word) {
                Ok(StreamType::User(stream)) if !word.is_empty() => Ok(streams.and(UserStreams::from(stream))),
                _ => Err(BadSetting(format!(
                    "event-type '{}': '{}' is none of all, changes, sync",
                    self.name.escape_debug(),
                    word.escape_debug()
                ))),
            })?,
        };
        Ok(AddedType { name: self.name, feed, streams, counterpart: self.counterpart, description: self.description })
    }
}

/// What a configuration file says.
#[derive(Debug, Default)]
pub struct ConfigFile {
    /// Settings by name, as text.
    pub values: BTreeMap<String, String>,
    /// Event types that the operator adds.
    pub added_types: Vec<AddedType>,
}

impl ConfigFile {
    /// Reads a file.
    ///
    /// # Errors
    /// [`BadSetting`] names the file and what is wrong in it; an unknown name is wrong, because it is a typo.
    pub fn read(path: &Path) -> Result<Self, BadSetting> {
        let shown = path.display();
        let text = std::fs::read_to_string(path)
            .map_err(|why| BadSetting(format!("the configuration file {shown} cannot be read: {why}")))?;
        if text.len() > BODY_BYTES_MAX {
            return Err(BadSetting(format!("the configuration file {shown} is larger than {BODY_BYTES_MAX} bytes")));
        }
        Self::parse(&text).map_err(|BadSetting(wrong)| BadSetting(format!("the configuration file {shown}: {wrong}")))
    }

    fn parse(text: &str) -> Result<Self, BadSetting> {
        let table: toml::Table = text.parse().map_err(|wrong| BadSetting(format!("{wrong}")))?;
        let mut file = ConfigFile::default();
        for (name, value) in table {
            if name == "event-type" {
                let rows: Vec<AddedRow> =
                    value.try_into().map_err(|wrong| BadSetting(format!("event-type: {wrong}")))?;
                file.added_types = rows.into_iter().map(AddedRow::checked).collect::<Result<_, _>>()?;
                continue;
            }
            if !SETTINGS.iter().any(|setting| setting.name == name) {
                return Err(BadSetting(format!("there is no setting '{}'", name.escape_debug())));
            }
            let value = match value {
                toml::Value::String(text) => text,
                toml::Value::Integer(number) => number.to_string(),
                toml::Value::Boolean(on) => if on { "on" } else { "off" }.to_owned(),
                _ => return Err(BadSetting(format!("'{name}' is neither text nor a number"))),
            };
            file.values.insert(name, value);
        }
        Ok(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_and_types_are_read() {
        let text = "listen = \"127.0.0.1:9\"\nrate-limit = 60\nmetrics = false\n";
        let file = ConfigFile::parse(text).unwrap();
        assert_eq!(file.values["listen"], "127.0.0.1:9");
        assert_eq!(file.values["rate-limit"], "60");
        assert_eq!(file.values["metrics"], "off");
    }

    #[test]
    fn types_of_the_operator_are_read() {
        let text = "[[event-type]]\nname = \"INVOICE_PAID\"\nfeed = \"user\"\nstreams = [\"all\", \"changes\"]\n";
        let file = ConfigFile::parse(text).unwrap();
        assert_eq!(file.added_types[0].streams, UserStreams::ALL.and(UserStreams::CHANGES));
        assert!(ConfigFile::parse("[[event-type]]\nname = \"A\"\nfeed = \"user\"\nstreams = [\"some\"]\n").is_err());
        assert!(ConfigFile::parse("[[event-type]]\nname = \"A\"\nfeed = \"nobody\"\n").is_err());
    }

    #[test]
    fn a_typo_is_refused() {
        assert!(ConfigFile::parse("lisen = \"127.0.0.1:9\"").unwrap_err().0.contains("lisen"));
        assert!(ConfigFile::parse("listen = [1]").is_err());
        assert!(ConfigFile::parse("listen").is_err());
    }
}
