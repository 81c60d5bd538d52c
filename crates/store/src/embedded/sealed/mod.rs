//! Sealed partitions: files that never change, read in pieces, with little about them in memory.
//!
//! A partition has two halves, one for enterprise feeds and one for user feeds, because they live up to seven years and
//! two months. A half is an index file and the blocks that it leads to, from which it can be made again. The blocks lie in a
//! data file of the half's own, or still in the frames of the partition ([`name`]).

pub(super) mod cache;
mod check;
pub(super) mod data;
mod fences;
pub(super) mod filter;
mod from_live;
pub(super) mod gaps;
pub(super) mod half;
pub(super) mod index;
pub(super) mod name;
pub(super) mod paged;
mod pieces;
pub(super) mod shelf;
pub(super) mod singly;
mod terms;
mod walk;
pub(super) mod write;
