//! What a runtime does when a task panics.
//!
//! ```text
//!   a poll panics ──► Schedule::panicked ──► the hook of the runtime ──┬─ Isolate: there is none
//!                          │                                           ├─ Abort, Callback
//!                          ▼                                           └─ Shutdown: come_down
//!                     the joiner has the payload                              │ closes; wakes
//!                                                                             ▼
//!                                                                  each block_on panics
//! ```
//!
//! * **[N5]** Whoever blocks looks for the cause and leaves its waker under one lock; who brings the
//!   runtime down sets the cause and takes the wakers under it. So no root sleeps on.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use pin_project_lite::pin_project;
use rt_executor::OnPanic;
use rt_task::{Id, TaskRef};

use crate::messages;

/// What happens when a task panics. Its joiner is told whatever the policy is.
///
/// Tasks are meant, local ones too, and jobs of [`spawn_blocking`](crate::spawn_blocking). A panic of the
/// future that is given to `block_on` goes on in its caller.
///
/// ```
/// use rt::runtime::{Builder, PanicPolicy};
/// use std::sync::mpsc;
///
/// let (sender, panics) = mpsc::channel();
/// let policy = PanicPolicy::callback(move |panic| sender.send(panic.to_string()).unwrap());
/// let runtime = Builder::new_multi_thread().on_task_panic(policy).build()?;
/// let task = runtime.spawn(async { panic!("out of cheese") });
/// assert!(runtime.block_on(task).unwrap_err().is_panic());
/// assert!(panics.recv().unwrap().ends_with("panicked: out of cheese"));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum PanicPolicy {
    /// The joiner is told, and nobody else: what a thread of std does.
    #[default]
    Isolate,
    /// The runtime comes to its end: it lets no task in, cancels all, and each `block_on` panics, the
    /// later ones too. Other panics of tasks change nothing then.
    Shutdown,
    /// A message goes to the standard error, and the process is aborted.
    Abort,
    /// A function is called on the thread where the task panicked, before its joiner is told. A panic of
    /// it ends there. See [`callback`](PanicPolicy::callback).
    Callback(Arc<dyn Fn(&TaskPanic<'_>) + Send + Sync>),
}

impl PanicPolicy {
    /// Calls a function for each panic.
    pub fn callback(function: impl Fn(&TaskPanic<'_>) + Send + Sync + 'static) -> PanicPolicy {
        PanicPolicy::Callback(Arc::new(function))
    }
}

impl fmt::Debug for PanicPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PanicPolicy::Isolate => "Isolate",
            PanicPolicy::Shutdown => "Shutdown",
            PanicPolicy::Abort => "Abort",
            PanicPolicy::Callback(_) => "Callback(..)",
        })
    }
}

/// A task that has panicked.
pub struct TaskPanic<'a> {
    task: &'a TaskRef,
    payload: &'a (dyn Any + Send),
}

impl<'a> TaskPanic<'a> {
    /// The number of the task.
    #[must_use]
    pub fn id(&self) -> Id {
        self.task.id()
    }

    /// The name that it was given.
    #[must_use]
    pub fn name(&self) -> Option<&'a str> {
        self.task.name()
    }

    /// Where it was spawned. Where it panicked, the panic hook of std is told, which runs before this.
    #[must_use]
    pub fn place(&self) -> &'static Location<'static> {
        self.task.place()
    }

    /// What it panicked with. The joiner has it afterwards.
    #[must_use]
    pub fn payload(&self) -> &'a (dyn Any + Send) {
        self.payload
    }

    /// What the panic said, if it was a text.
    #[must_use]
    pub fn message(&self) -> Option<&'a str> {
        let text = self.payload.downcast_ref::<&'static str>().copied();
        text.or_else(|| self.payload.downcast_ref::<String>().map(String::as_str))
    }
}

impl fmt::Display for TaskPanic<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "task {}", self.id())?;
        if let Some(name) = self.name() {
            write!(f, " ({name:?})")?;
        }
        write!(f, ", spawned at {}, panicked", self.place())?;
        self.message().map_or(Ok(()), |message| write!(f, ": {message}"))
    }
}

impl fmt::Debug for TaskPanic<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskPanic")
            .field("id", &self.id())
            .field("name", &self.name())
            .field("place", &self.place())
            .field("message", &self.message())
            .finish()
    }
}

/// Whether a runtime has come down, and who must be told when it does.
#[derive(Default)]
pub(crate) struct Downfall {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// What was said of the panic.
    cause: Option<String>,
    roots: Vec<Waker>,
}

impl Downfall {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first panic brings the runtime down: `close` ends it, then all who block are woken [N5].
    pub(crate) fn come_down(&self, panic: &TaskPanic<'_>, close: impl FnOnce()) {
        let cause = panic.to_string();
        let mut state = self.state();
        if state.cause.is_some() {
            return;
        }
        state.cause = Some(cause);
        let roots = std::mem::take(&mut state.roots);
        drop(state);
        close();
        roots.into_iter().for_each(Waker::wake);
    }

    /// Says why the runtime has come down, or has `waker` woken when it does [N5].
    fn watch(&self, waker: &Waker) -> Option<String> {
        let waker = waker.clone();
        let mut state = self.state();
        if state.cause.is_none() && !state.roots.iter().any(|root| root.will_wake(&waker)) {
            state.roots.push(waker);
        }
        state.cause.clone()
    }

    fn forget(&self, waker: &Waker) {
        self.state().roots.retain(|root| !root.will_wake(waker));
    }
}

/// The hook that tells a runtime of panics, by its policy; `None` if only the joiner is told. `down` brings
/// the runtime down.
pub(crate) fn hook(
    policy: PanicPolicy,
    down: impl Fn(&TaskPanic<'_>) + Send + Sync + 'static,
) -> Option<OnPanic> {
    let function: Arc<dyn Fn(&TaskPanic<'_>) + Send + Sync> = match policy {
        PanicPolicy::Isolate => return None,
        PanicPolicy::Shutdown => Arc::new(down),
        PanicPolicy::Abort => Arc::new(|panic| messages::abort(panic)),
        PanicPolicy::Callback(function) => function,
    };
    Some(Arc::new(move |task, payload| function(&TaskPanic { task, payload })))
}

pin_project! {
    /// The future of a `block_on`. It panics when the runtime has come down.
    pub(crate) struct Watching<'a, F> {
        #[pin]
        future: F,
        watch: Option<Watch<'a>>,
    }
}

/// Evidence that a root is told.
struct Watch<'a> {
    downfall: &'a Downfall,
    waker: Waker,
}

impl<'a, F> Watching<'a, F> {
    pub(crate) fn new(future: F, downfall: Option<&'a Downfall>) -> Watching<'a, F> {
        let waker = Waker::noop().clone();
        Watching { future, watch: downfall.map(|downfall| Watch { downfall, waker }) }
    }
}

impl<F: Future> Future for Watching<'_, F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        if let Some(watch) = this.watch {
            watch.look(cx);
        }
        this.future.poll(cx)
    }
}

impl Watch<'_> {
    fn look(&mut self, cx: &Context<'_>) {
        self.waker.clone_from(cx.waker());
        if let Some(cause) = self.downfall.watch(&self.waker) {
            messages::came_down(&cause);
        }
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        self.downfall.forget(&self.waker);
    }
}
