//! The threads of a runtime: how many, and what they are called.

use std::env;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rt_blocking::Config;
use rt_executor::Fifo;
use rt_priority::{Ageing, Lanes};
use rt_steal::Ring;

use crate::context;
use crate::hooks;
use crate::inner::{Around, Inner};
use crate::task::blocking;
use crate::tokio_context::Foreign;

/// The environment variable that says how many workers there are, if the builder does not.
const WORKERS: &str = "RT_WORKER_THREADS";

/// More workers than this are a mistake.
const MAX: usize = 1024;

/// What a thread keeps tasks in that nobody else takes.
pub(super) type Queue = Lanes<Fifo>;

/// What a worker keeps tasks in that others may steal.
pub(super) type WorkerQueue = Lanes<Ring>;

/// Settings of a runtime's threads.
#[derive(Clone)]
pub(super) struct Threads {
    pub(super) workers: Option<usize>,
    pub(super) name: Option<Arc<dyn Fn() -> String + Send + Sync>>,
    pub(super) stack_size: Option<usize>,
    pub(super) blocking: usize,
    pub(super) keep_alive: Duration,
    /// How the classes of tasks take turns.
    pub(super) ageing: Ageing,
    pub(super) foreign: Foreign,
}

impl Threads {
    pub(super) fn new() -> Threads {
        Threads {
            workers: None,
            name: None,
            stack_size: None,
            blocking: Config::MAX_THREADS,
            keep_alive: Config::KEEP_ALIVE,
            ageing: Ageing::default(),
            foreign: Foreign::default(),
        }
    }

    /// How many workers: as the builder says, else `RT_WORKER_THREADS`, else as many as this process
    /// may use processors, by its affinity and its cgroup.
    ///
    /// # Errors
    ///
    /// If that is zero, no number, or more than 1,024.
    pub(super) fn workers(&self) -> io::Result<usize> {
        let (workers, source) = match (self.workers, env::var_os(WORKERS)) {
            (Some(workers), _) => (Ok(workers), "`Builder::worker_threads`"),
            (None, None) => return Ok(processors()),
            (None, Some(text)) => {
                let text = text.to_string_lossy().into_owned();
                (text.trim().parse().map_err(|_| text), WORKERS)
            }
        };
        match workers {
            Ok(workers @ 1..=MAX) => Ok(workers),
            Ok(workers) => Err(invalid(source, &workers)),
            Err(text) => Err(invalid(source, &text)),
        }
    }

    /// Starts a thread.
    pub(super) fn spawn(
        &self,
        index: usize,
        body: impl FnOnce() + Send + 'static,
    ) -> io::Result<JoinHandle<()>> {
        let name = self.name.as_ref().map_or_else(|| format!("rt-worker-{index}"), |name| name());
        if name.contains('\0') {
            let message = "the name of a thread has a zero byte in it: the system takes none";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        let builder = thread::Builder::new().name(name);
        let builder = match self.stack_size {
            Some(bytes) => builder.stack_size(bytes),
            None => builder,
        };
        builder.spawn(body)
    }

    /// What handles of the runtime need: how classes take turns; the pool for what blocks, and what its threads do
    /// around their lives; the tokio runtime that they are in.
    pub(super) fn settings(&self) -> (Ageing, Config, Around, Foreign) {
        let pool = Config::new().max_threads(self.blocking).keep_alive(self.keep_alive);
        let pool = pool.after_job(blocking::job_ended);
        let pool = match self.name.clone() {
            Some(name) => pool.thread_name_fn(move || name()),
            None => pool,
        };
        let pool = match self.stack_size {
            Some(bytes) => pool.stack_size(bytes),
            None => pool,
        };
        (self.ageing.clone(), pool, live, self.foreign.clone())
    }
}

/// In the context of the runtime, between two hooks.
fn live(inner: Inner, life: &mut dyn FnMut()) {
    let (hooks, foreign) = (inner.recorder.hooks.clone(), inner.foreign.clone());
    let _foreign = foreign.enter();
    let _entered = context::enter(inner, None);
    hooks::call(&hooks.on_start);
    life();
    hooks::call(&hooks.on_stop);
}

fn processors() -> usize {
    thread::available_parallelism().map_or(1, usize::from).min(MAX)
}

fn invalid(source: &str, given: &dyn fmt::Debug) -> io::Error {
    let message = format!("{source} is {given:?}: it must be a number of threads from 1 to {MAX}");
    io::Error::new(io::ErrorKind::InvalidInput, message)
}

impl fmt::Debug for Threads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Threads")
            .field("workers", &self.workers)
            .field("stack_size", &self.stack_size)
            .finish_non_exhaustive()
    }
}
