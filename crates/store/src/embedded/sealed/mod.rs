//! Sealed partitions: files that never change, read in pieces, with little about them in memory.
//!
//! A partition has two halves, one for enterprise feeds and one for user feeds, because they live up to seven years and
//! two months. A half is a data file, which holds everything, and an index file, which can be made again from it.

pub(super) mod cache;
mod check;
pub(super) mod data;
pub(super) mod filter;
pub(super) mod half;
pub(super) mod index;
pub(super) mod paged;
mod pieces;
pub(super) mod shelf;
mod terms;
mod walk;
pub(super) mod write;
