//! `GET /2.0/events` (protocol, sections 4 to 8).

mod acting;
mod ends;
mod pages;
mod parameters;
mod positions;
mod retention;
mod times;
mod types;
