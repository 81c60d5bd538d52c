//! Settings: where each comes from, and what it may be.
//!
//! [`table`] describes each setting once; flags, environment variables, the configuration file and the page of the
//! manual all come from it. A flag goes before the environment, that before the file, that before the default. This is
//! the only place that reads the environment.

pub mod file;
pub mod page;
pub mod provider;
pub mod proxies;
pub mod table;

use crate::telemetry::LogFormat;
use crate::tls::TlsFiles;
use clap::ArgMatches;
use clap::parser::ValueSource;
use feed::catalogue::AddedType;
use feed::id::EnterpriseId;
use feed::limits::{DATABASE_CONNECTIONS_MAX, DATABASE_TIMEOUT_S_MAX, SETTLING_DELAY_S_MAX, TOKEN_LIFETIME_S_MAX};
use provider::ProviderSettings;
use proxies::TrustedProxies;
use std::fmt;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

/// Settings of a server, checked.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where to listen.
    pub listen: SocketAddr,
    /// The base URL that clients see.
    pub public_url: Option<String>,
    /// The certificate and its key; plain HTTP without them.
    pub tls: Option<TlsFiles>,
    /// Where events are kept.
    pub data: Data,
    /// Most connections to a database.
    pub database_connections: u32,
    /// Longest time a statement may take in a database, in seconds.
    pub database_timeout_s: u32,
    /// The settling delay of history order, in seconds.
    pub settling_delay_s: u32,
    /// Calls a minute a user; `None` is no limit.
    pub rate_limit_per_minute: Option<NonZeroU32>,
    /// How long access tokens of applications live, in seconds.
    pub token_lifetime_s: u32,
    /// The proxies whose word about addresses and hosts is believed.
    pub trusted_proxies: TrustedProxies,
    /// The identity provider whose access tokens are accepted, if any.
    pub provider: Option<ProviderSettings>,
    /// Calls a minute an application; `None` is no limit.
    pub application_rate_limit_per_minute: Option<NonZeroU32>,
    /// Whether reads of the audit log are in the audit log.
    pub audit_reads: bool,
    /// Whether `/metrics` is served.
    pub metrics: bool,
    /// The enterprise that a new store begins with: id and name.
    pub enterprise: (EnterpriseId, String),
    /// Its first admin: name and login.
    pub admin: (String, String),
    /// Which log lines are written.
    pub log_level: String,
    /// How they look.
    pub log_format: LogFormat,
    /// Event types that the operator adds to the catalogue.
    pub added_types: Vec<AddedType>,
}

/// Where events are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data {
    /// In memory, until the process ends.
    Memory,
    /// In a directory of this machine, for years.
    Directory(PathBuf),
    /// In a PostgreSQL database, which other processes may use as well.
    Postgres(DatabaseUrl),
}

/// The address of a database. It may have a password in it and is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(pub String);

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("postgres://…")
    }
}

/// A setting that is not what it may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadSetting(pub String);

impl fmt::Display for BadSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadSetting {}

/// The value of each setting, with the words for where it came from.
struct Values<'a> {
    matches: &'a ArgMatches,
    file: file::ConfigFile,
}

impl Values<'_> {
    fn get(&self, name: &'static str) -> (String, String) {
        let given = self.matches.get_one::<String>(name).cloned().unwrap_or_default();
        match self.matches.value_source(name) {
            Some(ValueSource::CommandLine) => (given, format!("--{name}")),
            Some(ValueSource::EnvVariable) => (given, table::env_name(name)),
            _ => match self.file.values.get(name) {
                Some(value) => (value.clone(), format!("'{name}' in the configuration file")),
                None => (given, format!("the default of --{name}")),
            },
        }
    }

    fn read<T>(&self, name: &'static str, read: impl FnOnce(&str) -> Result<T, String>) -> Result<T, BadSetting> {
        let (value, from) = self.get(name);
        read(value.trim()).map_err(|wrong| BadSetting(format!("{from}: '{}' {wrong}", value.escape_debug())))
    }
}

