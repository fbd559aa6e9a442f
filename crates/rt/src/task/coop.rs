//! The budget of a poll, under tokio's names.
//!
//! Each poll of a task may do [`BUDGET`] operations. Then what spends the budget is pending for once,
//! and the task goes to the end of the queue. What spends it: our timers and join handles, and what is
//! wrapped in [`cooperative`]. Leaf futures of other libraries do not, and tokio's channels
//! (`rt::sync`) are such: they ask for tokio's budget, which is unlimited under any other
//! runtime. A loop around one that is always ready lets nobody else run, until it is wrapped:
//!
//! ```
//! use rt::task::coop::{BUDGET, cooperative};
//!
//! rt::block_on(async {
//!     let other = rt::spawn(async {});
//!     let greedy = rt::spawn(async move {
//!         let mut turns = 0_u32;
//!         while !other.is_finished() {
//!             cooperative(std::future::ready(())).await; // never pending by itself
//!             turns += 1;
//!         }
//!         turns
//!     });
//!     let turns = greedy.await.unwrap();
//!     assert!(turns <= BUDGET + 1); // the last one in the next poll
//! });
//! ```

pub use rt_task::coop::{
    BUDGET, Coop, Proceed, Unconstrained, consume_budget, cooperative, has_budget_remaining,
    poll_proceed, unconstrained, with_budget,
};

/// tokio's name of [`Proceed`].
pub type RestoreOnPending = Proceed;
