//! Spawning without an executor in the hand: the one that runs on this thread takes it.
//!
//! * **[AM1]** [`spawn`] goes to the innermost executor that runs, or ends, on this thread; when that
//!   returns, to the one around it again.

use std::cell::RefCell;
use std::future::Future;

use rt_task::JoinHandle;

use crate::handle::LocalHandle;
use crate::messages;

rt_task::sync::thread_local_with_drop! {
    static AMBIENT: RefCell<Vec<LocalHandle>> = RefCell::new(Vec::new())
}

/// While it lives, [`spawn`] on this thread goes to this executor. They nest: the last one in is the
/// first one out.
#[derive(Debug)]
pub(crate) struct Ambient;

impl Ambient {
    /// From now on [`spawn`] on this thread goes to `local`. In a thread that ends, it does nothing.
    // COURSE(4.8) stub: expr: Ambient
    pub(crate) fn enter(local: LocalHandle) -> Ambient {
        let _ = AMBIENT.try_with(|ambient| ambient.borrow_mut().push(local));
        Ambient
    }
}

impl Drop for Ambient {
    /// From now on [`spawn`] goes to the executor that it went to before.
    // COURSE(4.8) stub: leak
    fn drop(&mut self) {
        let _ = AMBIENT.try_with(|ambient| ambient.borrow_mut().pop());
    }
}

/// Spawns a task onto the executor that runs on this thread. It stays on this thread.
///
/// # Panics
///
/// Outside of [`Executor::run`](crate::Executor::run) and its like.
///
/// ```
/// let executor = rt_executor::Executor::new();
/// let sum = executor.run(async {
///     let one = rt_executor::spawn(async { 1 });
///     let two = rt_executor::spawn(async { 2 });
///     one.await.unwrap() + two.await.unwrap()
/// });
/// assert_eq!(sum, 3);
/// ```
#[track_caller]
// COURSE(4.8) stub: todo
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    let local = AMBIENT.try_with(|ambient| ambient.borrow().last().cloned());
    let Ok(Some(local)) = local else { messages::no_executor() };
    local.spawn(future)
}
