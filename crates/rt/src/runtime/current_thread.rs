//! The runtime whose tasks run on the thread that blocks on it.
//!
//! ```text
//!   thread A: block_on(root a) ── takes the seat ──► root a, A's local tasks, all other tasks, timers
//!   thread B: block_on(root b) ── waits for it ────► root b, B's local tasks
//!                                                     … until A is done: then B drives
//! ```

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Wake, Waker};

use rt_executor::{Core, RootFuture, Running, Work, drive};
use rt_io::Reactor;
use rt_steal::Watching;
use rt_timer::{Clock, TimerDriver};
use rt_waker::{Park, Parker, WakeBatch};

use crate::inner::{Inner, RuntimeFlavor};
use crate::lookout::Lookout;
use crate::recorder::Recorder;
use crate::runtime::seat::Seat;
use crate::runtime::session::Session;
use crate::runtime::threads::{Queue, Threads};

/// Tasks that run on whichever thread blocks.
pub(super) struct CurrentThread {
    /// Wakes the thread that drives.
    bell: Waker,
    seat: Seat<Driver>,
    /// Shows the polls of the thread that drives, if polls that last are told of.
    watching: Option<Watching>,
}

static_assertions::assert_impl_all!(CurrentThread: Send, Sync);

/// What one thread at a time has in its hands. The tasks are dropped before the timers.
struct Driver {
    core: Core<Queue, Recorder>,
    park: TimerDriver<Reactor>,
    ready: WakeBatch,
}

impl CurrentThread {
    /// # Errors
    ///
    /// If the system gives no thread that watches polls, where that was asked for.
    pub(super) fn new(
        threads: &Threads,
        clock: Clock,
        recorder: Recorder,
    ) -> io::Result<(CurrentThread, Inner)> {
        let watching = recorder.lookout.watch(None)?;
        let park = TimerDriver::new(Reactor::new(), clock);
        let bell = park.waker();
        let queue = Queue::aged(threads.ageing.clone());
        let core = Core::new(queue, recorder.of_driver().watched(watching.as_ref()), bell.clone());
        let flavor = RuntimeFlavor::CurrentThread;
        let drivers = (park.timers(), park.inner().handle());
        let tasks = (core.handle(), Box::new(core.handle()) as _);
        let inner = Inner::new(tasks, drivers, flavor, recorder, threads.settings());
        let seat = Seat::new(Driver { core, park, ready: WakeBatch::new() });
        Ok((CurrentThread { bell, seat, watching }, inner))
    }

    pub(super) fn block_on<F: Future>(&self, inner: &Inner, future: F) -> F::Output {
        let _drivers = inner.enter_drivers();
        let mut parker = Parker::new();
        let bell = Waker::from(Arc::new(Either { parks: [self.bell.clone(), parker.waker()] }));
        let mut session = Session::new(inner, bell.clone());
        let mut root = pin!(future);
        let mut root = RootFuture::new(root.as_mut(), bell);
        let mut home = session.home.enter();
        let turn = parker.waker();
        loop {
            let output = match self.seat.take(&turn) {
                Ok(mut driver) => {
                    let _awake = Lookout::awake(self.watching.as_ref());
                    let Driver { core, park, ready } = &mut *driver;
                    let mut work = Driving::new(&mut home, core.enter());
                    drive(&mut root, &mut work, park, ready, || None)
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

    /// How many threads wait for the one that drives.
    pub(super) fn waiting(&self) -> usize {
        self.seat.waiting()
    }
}

/// This thread's own tasks and those of the runtime, while it drives: then it is the runtime's only worker.
struct Driving<'a, 'b> {
    home: &'a mut Running<'b, Queue, Recorder>,
    core: Running<'a, Queue, Recorder>,
}

impl<'a, 'b> Driving<'a, 'b> {
    fn new(
        home: &'a mut Running<'b, Queue, Recorder>,
        mut core: Running<'a, Queue, Recorder>,
    ) -> Driving<'a, 'b> {
        home.probe().drive_as(core.probe());
        Driving { home, core }
    }
}

impl Work for Driving<'_, '_> {
    fn turn(&mut self) -> usize {
        Work::turn(self.home) + Work::turn(&mut self.core)
    }

    fn is_ready(&self) -> bool {
        self.home.is_ready() || self.core.is_ready()
    }

    /// Two watches show the polls of this thread, and both must say that it waits.
    fn parking(&mut self) {
        Work::parking(self.home);
        self.core.probe().lookout.parking();
    }

    fn parked(&mut self) {
        self.core.probe().lookout.parked();
        Work::parked(self.home);
    }
}

impl Drop for Driving<'_, '_> {
    /// Before the next one drives.
    fn drop(&mut self) {
        self.home.probe().leave();
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
