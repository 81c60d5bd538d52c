//! The server: authentication, services, HTTP, configuration and commands.
//!
//! `service` holds the verbs and names no HTTP type; `http` holds the wire and names no store; settings are read in
//! `config` and handed out in `boot`.

pub mod auth;
pub mod bell;
pub mod boot;
pub mod cli;
pub mod clock;
pub mod config;
pub mod control;
pub mod entropy;
pub mod http;
pub mod keeper;
pub mod operator;
pub mod service;
pub mod telemetry;
pub mod tls;