impl Settings {
    /// Reads and checks the settings of a command whose arguments are those of [`table`].
    ///
    /// # Errors
    /// [`BadSetting`] names the setting, where it came from, and what it may be.
    pub fn load(matches: &ArgMatches) -> Result<Self, BadSetting> {
        let file = match matches.get_one::<String>(table::CONFIG) {
            Some(path) => file::ConfigFile::read(Path::new(path))?,
            None => file::ConfigFile::default(),
        };
        let values = Values { matches, file };
        let enterprise_id =
            values.read("enterprise-id", |text| EnterpriseId::new(text).map_err(|wrong| wrong.to_string()))?;
        Ok(Settings {
            listen: values.read("listen", |text| {
                text.parse().map_err(|_| "is not an address and port such as 127.0.0.1:8080".to_owned())
            })?,
            public_url: values.read("public-url", public_url)?,
            tls: tls_files(&values)?,
            data: values.read("data", data)?,
            database_connections: values.read("database-connections", |text| {
                match whole(text, DATABASE_CONNECTIONS_MAX) {
                    Ok(0 | 1) => Err(format!("is too few; it may be 2 to {DATABASE_CONNECTIONS_MAX}")),
                    other => other,
                }
            })?,
            database_timeout_s: values.read("database-timeout", |text| match whole(text, DATABASE_TIMEOUT_S_MAX) {
                Ok(0) => Err(format!("is no time; it may be 1 to {DATABASE_TIMEOUT_S_MAX}")),
                other => other,
            })?,
            settling_delay_s: values.read("settling-delay", |text| whole(text, SETTLING_DELAY_S_MAX))?,
            rate_limit_per_minute: values.read("rate-limit", |text| whole(text, 1_000_000).map(NonZeroU32::new))?,
            token_lifetime_s: values.read("token-lifetime", |text| match whole(text, TOKEN_LIFETIME_S_MAX) {
                Ok(0) => Err("is no life; it may be 1 to 86400".to_owned()),
                other => other,
            })?,
            provider: ProviderSettings::load(&values, &enterprise_id)?,
            trusted_proxies: values.read("trusted-proxies", TrustedProxies::parse)?,
            application_rate_limit_per_minute: values
                .read("rate-limit-application", |text| whole(text, 1_000_000).map(NonZeroU32::new))?,
            audit_reads: values.read("audit-reads", on_or_off)?,
            metrics: values.read("metrics", on_or_off)?,
            enterprise: (enterprise_id, values.read("enterprise-name", short)?),
            admin: (values.read("admin-name", short)?, values.read("admin-login", short)?),
            log_level: values.read("log-level", |text| Ok(text.to_owned()))?,
            log_format: values.read("log-format", |text| match text {
                "text" => Ok(LogFormat::Text),
                "json" => Ok(LogFormat::Json),
                _ => Err("is neither text nor json".to_owned()),
            })?,
            added_types: values.file.added_types,
        })
    }
}

/// Reads where events are kept.
///
/// # Errors
/// What it may be.
pub fn data(text: &str) -> Result<Data, String> {
    match text {
        "" => Err("is empty; give a directory, 'postgres://…', or 'memory:'".to_owned()),
        "memory:" => Ok(Data::Memory),
        _ if text.starts_with("postgres://") || text.starts_with("postgresql://") => {
            Ok(Data::Postgres(DatabaseUrl(text.to_owned())))
        }
        // A typing error in the one, or a store of another kind, must not become the name of a directory.
        _ if text.contains("://") || text.ends_with(':') => {
            Err("is not a store that this version knows; give a directory, 'postgres://…', or 'memory:'".to_owned())
        }
        _ => Ok(Data::Directory(PathBuf::from(text))),
    }
}

/// The certificate and its key: both or neither.
fn tls_files(values: &Values<'_>) -> Result<Option<TlsFiles>, BadSetting> {
    let file = |name| values.read(name, |text| Ok(Some(PathBuf::from(text)).filter(|_| !text.is_empty())));
    match (file("tls-certificate")?, file("tls-key")?) {
        (None, None) => Ok(None),
        (Some(certificate), Some(key)) => Ok(Some(TlsFiles { certificate, key })),
        (Some(_), None) => Err(BadSetting("tls-certificate is given and tls-key is not; give both".to_owned())),
        (None, Some(_)) => Err(BadSetting("tls-key is given and tls-certificate is not; give both".to_owned())),
    }
}

fn whole(text: &str, max: u32) -> Result<u32, String> {
    text.parse().ok().filter(|number| *number <= max).ok_or_else(|| format!("is not a whole number from 0 to {max}"))
}

fn on_or_off(text: &str) -> Result<bool, String> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err("is neither on nor off".to_owned()),
    }
}

fn short(text: &str) -> Result<String, String> {
    if text.is_empty() || text.len() > 256 || text.chars().any(char::is_control) {
        return Err("is empty, longer than 256 bytes, or has control characters".to_owned());
    }
    Ok(text.to_owned())
}

fn public_url(text: &str) -> Result<Option<String>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let url = text.trim_end_matches('/');
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    match rest {
        Some(rest) if !rest.is_empty() && !rest.contains(['?', '#', ' ']) => Ok(Some(url.to_owned())),
        _ => Err("is not a base URL such as https://events.example.com".to_owned()),
    }
}
