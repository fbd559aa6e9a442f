//! How a runtime is made.

use std::io;

use rt_timer::Clock;

use crate::runtime::current_thread::Runtime;
use crate::runtime::local::LocalRuntime;
use crate::trace::{Recorder, Trace};

/// Settings of a runtime.
///
/// ```
/// let runtime = rt::runtime::Builder::new_current_thread().start_paused(true).build()?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Builder {
    is_paused: bool,
    trace: Option<Trace>,
}

impl Builder {
    /// A runtime whose tasks run on the thread that blocks on it.
    #[must_use]
    pub fn new_current_thread() -> Builder {
        Builder { is_paused: false, trace: None }
    }

    /// Nothing to enable: sockets and timers are always there. For programs that come from tokio.
    pub fn enable_all(&mut self) -> &mut Builder {
        self
    }

    /// As [`enable_all`](Builder::enable_all).
    pub fn enable_io(&mut self) -> &mut Builder {
        self
    }

    /// As [`enable_all`](Builder::enable_all).
    pub fn enable_time(&mut self) -> &mut Builder {
        self
    }

    /// Whether the clock stands at the beginning. See [`time::pause`](crate::time::pause).
    pub fn start_paused(&mut self, is_paused: bool) -> &mut Builder {
        self.is_paused = is_paused;
        self
    }

    /// Records what happens. See [`Trace`].
    pub fn trace(&mut self, trace: &Trace) -> &mut Builder {
        self.trace = Some(trace.clone());
        self
    }

    /// Makes the runtime.
    ///
    /// # Errors
    ///
    /// If the system refuses what it needs. A current-thread runtime needs nothing of it.
    pub fn build(&mut self) -> io::Result<Runtime> {
        Ok(Runtime::current_thread(self.clock(), self.recorder()))
    }

    /// Makes a runtime that stays on this thread.
    ///
    /// # Errors
    ///
    /// As [`build`](Builder::build).
    pub fn build_local(&mut self) -> io::Result<LocalRuntime> {
        Ok(LocalRuntime::with(self.clock(), self.recorder()))
    }

    fn clock(&self) -> Clock {
        let clock = Clock::real();
        if self.is_paused {
            clock.pause();
        }
        clock
    }

    fn recorder(&self) -> Recorder {
        Recorder::new(self.trace.clone())
    }
}

impl Runtime {
    /// A runtime with default settings.
    ///
    /// # Errors
    ///
    /// If the system refuses what it needs.
    pub fn new() -> io::Result<Runtime> {
        Builder::new_current_thread().build()
    }
}

impl LocalRuntime {
    /// A runtime with default settings.
    ///
    /// # Errors
    ///
    /// If the system refuses what it needs.
    pub fn new() -> io::Result<LocalRuntime> {
        Builder::new_current_thread().build_local()
    }
}
