#![doc = include_str!("../README.md")]

// In the order of the chapter; the empty lines keep rustfmt from sorting them.
mod stealable;

mod ring;

mod ageing;
mod injector;

mod slot;

mod idle;

// Many threads.
mod here;
mod monitor;
mod shared;

mod vacancies;

mod ending;
mod stamp;

mod commons;

mod presence;
mod root;

mod place;

mod station;

mod worker;

mod team;

pub use ageing::{Ageing, Waiting};
#[doc(hidden)]
pub use ending::Ending;
pub use idle::{Idle, LastLook, MAX_SEARCHING, Searching, Sleeping};
pub use injector::Injector;
#[doc(hidden)]
pub use monitor::Doze;
pub use monitor::TICK;
pub use place::{Place, STREAK};
pub use ring::{CAPACITY, Ring, Stealer};
pub use root::Root;
pub use shared::Shared;
pub use slot::{Slot, Taker};
#[doc(hidden)]
pub use stamp::Stamp;
pub use station::{Spare, step_aside};
pub use stealable::{Stealable, Victim};
pub use team::{Closer, Team};
pub use worker::{KEEP_ALIVE, SPIN, Worker};
