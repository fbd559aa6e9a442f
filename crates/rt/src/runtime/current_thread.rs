//! The runtime whose tasks run on the thread that blocks on it.
//!
//! ```text
//!   thread A: block_on(root a) ── takes the seat ──► root a, A's local tasks, all other tasks, timers
//!   thread B: block_on(root b) ── waits for it ────► root b, B's local tasks
//!                                                     … until A is done: then B drives
//! ```

use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Wake, Waker};

use rt_executor::{Core, Fifo, RootFuture, drive};
use rt_task::JoinHandle;
use rt_timer::{Clock, TimerDriver};
use rt_waker::{Park, Parker, WakeBatch};

use crate::context;
use crate::inner::{Inner, RuntimeFlavor};
use crate::runtime::handle::{EnterGuard, Handle};
use crate::runtime::seat::Seat;
use crate::runtime::session::Session;
use crate::trace::Recorder;

/// Runs tasks. Dropping it drops every future that it has.
///
/// ```
/// let runtime = rt::runtime::Runtime::new()?;
/// assert_eq!(runtime.block_on(async { 6 * 7 }), 42);
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Runtime {
    handle: Handle,
    /// Wakes the thread that drives.
    bell: Waker,
    /// Empty only while it is dropped.
    seat: Option<Seat<Driver>>,
}

static_assertions::assert_impl_all!(Runtime: Send, Sync);

/// What one thread at a time has in its hands. The tasks are dropped before the timers.
struct Driver {
    core: Core<Fifo, Recorder>,
    park: TimerDriver<Parker>,
    ready: WakeBatch,
}

impl Runtime {
    pub(super) fn current_thread(clock: Clock, recorder: Recorder) -> Runtime {
        let park = TimerDriver::new(Parker::new(), clock);
        let bell = park.waker();
        let core = Core::new(Fifo::new(), recorder.clone(), bell.clone());
        let flavor = RuntimeFlavor::CurrentThread;
        let timers = park.timers();
        let handle = Handle::new(Inner { spawner: core.handle(), timers, flavor, recorder });
        let seat = Seat::new(Driver { core, park, ready: WakeBatch::new() });
        Runtime { handle, bell, seat: Some(seat) }
    }

    /// Runs a future to its end on this thread, and with it the tasks of the runtime.
    ///
    /// Of several threads that block on one runtime, one runs its tasks; when it is done, another
    /// takes over. Each polls its own future, and the local tasks that were spawned on it, which
    /// end with this call. What else is not done by then waits for the next call.
    ///
    /// # Panics
    ///
    /// Inside of a runtime, and if the future panics.
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        let _blocking = context::block("`Runtime::block_on`");
        let _timers = self.handle.inner().timers.enter();
        let mut parker = Parker::new();
        let bell = Waker::from(Arc::new(Either { parks: [self.bell.clone(), parker.waker()] }));
        let mut session = Session::new(self.handle.inner(), bell.clone());
        let mut root = pin!(future);
        let mut root = RootFuture::new(root.as_mut(), bell);
        let mut home = session.home.enter();
        let (seat, turn) = (self.seat(), parker.waker());
        loop {
            let output = match seat.take(&turn) {
                Ok(mut driver) => {
                    let Driver { core, park, ready } = &mut *driver;
                    let work = &mut (&mut home, &mut core.enter());
                    drive(&mut root, work, park, ready, || None)
                }
                Err(queued) => {
                    let mut ready = WakeBatch::new();
                    let over = || (!queued.is_waiting()).then_some(());
                    drive(&mut root, &mut home, &mut parker, &mut ready, over)
                }
            };
            if let Ok(output) = output {
                return output;
            }
        }
    }

    /// Spawns a task, which runs when somebody blocks on the runtime.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.handle.spawn(future)
    }

    /// A handle that spawns from anywhere.
    #[must_use]
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// As [`Handle::enter`].
    pub fn enter(&self) -> EnterGuard<'_> {
        self.handle.enter()
    }

    fn seat(&self) -> &Seat<Driver> {
        self.seat.as_ref().unwrap_or_else(|| unreachable!("[N3] taken by the drop alone"))
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        // Drops of futures may ask for the runtime.
        let _entered = context::enter(self.handle.inner().clone(), None);
        drop(self.seat.take());
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime")
            .field("handle", &self.handle)
            .field("waiting", &self.seat().waiting())
            .finish_non_exhaustive()
    }
}

/// Wakes a thread that waits at one of two parks.
struct Either {
    parks: [Waker; 2],
}

impl Wake for Either {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.parks.iter().for_each(Waker::wake_by_ref);
    }
}
