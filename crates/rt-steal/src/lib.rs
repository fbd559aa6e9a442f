#![doc = include_str!("../README.md")]

// In the order of the chapter; the empty lines keep rustfmt from sorting them.
// 1: the queue of a worker, and the thieves' end of it.
mod ring;

// 2: tasks that belong to no worker.
mod injector;

// 3: the task that runs next.
mod slot;

// 4: who sleeps, who searches, who is woken.
mod idle;

// 5: a park that several threads share.
mod shared;

// 6: who sees what stands behind a long poll.
mod monitor;

// 6b: who is told of polls that last.
mod watchdog;

// 7: what workers share; who polls what, and for how long; at which desk a thread works.
mod commons;
mod counts;
mod desk;
mod here;
mod load;
mod stamp;

// 8: the right to work at a desk; who has not left yet.
mod place;
mod presence;

// 9: the loop of a worker; the owner's side; threads that could look after the park.
mod root;
mod team;
mod worker;

// 10: a poll that blocks, and the thread that takes over.
mod station;
mod vacancies;

// 11: in which order a team ends.
mod ending;

mod messages;

#[doc(hidden)]
pub use ending::Ending;
pub use idle::{Idle, LastLook, MAX_SEARCHING, Searching, Sleeping};
pub use injector::Injector;
pub use load::{DeskLoad, Load, Loads};
#[doc(hidden)]
pub use monitor::Doze;
pub use monitor::TICK;
pub use place::{Place, STREAK};
pub use ring::{CAPACITY, Ring, Stealer};
pub use root::Root;
pub use shared::Shared;
pub use slot::{Slot, Taker};
#[doc(hidden)]
pub use stamp::{Lasting, Stamp};
pub use station::{Spare, step_aside};
pub use team::{Closer, Team};
#[doc(hidden)]
pub use vacancies::Vacancies;
pub use watchdog::{Stalled, Watch, Watchdog, Watching};
pub use worker::{SPIN, Worker, stand_by::KEEP_ALIVE};
