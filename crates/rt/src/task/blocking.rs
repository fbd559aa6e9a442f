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
    /// The hold of the job that ended last on this thread, kept until its joiner is woken: without it the
    /// clock could go on before the joiner runs.
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

/// As [`spawn_blocking`], if fewer jobs than 2,048 are there, queued and running. (A clock that
/// [stands](crate::time::pause) waits for jobs of `spawn_blocking` only.)
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

/// Runs a closure that blocks, or computes for long, here and now: what waits for this worker goes to another
/// thread meanwhile.
///
/// The worker gives its place away, to a thread that waits for one or to a fresh one: its queue, what it was
/// about to run next, its turn to search and to sleep. What stays are the local tasks of this thread: they
/// wait until the closure is done, and go on here. Inside of it a thread may block on a runtime:
/// [`Handle::block_on`](crate::runtime::Handle::block_on) works. There is no limit for the operations of a poll.
///
/// [`spawn_blocking`] holds up nobody and needs no fresh thread: take it if the closure can be sent away. What
/// else is polled in the same task, by `join!` or `select!`, waits for the closure.
///
/// The fresh thread is one of the runtime like the others: it is called as they are, with the next number, and
/// calls their hooks; in a [`Trace`](crate::trace::Trace) its number is beyond `worker_threads`. A thread without
/// a place and without local tasks ends after ten seconds, or takes the next place that somebody leaves.
///
/// In a thread that runs no tasks of others it is a plain call: in the future of a `block_on` on a multi-threaded
/// runtime, in a job of [`spawn_blocking`], in a closure of `block_in_place`, and outside of a runtime. If the
/// system gives no thread, it is a plain call too.
///
/// ```
/// let runtime = rt::runtime::Builder::new_multi_thread().worker_threads(1).build()?;
/// let task = runtime.spawn(async {
///     let other = rt::spawn(async { 42 }); // which the only worker would run
///     let (sender, answer) = std::sync::mpsc::channel();
///     rt::spawn(async move { sender.send(other.await.unwrap()).unwrap() });
///     rt::task::block_in_place(|| answer.recv().unwrap())
/// });
/// assert_eq!(runtime.block_on(task).unwrap(), 42);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Panics
///
/// On a current-thread runtime, where nobody else could run the tasks. A panic of the closure goes on here.
#[track_caller]
pub fn block_in_place<F, R>(job: F) -> R
where
    F: FnOnce() -> R,
{
    match context::blocking() {
        None => return job(),
        Some(RuntimeFlavor::CurrentThread) => messages::no_place_to_leave(),
        Some(RuntimeFlavor::MultiThread) => {}
    }
    if let Some((runtime, meter)) = context::employer() {
        if runtime.step_aside() {
            meter.rest(); // who has taken the place is busy in its stead
        }
        context::excuse_local_poll();
    }
    // What was made before counts from now at the latest: this may take long.
    rt_task::settle_marks();
    let _unblocked = context::unblock();
    rt_task::coop::without_budget(job)
}
