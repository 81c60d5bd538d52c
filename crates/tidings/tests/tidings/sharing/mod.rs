//! Groups, collaborations and synced folders: administered by calls, heard by the people concerned, explained.

mod administering;
mod explaining;
mod hearing;
