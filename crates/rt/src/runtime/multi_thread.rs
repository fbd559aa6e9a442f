//! The runtime whose tasks run on threads of its own.
//!
//! ```text
//!   thread A: block_on(root a) ── root a, A's local tasks
//!   worker 0 ─┬─ tasks, shared by stealing        timers: at the park that one of all these waits at
//!   worker 1 ─┘  and the local tasks of each
//! ```
//!
//! Somebody's long poll does not hold up a root: the thread that blocks runs nobody else's tasks.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use rt_io::Reactor;
use rt_steal::{SPIN, Shared, Team};
use rt_task::TaskRef;
use rt_timer::{Clock, TimerDriver};
use rt_waker::Park;

use crate::inner::{Inner, RuntimeFlavor};
use crate::recorder::Recorder;
use crate::runtime::crew::{Crew, Remote};
use crate::runtime::session::Session;
use crate::runtime::threads::{Threads, WorkerQueue};

/// Timers that are due so close to each other cost one wake-up. With 100 µs a sleep among 100,000 (T1 of
/// `rt-bench`) takes a seventh more CPU time.
const GATHER: Duration = Duration::from_micros(200);

/// Workers, and the park that they share.
pub(super) struct MultiThread {
    team: Team,
    crew: Arc<Crew>,
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
        let queue = || WorkerQueue::aged(threads.ageing.clone());
        let (team, places) = Team::hire_with(workers, queue)?;
        // A wheel for each worker, so that their timers do not meet; one for everybody else.
        let driver = TimerDriver::with_wheels(Reactor::new(), clock, workers + 1).gathering(GATHER);
        let drivers = (driver.wheels().timers(workers), driver.inner().handle());
        let park = Shared::new(driver);
        team.share(&park);
        recorder.lookout.dog.iter().for_each(|dog| team.watch_stalls(dog.clone()));
        let crew = Arc::new(Crew::new(threads.clone(), park));
        let (closer, loads) = (team.closer(), team.loads());
        let host = Remote { closer, crew: Arc::downgrade(&crew), loads };
        let (tasks, flavor) = ((team.handle(), Box::new(host) as _), RuntimeFlavor::MultiThread);
        let recorder = recorder.of_team(workers);
        let inner = Inner::new(tasks, drivers, flavor, recorder, threads.settings());
        let this = MultiThread { team, crew, is_abandoned: false };
        for place in places {
            // The places that are left leave with the error, and with `this` the workers.
            this.crew.hire(place, inner.clone())?;
        }
        Ok((this, inner))
    }

    pub(super) fn block_on<F: Future>(&self, inner: &Inner, future: F) -> F::Output {
        let _drivers = inner.enter_drivers();
        let mut park = self.team.root(self.crew.park().spinning(SPIN));
        let mut session = Session::new(inner, park.waker());
        session.block_on(future, &mut park)
    }

    /// Cancels all tasks, and says which.
    pub(super) fn close(&self) -> Vec<TaskRef> {
        self.team.close()
    }

    /// For how long a task has been in a poll that goes on, if one is seen.
    pub(super) fn age_of(&self, task: &TaskRef) -> Option<Duration> {
        self.team.age_of(task)
    }

    /// Waits until the workers of a closed runtime have left, for so long at most: `None` is for ever. A
    /// worker that calls this does not wait.
    pub(super) fn wait(&self, timeout: Option<Duration>) {
        let timeout = if self.team.is_here() { Some(Duration::ZERO) } else { timeout };
        if self.team.wait(timeout) && timeout.is_none() {
            self.crew.join();
        }
    }

    /// Whether this thread is one of the workers.
    pub(super) fn is_here(&self) -> bool {
        self.team.is_here()
    }

    /// Waits for nobody. To be called when it was shut down.
    pub(super) fn abandon(mut self) {
        self.is_abandoned = true;
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
