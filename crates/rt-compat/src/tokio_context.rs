//! A tokio runtime that stands behind threads of ours.
//!
//! A library that needs tokio finds it through a thread-local: its reactor, its timers, where to spawn. A thread that
//! has [entered](TokioContext::enter) one keeps it for its life, so a poll costs nothing; the runtime itself has a
//! thread or more of its own, which do nothing but what comes from such libraries.
//!
//! ```text
//!   our worker:  enter ── poll ── poll ── poll (reqwest: "which reactor?" "this") ── … ── leave
//!                                                        ▲            │ registers
//!                                                  wake  │            ▼
//!   tokio's thread:                                  its reactor, its timers, the tasks that it was given
//! ```

use std::cell::Cell;
use std::fmt;
use std::io;
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, EnterGuard, Handle, Id, Runtime};

use crate::messages;

thread_local! {
    /// The runtime of ours that this thread is one of, whichever it has entered.
    static HOME: Cell<Option<Id>> = const { Cell::new(None) };
}

/// Which tokio runtime stands behind: one of its own, or the user's.
///
/// ```
/// use rt_compat::TokioCompat;
/// use std::time::Duration;
///
/// let tokio = TokioCompat::new().start()?;
/// let _entered = tokio.enter();
/// // On no executor of tokio's, and yet:
/// rt_executor::block_on(tokio::time::sleep(Duration::from_millis(1)));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct TokioCompat {
    behind: Behind,
}

#[derive(Clone, Debug)]
enum Behind {
    ItsOwn { threads: usize },
    Users(Handle),
}

impl TokioCompat {
    /// A runtime of its own, with one thread, for I/O and timers and what libraries spawn.
    #[must_use]
    pub fn new() -> TokioCompat {
        TokioCompat::with_worker_threads(1)
    }

    /// A runtime of its own, with so many threads: for libraries that do their work in tasks which they spawn.
    ///
    /// # Panics
    ///
    /// If that is zero.
    #[must_use]
    #[track_caller]
    pub fn with_worker_threads(threads: usize) -> TokioCompat {
        if threads == 0 {
            messages::no_threads();
        }
        TokioCompat { behind: Behind::ItsOwn { threads } }
    }

    /// Starts it, unless it is the user's.
    ///
    /// # Errors
    ///
    /// If the system gives no thread or no reactor.
    pub fn start(&self) -> io::Result<TokioContext> {
        let runtime = match &self.behind {
            Behind::Users(handle) => {
                return Ok(TokioContext { handle: handle.clone(), runtime: None });
            }
            Behind::ItsOwn { threads } => {
                try_threads(*threads)?;
                Builder::new_multi_thread()
                    .worker_threads(*threads)
                    .thread_name("rt-tokio")
                    .on_thread_start(|| HOME.set(Handle::try_current().ok().map(|here| here.id())))
                    .enable_all()
                    .build()?
            }
        };
        Ok(TokioContext { handle: runtime.handle().clone(), runtime: Some(runtime) })
    }
}

impl Default for TokioCompat {
    fn default() -> TokioCompat {
        TokioCompat::new()
    }
}

/// The user's runtime, which stays his.
impl From<Handle> for TokioCompat {
    fn from(handle: Handle) -> TokioCompat {
        TokioCompat { behind: Behind::Users(handle) }
    }
}

/// A tokio runtime to enter. Its drop waits, as tokio's, for jobs of tokio's `spawn_blocking`, but for nobody in a task
/// or a job of that runtime; on a user's handle it does nothing.
pub struct TokioContext {
    handle: Handle,
    runtime: Option<Runtime>,
}

impl TokioContext {
    /// Makes it tokio's runtime of this thread, until the guard is dropped.
    pub fn enter(&self) -> EnterGuard<'_> {
        self.handle.enter()
    }

    /// What enters it elsewhere.
    #[must_use]
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Ends it, if it is its own, and waits for its threads and jobs for so long at most. In a task or a job of it that
    /// is not at all.
    pub fn shutdown_timeout(mut self, timeout: Duration) {
        if let Some(runtime) = self.runtime.take() {
            end(runtime, timeout);
        }
    }
}

impl Drop for TokioContext {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            end(runtime, Duration::MAX);
        }
    }
}

/// Whether the system gives so many threads. Where it does not, tokio panics, and waits for ever for those that it got
/// before: so it is asked only when there are some.
fn try_threads(count: usize) -> io::Result<()> {
    let gate = Mutex::new(());
    let closed = gate.lock();
    thread::scope(|scope| {
        for _ in 0..count {
            thread::Builder::new().spawn_scoped(scope, || drop(gate.lock()))?;
        }
        drop(closed);
        Ok(())
    })
}

/// On a thread of its own: on one that works for a tokio runtime, its drop panics.
fn end(runtime: Runtime, timeout: Duration) {
    let is_here = HOME.get() == Some(runtime.handle().id());
    if timeout.is_zero() || is_here {
        return runtime.shutdown_background();
    }
    // By a channel: a thread that does not start drops what it was to have, here.
    let (hand_over, handed) = mpsc::channel::<Runtime>();
    let ends = thread::Builder::new()
        .name("rt-tokio-end".to_owned())
        .spawn(move || handed.recv().map(|runtime| runtime.shutdown_timeout(timeout)));
    match ends {
        Ok(thread) => {
            let _sent = hand_over.send(runtime);
            drop(thread.join());
        }
        Err(_) => runtime.shutdown_background(),
    }
}

impl fmt::Debug for TokioContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokioContext")
            .field("is_its_own", &self.runtime.is_some())
            .finish_non_exhaustive()
    }
}
