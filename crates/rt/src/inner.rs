//! What a handle of a runtime holds.
//!
//! * **[N4]** The pool does not keep alive what it stands in: its threads look their context up when
//!   they begin.

use std::io;
use std::ops::Deref;
use std::sync::{Arc, Weak};

use rt_blocking::{Config, Pool};
use rt_executor::{Lease, LocalHandle, OnPanic};
use rt_io::HandleGuard;
use rt_priority::Ageing;
use rt_steal::{Loads, Spare};
use rt_task::{Id, TaskRef, Watching as Measuring};
use rt_timer::{Timers, TimersGuard};

use crate::ledger::Ledger;
use crate::messages;
use crate::observing::{Jobs, Observing};
use crate::panic::{self, Downfall, PanicPolicy, TaskPanic, Watching};
use crate::recorder::Recorder;
use crate::tokio_context::Foreign;

/// Which kind of runtime it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RuntimeFlavor {
    /// Tasks run on the thread that calls `block_on`.
    CurrentThread,
    /// Tasks run on threads of the runtime.
    MultiThread,
}

/// The parts of a runtime that may be used from any thread.
#[derive(Clone)]
pub(crate) struct Inner {
    parts: Arc<Parts>,
}

pub(crate) struct Parts {
    pub(crate) spawner: rt_executor::Handle,
    host: Box<dyn Host>,
    pub(crate) timers: Timers,
    pub(crate) sockets: rt_io::Handle,
    pub(crate) flavor: RuntimeFlavor,
    pub(crate) recorder: Recorder,
    /// How the classes of tasks take turns.
    pub(crate) ageing: Ageing,
    pub(crate) ledger: Arc<Ledger>,
    /// For what blocks. The runtime closes it at its end.
    pub(crate) pool: Pool,
    /// Is told of tasks that panic, if anybody is.
    pub(crate) on_panic: Option<OnPanic>,
    pub(crate) downfall: Option<Downfall>,
    /// The tokio runtime that its threads are in.
    pub(crate) foreign: Foreign,
    _observing: Option<Observing>,
    /// While it lives, wakes are counted where tasks are measured.
    _measuring: Option<Measuring>,
}

/// What a thread of the pool does around its life.
pub(crate) type Around = fn(Inner, &mut dyn FnMut());

/// What a handle asks of the runtime itself.
pub(crate) trait Host: Send + Sync {
    /// Lets no task in from now on, and cancels all.
    fn close(&self);
    /// Starts a thread that waits for a worker's place. Whether it could.
    fn start(&self, spare: Spare, runtime: Inner) -> bool;
    /// What stands at the desks of its workers, if they have any.
    fn loads(&self) -> Option<Loads> {
        None
    }
}

impl Host for rt_executor::Handle {
    fn close(&self) {
        drop(rt_executor::Handle::close(self));
    }

    fn start(&self, _: Spare, _: Inner) -> bool {
        false // it has no places
    }
}

