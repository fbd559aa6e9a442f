#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

// 1: whose class is next.
mod ageing;

// 2: a queue for each class.
mod lanes;

pub use ageing::Ageing;
pub use lanes::{Lanes, Stealers};
