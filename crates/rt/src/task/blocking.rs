//! What blocks: on a thread of its own, so that no worker waits with it.

use std::cell::Cell;

use rt_blocking::{Permit, TrySpawnError};
use rt_task::{Builder, JoinHandle};
use rt_timer::ClockHold;

use crate::context;
use crate::inner::{Inner, RuntimeFlavor};
use crate::messages;

/// Runs a closure that blocks, or computes for long, on a thread of the runtime's pool.
///
/// Threads are started when no idle one takes the job, up to
/// [`max_blocking_threads`](crate::runtime::Builder::max_blocking_threads); beyond that the oldest job is
/// next. Dropping the handle detaches the job.
///
/// Aborted while it waits for a thread, the job never runs: its closure is dropped by whoever aborts it,
/// before `abort` returns; so do not abort it under a lock that this drop takes. Aborted while it runs, it
/// runs to its end.
///
/// ```
/// rt::block_on(async {
///     let text = rt::spawn_blocking(|| std::fs::read_to_string("Cargo.toml")).await.unwrap();
///     assert!(text.unwrap().contains("[package]"));
/// });
/// ```
///
/// # Panics
///
/// Outside of a runtime; and if no thread lives and the system gives none: see [`try_spawn_blocking`].
#[track_caller]
pub fn spawn_blocking<F, R>(job: F) -> JoinHandle<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    spawn_on(&context::here("`spawn_blocking`"), "`spawn_blocking`", Builder::new(), job)
}

/// As [`spawn_blocking`], on this runtime. A clock that stands does not go on by itself before the job has
/// ended.
#[track_caller]
pub(crate) fn spawn_on<F, R>(
    runtime: &Inner,
    what: &str,
    builder: Builder<'_>,
    job: F,
) -> JoinHandle<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    let hold = (runtime.flavor == RuntimeFlavor::CurrentThread).then(|| runtime.timers.hold());
    let job = move || {
        let _hold = Held { hold };
        job()
    };
    match runtime.pool.spawn_with(builder, job) {
        Ok(handle) => handle,
        Err(error) => messages::no_thread(what, &error),
    }
}

thread_local! {
    /// Of the job that has ended on this thread, until its joiner is woken: let go of before, the clock
    /// could be faster than that.
    static ENDED: Cell<Option<ClockHold>> = const { Cell::new(None) };
}

struct Held {
    hold: Option<ClockHold>,
}

impl Drop for Held {
    fn drop(&mut self) {
        let _ = ENDED.try_with(|ended| ended.set(self.hold.take()));
    }
}

/// The joiner of the last job on this thread was woken.
pub(crate) fn job_ended() {
    drop(ENDED.try_with(Cell::take));
}

/// As [`spawn_blocking`], if fewer jobs than 2,048 are there, queued and running.
///
/// # Errors
///
/// The closure, if there is no place for it, no thread, or the runtime is ending.
///
/// # Panics
///
/// Outside of a runtime.
///
/// ```
/// rt::block_on(async {
///     let job = rt::task::try_spawn_blocking(|| 6 * 7).expect("there is room");
///     assert_eq!(job.await.unwrap(), 42);
/// });
/// ```
#[track_caller]
pub fn try_spawn_blocking<F, R>(job: F) -> Result<JoinHandle<R>, TrySpawnError<F>>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    context::here("`try_spawn_blocking`").pool.try_spawn(job)
}

/// Waits for a place for a job, first come, first served: back-pressure for who makes many.
///
/// Cancel safe: dropped, it gives its place in the line, or the place itself, to the next.
///
/// ```
/// rt::block_on(async {
///     let permit = rt::task::reserve_blocking().await.unwrap();
///     assert_eq!(permit.spawn(|| 2).unwrap().await.unwrap(), 2);
/// });
/// ```
///
/// # Errors
///
/// If the runtime is ending.
///
/// # Panics
///
/// Outside of a runtime.
pub async fn reserve_blocking() -> Result<Permit, rt_blocking::Closed> {
    let runtime = context::here("`reserve_blocking`");
    runtime.pool.reserve().await
}
