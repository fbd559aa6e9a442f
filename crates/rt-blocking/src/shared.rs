//! The lock of a pool, and what is done when it is let go: bells are rung, wakers woken, jobs dropped.
//!
//! * **[BS1]** Under the lock nothing of a user's runs, and nothing that may block. What an event
//!   returned is done after it.
//! * **[BS2]** A thread waits at its own bell, under the lock; who changes its phase does it under the
//!   lock and rings after. The ring may be late, and is then for nothing: the phase says what is true.
//! * **[BS3]** A thread of the pool joins the one that ended before it; whoever waits for the pool
//!   joins the last one, and so all. No handle is kept beside that one.
//! * **[BS4]** A thread of the pool joins nobody while it may be waited for: not in a job, not in the
//!   destructor of a thread-local.

use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rt_task::sync::{Condvar, Mutex, MutexGuard, lock, thread::JoinHandle};
use rt_task::{End, Task, TaskRef};
use rt_waker::WakeBatch;

use crate::config::Config;
use crate::crew::{Awake, Bell, Key};
use crate::error::Why;
use crate::here;
use crate::jobs::{Taken, Ticket};
use crate::observer::Observer;
use crate::report::Report;
use crate::state::{Admission, Next, Push, Right, State};
use crate::unwind;

/// How much longer a thread waits that may not retire because somebody is on the way in.
const GRACE: Duration = Duration::from_millis(1);

static NEXT_NUMBER: AtomicU64 = AtomicU64::new(0);

/// See the module.
pub(crate) struct Shared {
    pub(crate) config: Config,
    /// Never used again, as an address would be.
    pub(crate) number: u64,
    state: Mutex<State>,
    /// Rung when the creation of a thread has succeeded or failed.
    settled: Condvar,
    /// Rung when a thread has ended, or one more waits for the end.
    gone: Condvar,
    /// The thread that ended last [BS3].
    last: Mutex<Option<JoinHandle<()>>>,
}

