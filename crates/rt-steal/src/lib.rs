#![doc = include_str!("../README.md")]

// In the order of the chapter; the empty lines keep rustfmt from sorting them.
mod stealable;

mod ring;

mod ageing;
mod injector;

mod slot;

mod idle;

pub use ageing::{Ageing, Waiting};
pub use idle::{Idle, LastLook, MAX_SEARCHING, Searching, Sleeping};
pub use injector::Injector;
pub use ring::{CAPACITY, Ring, Stealer};
pub use slot::{Slot, Taker};
pub use stealable::{Stealable, Victim};
