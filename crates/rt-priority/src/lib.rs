#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

// 1: whose class is next.
mod ageing;

pub use ageing::Ageing;
