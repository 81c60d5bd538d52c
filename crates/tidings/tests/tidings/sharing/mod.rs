//! Groups, collaborations and synced folders: administered by calls, heard by the people concerned, explained.

mod administering;
mod enterprises;
mod explaining;
mod folders;
mod hearing;
mod importing;
