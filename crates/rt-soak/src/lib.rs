//! What is counted: in full by the program, and in part by `tests/counts.rs`.
#![forbid(unsafe_code)]

pub mod accounts;
pub mod races;
