//! The threads of a multi-threaded runtime: those that it begins with, and those that take over the place
//! of one that blocks.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::{self, JoinHandle};

use rt_io::Reactor;
use rt_steal::{Closer, Loads, Place, Shared, Spare, Worker};
use rt_timer::{TimerDriver, Timers};

use crate::context;
use crate::hooks;
use crate::inner::{Host, Inner, RuntimeFlavor};
use crate::recorder::Recorder;
use crate::runtime::precise::wait_precisely;
use crate::runtime::threads::{Threads, WorkerQueue};

/// What the workers wait at.
pub(super) type Driver = TimerDriver<Reactor>;

/// See the module.
pub(super) struct Crew {
    threads: Threads,
    /// Locked for the moment in which a thread makes its own handle of it.
    park: Mutex<Shared<Driver>>,
    handles: Mutex<Vec<JoinHandle<()>>>,
    /// The number of the next thread, for its name and for traces.
    next: AtomicUsize,
}

impl Crew {
    pub(super) fn new(threads: Threads, park: Shared<Driver>) -> Crew {
        let (handles, next) = (Mutex::default(), AtomicUsize::new(0));
        Crew { threads, park: Mutex::new(park), handles, next }
    }

    /// A handle of the park for one more thread.
    pub(super) fn park(&self) -> Shared<Driver> {
        self.park.lock().unwrap_or_else(PoisonError::into_inner).another()
    }

    /// For a worker, which looks at its own wheel while another has the park.
    fn park_of(&self, timers: &Timers) -> Shared<Driver> {
        let timers = timers.clone();
        self.park().looking(move |ready| {
            if timers.is_overdue(timers.clock().now()) {
                timers.expire_due(ready);
            }
        })
    }

    /// Starts a thread that works at a place.
    ///
    /// # Errors
    ///
    /// If it can not be created.
    pub(super) fn hire(
        self: &Arc<Crew>,
        place: Place<WorkerQueue>,
        inner: Inner,
    ) -> io::Result<()> {
        let timers = inner.timers.wheels().timers(place.index());
        let park = self.park_of(&timers);
        self.start(inner, timers, move |probe, local| Worker::new(place, park, probe, local))
    }

    fn hire_spare(self: &Arc<Crew>, spare: Spare, inner: Inner) -> io::Result<()> {
        // Of the wheels it takes the one that is nobody's: which place it will have is not known.
        let timers = inner.timers.clone();
        let park = self.park_of(&timers);
        self.start(inner, timers, move |probe, local| Worker::spare(spare, park, probe, local))
    }

    /// The thread keeps the crew: as long as one works, whoever blocks in place finds another.
    fn start(
        self: &Arc<Crew>,
        inner: Inner,
        timers: Timers,
        worker: impl FnOnce(Recorder, Recorder) -> Worker<Driver, Recorder, WorkerQueue>
        + Send
        + 'static,
    ) -> io::Result<()> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let crew = self.clone();
        let body = move || {
            let _crew = crew;
            wait_precisely();
            let (hooks, foreign) = (inner.recorder.hooks.clone(), inner.foreign.clone());
            let _foreign = foreign.enter();
            let (_timers, _sockets) = (timers.enter(), inner.sockets.enter());
            let recorder = inner.recorder.of_worker(number);
            let meter = recorder.meter().clone();
            // There is a monitor: the team has seen to it.
            let watching = recorder.lookout.watch(Some(number)).ok().flatten();
            let watch = watching.as_ref().map(|watching| watching.watch().clone());
            let worker = worker(recorder.clone(), recorder.watched(watching.as_ref()));
            inner.settle(&worker.local_handle());
            let _blocking = context::block("a worker", RuntimeFlavor::MultiThread);
            let _working = context::work_for(inner.clone(), meter, watch);
            let _entered = context::enter(inner, Some(worker.local_handle()));
            hooks::call(&hooks.on_start);
            worker.run();
            hooks::call(&hooks.on_stop);
        };
        let handle = self.threads.spawn(number, body)?;
        let mut handles = self.handles();
        handles.retain(|thread| !thread.is_finished());
        handles.push(handle);
        Ok(())
    }

    /// Joins all that have left their team: nothing is left for them to do but the user's hook, and the
    /// destructors of thread-locals. One of these may be what calls this: it does not join itself.
    pub(super) fn join(&self) {
        let (here, handles) = (thread::current().id(), std::mem::take(&mut *self.handles()));
        let others = handles.into_iter().filter(|handle| handle.thread().id() != here);
        others.for_each(|handle| drop(handle.join()));
    }

    fn handles(&self) -> MutexGuard<'_, Vec<JoinHandle<()>>> {
        self.handles.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The runtime as its handles know it.
pub(super) struct Remote {
    pub(super) closer: Closer,
    /// Gone with the last of its threads, or with the runtime if that is later.
    pub(super) crew: Weak<Crew>,
    pub(super) loads: Loads,
}

impl Host for Remote {
    fn close(&self) {
        drop(self.closer.close());
    }

    fn start(&self, spare: Spare, runtime: Inner) -> bool {
        self.crew.upgrade().is_some_and(|crew| crew.hire_spare(spare, runtime).is_ok())
    }

    fn loads(&self) -> Option<Loads> {
        Some(self.loads.clone())
    }
}