impl Shared {
    pub(crate) fn new(config: Config) -> Shared {
        let state = State::new(config.max_threads, config.capacity);
        Shared {
            config,
            number: NEXT_NUMBER.fetch_add(1, Ordering::Relaxed),
            state: Mutex::new(state),
            settled: Condvar::new(),
            gone: Condvar::new(),
            last: Mutex::new(None),
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Tells the observer, if there is one.
    #[inline]
    pub(crate) fn tell(&self, what: impl FnOnce(&dyn Observer)) {
        if let Some(observer) = &self.config.observer {
            unwind::contained(|| what(&**observer));
        }
    }

    /// Lets a job in. Waits while the only threads there may be are being created: what comes of it
    /// decides whether the job can run at all [BJ4].
    pub(crate) fn admit(&self, right: Right) -> Result<Admission, Why> {
        let mut state = self.state();
        while state.is_unsettled() {
            state = self.settled.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.admit(right)
    }

    pub(crate) fn turn_back(&self) {
        let waker = self.state().turn_back();
        unwind::wake(waker);
    }

    pub(crate) fn started(&self, key: Key, handle: JoinHandle<()>) {
        self.state().crew.started(key, handle);
        self.settled.notify_all();
    }

    /// Whether another thread lives, which will run what is queued.
    pub(crate) fn not_started(&self, key: Key) -> bool {
        let is_manned = self.state().not_started(key);
        self.settled.notify_all();
        is_manned
    }

    pub(crate) fn push(&self, ticket: Ticket, task: &TaskRef) {
        let pushed = self.state().push(ticket, task.clone());
        match pushed {
            Push::Queued(bell) => ring(bell),
            Push::Refused(held, waker) => {
                drop(held);
                task.abort();
                unwind::wake(waker);
            }
        }
    }

    /// Keeps the `Task` of a job that was woken by hand.
    ///
    /// # Errors
    ///
    /// The task, if the pool is closed, or the job aborted.
    pub(crate) fn hold(&self, ticket: Ticket, task: Task) -> Result<(), Task> {
        self.state().hold(ticket, task)
    }

    pub(crate) fn take_held(&self, ticket: Ticket) -> Option<Task> {
        self.state().take_held(ticket)
    }

    pub(crate) fn task_ended(&self, ticket: Ticket, how: End) {
        let ended = self.state().end(ticket, how);
        if let Some((task, waker)) = ended {
            drop(task);
            unwind::wake(waker);
        }
    }

    /// A thread is at the queue for the first time.
    pub(crate) fn begin(&self, key: Key) {
        self.state().crew.begin(key);
        self.settled.notify_all();
    }

    /// The next job for a thread; `None` if it is to end.
    pub(crate) fn next(&self, key: Key) -> Option<Taken> {
        let mut state = self.state();
        loop {
            let bell = match state.next(key) {
                Next::Run(job) => return Some(job),
                Next::Leave => return None,
                Next::Rest(bell) => bell,
            };
            let awake;
            (state, awake) = self.rest(state, key, &bell);
            if awake == Awake::Retired {
                return None;
            }
        }
    }

    /// Waits until the thread is called, or its time is up [BS2].
    fn rest<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        key: Key,
        bell: &Condvar,
    ) -> (MutexGuard<'a, State>, Awake) {
        let mut deadline = Instant::now().checked_add(self.config.keep_alive);
        loop {
            let is_time_up;
            (state, is_time_up) = wait(bell, state, deadline);
            match state.awake(key, is_time_up) {
                Awake::Again if is_time_up => deadline = Instant::now().checked_add(GRACE),
                Awake::Again => {}
                awake => return (state, awake),
            }
        }
    }

    /// The last that a thread does [BS3].
    pub(crate) fn thread_ended(&self, key: Key) {
        let handle = self.own_handle(key);
        let before = lock(&self.last).replace(handle);
        self.state().crew.end(key);
        self.gone.notify_all();
        // It can not panic any more, and it waits for nobody: it is gone, or almost.
        if let Some(before) = before {
            drop(before.join());
        }
    }

    /// Whoever started this thread is about to bring its handle.
    fn own_handle(&self, key: Key) -> JoinHandle<()> {
        let mut state = self.state();
        loop {
            if let Some(handle) = state.crew.take_handle(key) {
                return handle;
            }
            state = self.settled.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Lets nobody in from now on, and cancels what is queued.
    pub(crate) fn close(&self) {
        let closing = self.state().close();
        self.settled.notify_all();
        ring(closing.bells);
        let mut wakers = WakeBatch::new();
        closing.wakers.into_iter().for_each(|waker| wakers.push(waker));
        wakers.wake_all();
        drop(closing.held);
        closing.waiting.into_iter().for_each(|job| job.abort());
    }

    /// Every idle thread leaves as if its time were up.
    pub(crate) fn dismiss(&self) {
        let bells = self.state().crew.dismiss();
        ring(bells);
    }

    /// Waits for the threads of a closed pool.
    pub(crate) fn join(&self, timeout: Duration) -> Report {
        let deadline = Instant::now().checked_add(timeout);
        let here = here::key(self.number);
        let report = self.wait_for_threads(here, deadline);
        let is_time_left = deadline.is_none_or(|deadline| Instant::now() < deadline);
        if here.is_none() && is_time_left {
            self.join_the_last(deadline);
        }
        report
    }

    /// Joins the thread that ended last [BS3], or waits for whoever does.
    fn join_the_last(&self, deadline: Option<Instant>) {
        let last = {
            let mut last = lock(&self.last);
            self.state().reapers += 1;
            last.take()
        };
        // No lock is held: the thread may be destroying its thread-locals, which may use the pool.
        if let Some(last) = last {
            drop(last.join());
        }
        let mut state = self.state();
        state.reapers -= 1;
        self.gone.notify_all();
        let mut is_time_up = false;
        while state.reapers > 0 && !is_time_up {
            (state, is_time_up) = wait(&self.gone, state, deadline);
        }
    }

    fn wait_for_threads(&self, here: Option<Key>, deadline: Option<Instant>) -> Report {
        let mut state = self.state();
        if let Some(key) = here {
            state.crew.set_joining(key, true);
            // Others that wait do not wait for this thread any more.
            self.gone.notify_all();
        }
        let mut is_time_up = false;
        while state.crew.waited_for(here) > 0 && !is_time_up {
            (state, is_time_up) = wait(&self.gone, state, deadline);
        }
        let report = state.report(here);
        if let Some(key) = here {
            state.crew.set_joining(key, false);
        }
        report
    }
}

fn ring(bells: impl IntoIterator<Item = Bell>) {
    for bell in bells {
        bell.notify_one();
    }
}

/// Waits once: for a notification, for nothing, or until the deadline, of which it is told.
fn wait<'a>(
    bell: &Condvar,
    state: MutexGuard<'a, State>,
    deadline: Option<Instant>,
) -> (MutexGuard<'a, State>, bool) {
    let Some(deadline) = deadline else {
        return (bell.wait(state).unwrap_or_else(PoisonError::into_inner), false);
    };
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return (state, true);
    }
    let (state, _) = bell.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner);
    (state, Instant::now() >= deadline)
}
