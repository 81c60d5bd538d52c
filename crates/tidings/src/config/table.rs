//! Every setting, described once.

use clap::{Arg, ArgAction, Command};

/// A setting: flag `--name`, environment variable `TIDINGS_NAME`, key `name` of the configuration file.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// Its name.
    pub name: &'static str,
    /// What stands for its value in help.
    pub value: &'static str,
    /// Its value if none is given; empty where nothing is a value.
    pub default: &'static str,
    /// What it does, with its unit and bounds.
    pub help: &'static str,
}

/// The name of the flag for the configuration file, which cannot itself be in it.
pub const CONFIG: &str = "config";

/// The settings of a server.
pub const SETTINGS: &[Setting] = &[
    Setting {
        name: "listen",
        value: "ADDRESS:PORT",
        default: "127.0.0.1:8080",
        help: "Where to listen; port 0 picks a free one",
    },
    Setting {
        name: "public-url",
        value: "URL",
        default: "",
        help: "The base URL that clients see, for the long-poll URLs handed out; built from each request if empty",
    },
    Setting {
        name: "tls-certificate",
        value: "FILE",
        default: "",
        help: "The certificate (PEM, with those that lead to its root) for TLS; plain HTTP if empty. Changed files are \
               used within 10 s, without a restart",
    },
    Setting { name: "tls-key", value: "FILE", default: "", help: "The private key (PEM) of the certificate" },
    Setting {
        name: "data",
        value: "WHERE",
        default: "tidings-data",
        help: "Where events are kept: a directory, made at the first start; 'postgres://user@host/database', which many \
               processes may share (see docs/postgresql.md); or 'memory:', which keeps them until the process ends, and \
               says so",
    },
    Setting {
        name: "database-connections",
        value: "COUNT",
        default: "16",
        help: "Most connections of this process to a PostgreSQL database, 2 to 1000; one more listens",
    },
    Setting {
        name: "database-timeout",
        value: "SECONDS",
        default: "30",
        help: "Longest time a statement may take in a PostgreSQL database, 1 to 3600; other waits for it follow (see \
               docs/postgresql.md)",
    },
    Setting {
        name: "settling-delay",
        value: "SECONDS",
        default: "5",
        help: "How long history order (admin_logs) waits for late events, 0 to 300; it sets how strictly the order \
               follows the time of deeds, never whether an event is seen",
    },
    Setting {
        name: "rate-limit",
        value: "CALLS",
        default: "0",
        help: "Calls a minute a user may make before 429; 0 is no limit",
    },
    Setting {
        name: "rate-limit-application",
        value: "CALLS",
        default: "0",
        help: "Calls a minute an application may make with all its tokens together before 429; 0 is no limit",
    },
    Setting {
        name: "token-lifetime",
        value: "SECONDS",
        default: "3600",
        help: "How long access tokens of applications live, 1 to 86400; some SDKs renew minutes before the end, so \
               less than 300 is for trying things out",
    },
    Setting {
        name: "trusted-proxies",
        value: "ADDRESSES",
        default: "",
        help: "The proxies whose X-Forwarded-For, -Host and -Proto are believed: addresses and networks such as \
               10.0.0.0/8, separated by commas; nobody's if empty",
    },
    Setting {
        name: "oidc-issuer",
        value: "URL",
        default: "",
        help: "The OpenID Connect provider whose access tokens are accepted beside the server's own, as they name it in iss; \
               none if empty",
    },
    Setting {
        name: "oidc-audience",
        value: "TEXT",
        default: "",
        help: "What the provider's tokens for this server have in aud; tokens for others are refused",
    },
    Setting {
        name: "oidc-user-claim",
        value: "CLAIM",
        default: "email",
        help: "The claim that names the user by login or id; one that people cannot set themselves",
    },
    Setting {
        name: "oidc-scopes",
        value: "SCOPES",
        default: "",
        help: "The scopes that the provider's tokens can give, each only if the token has it in scope or scp, too; with \
               none they read their own user's feed",
    },
    Setting {
        name: "oidc-keys-url",
        value: "URL",
        default: "",
        help: "Where the provider's keys are (JWKS); found by discovery if empty",
    },
    Setting {
        name: "oidc-ca",
        value: "FILE",
        default: "",
        help: "The authorities (PEM) to trust when the provider is asked; those of browsers if empty",
    },
    Setting {
        name: "audit-reads",
        value: "on|off",
        default: "off",
        help: "Whether it is in the audit log who read the audit log: an event for each reader, hour and address",
    },
    Setting {
        name: "metrics",
        value: "on|off",
        default: "on",
        help: "Whether /metrics is served, to anybody who can reach the port; it tells sums over all enterprises only",
    },
    Setting {
        name: "enterprise-id",
        value: "ID",
        default: "1",
        help: "The id of the enterprise that a new store begins with",
    },
    Setting {
        name: "enterprise-name",
        value: "NAME",
        default: "My enterprise",
        help: "The name of the enterprise that a new store begins with",
    },
    Setting { name: "admin-name", value: "NAME", default: "Admin", help: "The name of the first admin of a new store" },
    Setting {
        name: "admin-login",
        value: "LOGIN",
        default: "admin@localhost",
        help: "The login of the first admin of a new store",
    },
    Setting {
        name: "log-level",
        value: "FILTER",
        default: "info",
        help: "Which log lines are written: error, warn, info, debug, trace, or a filter such as 'tidings=debug'",
    },
    Setting { name: "log-format", value: "text|json", default: "text", help: "How log lines look" },
];

/// The environment variable of a setting.
pub fn env_name(name: &str) -> String {
    format!("TIDINGS_{}", name.to_ascii_uppercase().replace('-', "_"))
}

/// Gives a command an argument for each setting.
pub fn with_settings(command: Command) -> Command {
    let config = Arg::new(CONFIG)
        .long(CONFIG)
        .env(env_name(CONFIG))
        .value_name("FILE")
        .help("A TOML file with settings by their names, and [[event-type]] tables for types of your own");
    SETTINGS.iter().fold(command.arg(config), |command, setting| {
        command.arg(
            Arg::new(setting.name)
                .long(setting.name)
                .env(env_name(setting.name))
                .value_name(setting.value)
                .default_value(setting.default)
                .hide_default_value(setting.default.is_empty())
                .action(ArgAction::Set)
                .help(setting.help),
        )
    })
}
