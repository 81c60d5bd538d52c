//! Who may do what, route by route, and what is never written down.

mod giving;
mod matrix;
mod secrets;
