//! `GET /2.0/events` (protocol, sections 4 to 8).

mod parameters;
