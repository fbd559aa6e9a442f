//! Tasks: spawning them, waiting for them, stopping them.
//!
//! ```
//! rt::block_on(async {
//!     let task = rt::task::Builder::new().name("answer").spawn(async { 42 });
//!     assert_eq!(task.await.unwrap(), 42);
//! });
//! ```

pub(crate) mod blocking;

mod builder;
pub mod coop;
pub mod join_set;
mod local_key;

/// Futures that one can name.
pub mod futures {
    pub use super::local_key::TaskLocalFuture;
}

use std::future::Future;

pub use rt_executor::{YieldNow, yield_now};
pub use rt_task::{AbortHandle, AbortOnDrop, Id, JoinError, JoinHandle, Priority};

pub use blocking::{block_in_place, reserve_blocking, spawn_blocking, try_spawn_blocking};
pub use builder::Builder;
pub use coop::{Unconstrained, consume_budget, unconstrained};
#[doc(inline)]
pub use join_set::JoinSet;
pub use local_key::{AccessError, LocalKey, TaskLocalFuture};
pub use rt_blocking::{
    Closed as BlockingClosed, Permit as BlockingPermit, SpawnError as BlockingSpawnError,
    TrySpawnError,
};

#[doc(inline)]
pub use crate::task_local;

use crate::context;
use crate::messages;

/// Spawns a task on the runtime of this thread. It runs whether or not its handle is polled; dropping
/// the handle detaches it.
///
/// ```
/// rt::block_on(async {
///     let sum = rt::spawn(async { (1..=10).sum::<u32>() });
///     assert_eq!(sum.await.unwrap(), 55);
/// });
/// ```
///
/// # Panics
///
/// Outside of a runtime.
#[track_caller]
#[inline]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    context::spawner("`spawn`").spawn(future)
}

/// Spawns a task that stays on this thread: its future need not be `Send`.
///
/// In a task on a worker of a multi-threaded runtime it stays on that worker, and ends with the runtime. Elsewhere
/// it ends with the outermost `block_on` of the thread; on a
/// [`LocalRuntime`](crate::runtime::LocalRuntime) it lives on to the next.
///
/// ```
/// use std::rc::Rc;
/// rt::block_on(async {
///     let shared = Rc::new(1);
///     let task = rt::spawn_local({ let shared = shared.clone(); async move { *shared } });
///     assert_eq!(task.await.unwrap(), 1);
/// });
/// ```
///
/// # Panics
///
/// Where nothing on this thread runs local tasks: outside of `block_on` and of the tasks of a worker, also
/// where only the guard of `Handle::enter` is held.
#[track_caller]
pub fn spawn_local<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    context::local_spawner("`spawn_local`").spawn(future)
}

/// The number of the task that this is called in.
///
/// # Panics
///
/// Outside of a task: the future of a `block_on` is none.
#[must_use]
#[track_caller]
pub fn id() -> Id {
    match try_id() {
        Some(id) => id,
        None => messages::no_task("`task::id`"),
    }
}

/// The number of the task that this is called in, if it is one.
#[must_use]
pub fn try_id() -> Option<Id> {
    rt_task::current()
}
