//! The runtime whose tasks run on threads of its own.
//!
//! ```text
//!   thread A: block_on(root a) ── root a, A's local tasks
//!   worker 0 ─┬─ tasks, shared by stealing        timers: at the park that one of all these waits at
//!   worker 1 ─┘  and the local tasks of each
//! ```
//!
//! Somebody's long poll does not hold up a root: the thread that blocks runs nobody else's tasks.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rt_executor::{RootFuture, drive};
use rt_steal::{Place, SPIN, Shared, Team, Worker};
use rt_task::TaskRef;
use rt_timer::{Clock, TimerDriver};
use rt_waker::{Park, Parker, WakeBatch};

use crate::context;
use crate::hooks;
use crate::inner::{Inner, RuntimeFlavor};
use crate::runtime::session::Session;
use crate::runtime::threads::Threads;
use crate::trace::Recorder;

type Driver = TimerDriver<Parker>;

/// Workers, and the park that they share.
pub(super) struct MultiThread {
    team: Team,
    /// Locked for the moment in which a thread makes its own handle of it.
    park: Mutex<Shared<Driver>>,
    threads: Mutex<Vec<thread::JoinHandle<()>>>,
    /// Nobody waits for the workers.
    is_abandoned: bool,
}

static_assertions::assert_impl_all!(MultiThread: Send, Sync);

impl MultiThread {
    /// # Errors
    ///
    /// If a thread can not be created, or the process has too many executors. No thread is left then.
    pub(super) fn start(
        threads: &Threads,
        clock: Clock,
        recorder: Recorder,
    ) -> io::Result<(MultiThread, Inner)> {
        let workers = threads.workers()?;
        let (team, places) = Team::hire(workers)?;
        // A wheel for each worker, so that their timers do not meet; one for everybody else.
        let driver = TimerDriver::with_wheels(Parker::new(), clock, workers + 1);
        let timers = driver.wheels().timers(workers);
        let park = Shared::new(driver);
        team.share(&park);
        let flavor = RuntimeFlavor::MultiThread;
        let closer = team.closer();
        let close = Box::new(move || drop(closer.close()));
        let inner = Inner::new((team.handle(), close), timers, flavor, recorder, threads.pool());
        let (park, threads_of) = (Mutex::new(park), Mutex::default());
        let this = MultiThread { team, park, threads: threads_of, is_abandoned: false };
        for place in places {
            // The places that are left leave with the error, and with `this` the workers.
            let thread = threads.spawn(place.index(), this.worker(place, inner.clone()))?;
            this.threads().push(thread);
        }
        Ok((this, inner))
    }

    /// What the thread of a worker does.
    fn worker(&self, place: Place, inner: Inner) -> impl FnOnce() + Send + 'static {
        let park = self.handle();
        move || {
            let hooks = inner.recorder.hooks.clone();
            let _timers = inner.timers.wheels().timers(place.index()).enter();
            let worker = Worker::new(place, park, inner.recorder.clone(), inner.recorder.clone());
            inner.govern(&worker.local_handle());
            let _blocking = context::block("a worker");
            let _entered = context::enter(inner, Some(worker.local_handle()));
            hooks::call(&hooks.on_start);
            worker.run();
            hooks::call(&hooks.on_stop);
        }
    }

    pub(super) fn block_on<F: Future>(&self, inner: &Inner, future: F) -> F::Output {
        let _timers = inner.timers.enter();
        let mut park = self.handle().spinning(SPIN);
        let _root = self.team.add_root(park.waker());
        let mut session = Session::new(inner, park.waker());
        let mut root = pin!(future);
        let mut root = RootFuture::new(root.as_mut(), park.waker());
        let (mut home, mut ready) = (session.home.enter(), WakeBatch::new());
        let never = || None::<Infallible>;
        let Ok(output) = drive(&mut root, &mut home, &mut park, &mut ready, never);
        output
    }

    /// Cancels all tasks, and says which.
    pub(super) fn close(&self) -> Vec<TaskRef> {
        self.team.close()
    }

    /// For how long a task has been in a poll that goes on, if one is seen.
    pub(super) fn age_of(&self, task: &TaskRef) -> Option<Duration> {
        self.team.age_of(task)
    }

    /// Waits until the workers of a closed runtime have left, for so long at most: `None` is for ever.
    /// Whether they have. A worker that calls this does not wait.
    pub(super) fn wait(&self, timeout: Option<Duration>) -> bool {
        let timeout = if self.team.is_here() { Some(Duration::ZERO) } else { timeout };
        let have_left = self.team.wait(timeout);
        if have_left && timeout.is_none() {
            // Nothing is left for them to do but the user's hook.
            let threads = std::mem::take(&mut *self.threads());
            threads.into_iter().for_each(|thread| drop(thread.join()));
        }
        have_left
    }

    /// Whether this thread is one of the workers.
    pub(super) fn is_here(&self) -> bool {
        self.team.is_here()
    }

    /// Waits for nobody. To be called when it was shut down.
    pub(super) fn abandon(mut self) {
        self.is_abandoned = true;
    }

    fn handle(&self) -> Shared<Driver> {
        self.park.lock().unwrap_or_else(PoisonError::into_inner).another()
    }

    fn threads(&self) -> MutexGuard<'_, Vec<thread::JoinHandle<()>>> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for MultiThread {
    fn drop(&mut self) {
        if !self.is_abandoned {
            self.close();
            self.wait(None);
        }
    }
}
