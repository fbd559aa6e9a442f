//! One thread: a home, and a way to wait.

use std::cell::{RefCell, RefMut};
use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::task::Waker;
use std::time::Duration;

use rt_task::JoinHandle;
use rt_waker::{Park, Parker, WakeBatch};

#[cfg(doc)]
use crate::core::TURN;
use crate::drive::{RootFuture, Work, drive};
use crate::handle::{Handle, LocalHandle};
use crate::home::Home;
use crate::messages;
use crate::probe::Probe;
use crate::queue::{Fifo, RunQueue};
use crate::spawn::Ambient;

/// Runs futures of any kind on the thread that owns it.
///
/// Dropping it drops every future it has, on this thread.
///
/// ```
/// use rt_executor::Executor;
/// use std::rc::Rc;
///
/// let executor = Executor::new();
/// let shared = Rc::new(20); // not Send
/// let one = executor.spawn({
///     let shared = shared.clone();
///     async move { *shared + 1 }
/// });
/// assert_eq!(executor.run(async { one.await.unwrap() + *shared + 1 }), 42);
/// ```
///
/// # In another event loop
///
/// An executor need not own its thread. [`run_ready`](Executor::run_ready) polls what is ready,
/// [`due`](Executor::due) says when it must be called again, [`wait`](Executor::wait) waits at most
/// so long; a [`Park`] of your own, whose waker wakes your loop, takes the place of the last.
pub struct Executor<P: Park = Parker, Q: RunQueue = Fifo, B: Probe = ()> {
    local: LocalHandle,
    handle: Handle,
    bell: Waker,
    engine: RefCell<Engine<P, Q, B>>,
    /// Entered when the drop begins, and left after the engine is gone: fields are dropped in this
    /// order. So [`spawn`](crate::spawn) in a future's drop is refused by the executor that ends.
    ending: Option<Ambient>,
}

struct Engine<P, Q: RunQueue, B: Probe> {
    home: Home<Q, B>,
    park: P,
    ready: WakeBatch,
}

static_assertions::assert_not_impl_any!(Executor: Send, Sync);

impl Executor {
    /// One that waits by parking its thread.
    #[must_use]
    #[track_caller]
    pub fn new() -> Executor {
        Executor::with(Parker::new(), Fifo::new(), ())
    }
}

impl<P: Park, Q: RunQueue, B: Probe> Executor<P, Q, B> {
    /// One that waits by `park`, keeps its tasks in `queue` and tells `probe` what it does.
    ///
    /// # Panics
    ///
    /// If there are too many executors in the process: 16,383.
    #[must_use]
    #[track_caller]
    pub fn with(park: P, queue: Q, probe: B) -> Executor<P, Q, B> {
        let bell = park.waker();
        let home = Home::new(queue, probe, bell.clone());
        let (local, handle) = (home.local_handle(), home.handle());
        let engine = RefCell::new(Engine { home, park, ready: WakeBatch::new() });
        Executor { local, handle, bell, engine, ending: None }
    }

    /// Spawns a task that stays on this thread.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        self.local.spawn(future)
    }

    /// A handle that spawns and wakes from any thread.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// A handle that spawns futures of any kind, on this thread.
    #[must_use]
    pub fn local_handle(&self) -> LocalHandle {
        self.local.clone()
    }

    /// How many tasks are alive.
    #[must_use]
    pub fn alive(&self) -> usize {
        self.local.alive()
    }

    /// Runs tasks until `root` is ready, and returns its output. What is not done by then stays,
    /// for the next run.
    ///
    /// Between two polls of a root that was woken there are at most [`TURN`] polls of tasks, and
    /// between two looks at timers and sockets at most twice as many, the root's counted.
    ///
    /// # Panics
    ///
    /// If `root` panics, and if a task of this executor calls it.
    #[track_caller]
    pub fn run<F: Future>(&self, root: F) -> F::Output {
        let mut engine = self.engine();
        let _ambient = Ambient::enter(self.local.clone());
        let root = pin!(root);
        let mut root = RootFuture::new(root, self.bell.clone());
        let Engine { home, park, ready } = &mut *engine;
        let never = || None::<Infallible>;
        let Ok(output) = drive(&mut root, &mut home.enter(), park, ready, never);
        output
    }

    /// Looks at timers and sockets, then polls what is ready and what that makes ready, at most
    /// [`TURN`] tasks; never waits. Says how many polls it made: zero if there was nothing to do.
    ///
    /// # Panics
    ///
    /// If a task of this executor calls it.
    #[track_caller]
    pub fn run_ready(&self) -> usize {
        self.step(Some(Duration::ZERO))
    }

    /// Waits until something is ready or `timeout` has passed (`None`: for ever), then polls as
    /// [`run_ready`](Executor::run_ready). Does not wait if something is ready; may return early for
    /// no reason, and then says zero.
    ///
    /// # Panics
    ///
    /// If a task of this executor calls it.
    #[track_caller]
    pub fn wait(&self, timeout: Option<Duration>) -> usize {
        self.step(timeout)
    }

    /// How long from now until it must be called again although nobody wakes: zero if something is
    /// ready, `None` if only a wake from elsewhere can make something ready.
    ///
    /// # Panics
    ///
    /// If a task of this executor calls it.
    #[must_use]
    #[track_caller]
    pub fn due(&self) -> Option<Duration> {
        let Engine { home, park, .. } = &mut *self.engine();
        if home.is_ready() { Some(Duration::ZERO) } else { park.due() }
    }

    #[track_caller]
    fn engine(&self) -> RefMut<'_, Engine<P, Q, B>> {
        let Ok(engine) = self.engine.try_borrow_mut() else { messages::runs_already() };
        engine
    }

    /// Parks for at most `timeout`, wakes whom the park found ready, and makes one turn. Does not wait
    /// if something is ready, also if that came up in the hook of the probe [X7].
    #[track_caller]
    // COURSE(4.5) stub: todo
    fn step(&self, timeout: Option<Duration>) -> usize {
        let Engine { home, park, ready } = &mut *self.engine();
        let _ambient = Ambient::enter(self.local.clone());
        let mut running = home.enter();
        let timeout = if running.is_ready() { Some(Duration::ZERO) } else { timeout };
        if timeout == Some(Duration::ZERO) {
            park.park(timeout, ready);
        } else {
            Work::parking(&mut running);
            // A hook may have spawned there: on its own thread that rings no bell.
            let timeout = if running.is_ready() { Some(Duration::ZERO) } else { timeout };
            park.park(timeout, ready);
            Work::parked(&mut running);
        }
        ready.wake_all();
        running.turn()
    }
}

impl<P: Park, Q: RunQueue, B: Probe> Drop for Executor<P, Q, B> {
    /// Enters the executor that ends as the one that [`spawn`](crate::spawn) finds (`[AM1]`).
    // COURSE(4.9) stub: leak
    fn drop(&mut self) {
        self.ending = Some(Ambient::enter(self.local.clone()));
    }
}

impl Default for Executor {
    fn default() -> Executor {
        Executor::new()
    }
}

impl<P: Park, Q: RunQueue, B: Probe> fmt::Debug for Executor<P, Q, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Executor").field("handle", &self.handle).finish_non_exhaustive()
    }
}
