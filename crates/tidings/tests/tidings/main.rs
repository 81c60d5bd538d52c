//! The server, tested from outside: requests go in, answers come out, and the clock stands still until it is moved.
//!
//! - [`world`], [`answer`], [`deeds`]: a company over the memory keeper, what it answers, and what it publishes.
//! - [`reading`]: `GET /2.0/events`, parameter by parameter and stream by stream.
//! - [`errors`], [`wire`]: every error as it goes over the wire, and what only a real connection shows: TLS, slow
//!   clients, hostile requests.
//! - [`long_poll`]: opening a channel, waiting on it, and how that ends.
//! - [`publishing`]: `POST /api/v1/events`.
//! - [`rights`]: every route tried by everybody; what is given, and what is never logged.
//! - [`oauth`]: applications, the ways to a token, and what of it is recorded.
//! - [`provider`]: sign-in with one's own identity provider.
//! - [`sharing`]: groups, collaborations and synced folders; who hears by them, and the explanation.
//! - [`keeping`]: periods, legal holds, and history brought in from elsewhere.
//! - [`histories`]: random histories, played on the services.
//! - [`console`]: the pages for people, asked for as a browser asks.
//! - [`commands`]: the real program, from a terminal's side.
//! - [`app_commands`]: applications from the terminal.
//! - [`over_tls`]: the same with a certificate.
//! - [`directory_commands`]: the directory by commands and files: the real program over a store on disk.
//! - [`killing`]: the real program, killed while it is published to and read from.
//! - [`last_active`]: when people last did something.
//! - [`copying`]: a store moved into a database and out again, by the real program.
//! - [`database`]: several processes on one database, and all of them killed.
//! - [`shared_reports`]: reports of a store that several processes share.
//! - [`spoiled`]: a keeper that falls ill on command.

#![expect(clippy::unwrap_used, reason = "everything here is a test; a panic is how it fails")]

mod answer;
mod app_commands;
mod deeds;
mod spoiled;
mod world;

mod commands;
mod console;
mod copying;
mod database;
mod directory_commands;
mod errors;
mod histories;
mod keeping;
mod killing;
mod last_active;
mod long_poll;
mod oauth;
mod over_tls;
mod provider;
mod publishing;
mod reading;
mod reporting;
mod rights;
mod searching;
mod shared_reports;
mod sharing;
mod wire;
