//! Channels and locks between tasks (feature `sync`): tokio's, which need no runtime.
//!
//! One thing they leave to the runtime: tokio's types spend a budget, so that a task which always
//! finds them ready gives way now and then, and only tokio's own runtime sets it. Under every other
//! one it is without limit. With two workers or more such a task keeps one of them to itself, and what
//! waited there moves to another within 20 ms (but for local tasks). On one thread nobody else has a
//! turn. A task on a channel that may never be empty should therefore wrap the wait, which makes it
//! spend ours:
//!
//! ```
//! use rt::sync::mpsc;
//! use rt::task::coop::cooperative;
//!
//! rt::block_on(async {
//!     let (sender, mut receiver) = mpsc::channel(16);
//!     let sum = rt::spawn(async move {
//!         let mut sum = 0;
//!         while let Some(number) = cooperative(receiver.recv()).await {
//!             sum += number;
//!         }
//!         sum
//!     });
//!     for number in 1..=100 {
//!         sender.send(number).await.unwrap();
//!     }
//!     drop(sender);
//!     assert_eq!(sum.await.unwrap(), 5050);
//! });
//! ```

pub use tokio::sync::*;