impl Inner {
    pub(crate) fn new(
        (spawner, host): (rt_executor::Handle, Box<dyn Host>),
        (timers, sockets): (Timers, rt_io::Handle),
        flavor: RuntimeFlavor,
        recorder: Recorder,
        (ageing, pool, around, foreign): (Ageing, Config, Around, Foreign),
    ) -> Inner {
        let ledger = recorder.ledger();
        ledger.open(spawner.lease(), host.loads());
        let policy = recorder.hooks.on_task_panic.clone();
        let has_downfall = matches!(policy, PanicPolicy::Shutdown);
        let parts = Arc::new_cyclic(|parts: &Weak<Parts>| {
            let (context, fallen) = (parts.clone(), parts.clone());
            let on_panic = panic::hook(policy, move |panic| {
                if let Some(parts) = fallen.upgrade() {
                    parts.come_down(panic);
                }
            });
            let pool = pool.around(move |life| match context.upgrade() {
                Some(parts) => around(Inner { parts }, life),
                None => life(),
            });
            let pool = match on_panic.clone() {
                Some(hook) => pool.on_panic(move |job, payload| hook(job, payload)),
                None => pool,
            };
            if let Some(hook) = &on_panic {
                spawner.on_panic(hook.clone());
            }
            let downfall = has_downfall.then(Downfall::default);
            let pool = match Jobs::told_to(recorder.trace()) {
                Some(jobs) => pool.observer(jobs).build(),
                None => pool.build(),
            };
            let observing = recorder.trace().map(|_| Observing::begin());
            let finding = parts.clone();
            recorder.lookout.find.by(move |task| finding.upgrade()?.find(task));
            let looking_up = parts.clone();
            sockets.offload_to(move |job| match looking_up.upgrade() {
                Some(parts) => parts.look_up(job),
                None => Err(messages::no_look_up()),
            });
            let measuring = recorder.lookout.is_measuring.then(|| {
                spawner.lease().measure();
                Measuring::begin()
            });
            Parts {
                spawner,
                host,
                timers,
                sockets,
                flavor,
                recorder,
                ledger,
                ageing,
                pool,
                on_panic,
                downfall,
                foreign,
                _observing: observing,
                _measuring: measuring,
            }
        });
        Inner { parts }
    }

    /// Timers and sockets of this thread go to this runtime, until the guards are dropped: to be said by who
    /// parks with its driver, or knows that somebody does.
    pub(crate) fn enter_drivers(&self) -> (TimersGuard, HandleGuard) {
        (self.timers.enter(), self.sockets.enter())
    }

    /// Whether the other one is of the same runtime.
    pub(crate) fn is(&self, other: &Inner) -> bool {
        Arc::ptr_eq(&self.parts, &other.parts)
    }

    /// The place of the worker on this thread goes to another: a poll is about to block. Whether it does.
    pub(crate) fn step_aside(&self) -> bool {
        rt_steal::step_aside(|spare| self.host.start(spare, self.clone()))
    }
}

impl Parts {
    /// References to all tasks that are alive, local ones too.
    pub(crate) fn tasks(&self) -> Vec<TaskRef> {
        self.ledger.census.leases().iter().flat_map(Lease::tasks).collect()
    }

    /// The task with this number, if it is alive.
    pub(crate) fn find(&self, id: Id) -> Option<TaskRef> {
        self.ledger.census.leases().iter().find_map(|lease| lease.find(id))
    }

    /// Has the settings of the runtime hold for the local tasks of a thread too, and lists and counts them among
    /// its own until their end.
    pub(crate) fn settle(&self, local: &LocalHandle) {
        self.ledger.add(local.lease());
        if self.recorder.lookout.is_measuring {
            local.lease().measure();
        }
        if let Some(hook) = &self.on_panic {
            local.on_panic(hook.clone());
        }
    }

    /// The future of a `block_on`: it ends with the runtime.
    pub(crate) fn watching<F>(&self, future: F) -> Watching<'_, F> {
        Watching::new(future, self.downfall.as_ref())
    }

    /// Has a thread of the pool look up a name. A clock that stands does not go on by itself meanwhile.
    fn look_up(&self, job: rt_io::Job) -> io::Result<()> {
        let hold = (self.flavor == RuntimeFlavor::CurrentThread).then(|| self.timers.hold());
        let job = move || {
            job();
            drop(hold);
        };
        self.pool.spawn(job).map(drop).map_err(io::Error::other)
    }

    fn come_down(&self, panic: &TaskPanic<'_>) {
        let close = || {
            self.host.close();
            self.pool.close();
        };
        if let Some(downfall) = &self.downfall {
            downfall.come_down(panic, close);
        }
    }
}

impl Deref for Inner {
    type Target = Parts;

    #[inline]
    fn deref(&self) -> &Parts {
        &self.parts
    }
}
