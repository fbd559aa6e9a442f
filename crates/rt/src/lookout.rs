//! What the probe of a runtime does for those who ask about single tasks: statistics, where one waits, which one
//! does not come back.

use std::fmt;
use std::io;
use std::sync::{Arc, OnceLock};
use std::task::Context;

use rt_metrics::trace::Outcome;
use rt_metrics::waits::{Request, Waits};
use rt_steal::{Watch, Watchdog, Watching};
use rt_task::{Id, Measured, Running, TaskRef};
use rt_waker::{poll_traced, waker_ref};

/// Finds a task of the runtime by its number: said once the runtime is there.
#[derive(Clone, Default)]
pub(crate) struct Find(Arc<OnceLock<Box<Finder>>>);

type Finder = dyn Fn(Id) -> Option<TaskRef> + Send + Sync;

impl Find {
    pub(crate) fn by(&self, find: impl Fn(Id) -> Option<TaskRef> + Send + Sync + 'static) {
        self.0.get_or_init(|| Box::new(find));
    }

    pub(crate) fn find(&self, task: Id) -> Option<TaskRef> {
        self.0.get().and_then(|find| find(task))
    }
}

impl fmt::Debug for Find {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Find").finish_non_exhaustive()
    }
}

/// A part of the [`Recorder`](crate::recorder::Recorder), which comes here only if there is something to do.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lookout {
    /// What is counted of each task that is spawned.
    pub(crate) is_measuring: bool,
    /// Who asks where a task waits.
    pub(crate) waits: Waits,
    /// Who is told of polls that last.
    pub(crate) dog: Option<Arc<Watchdog>>,
    /// Who they are.
    pub(crate) find: Find,
    /// Says of this thread which task it polls: where no desk of a team does.
    watch: Option<Arc<Watch>>,
    /// The question that the poll which goes on answers.
    asked: Option<Arc<Request>>,
}

impl Lookout {
    /// Of one thread, at whose polls the monitor looks.
    pub(crate) fn watched(self, watching: Option<&Watching>) -> Lookout {
        Lookout { watch: watching.map(|watching| watching.watch().clone()), ..self }
    }

    /// Whether every poll is shown.
    pub(crate) fn is_watched(&self) -> bool {
        self.watch.is_some()
    }

    /// Has the monitor look at a thread, if polls that last are told of.
    ///
    /// # Errors
    ///
    /// If the system gives no thread that looks.
    pub(crate) fn watch(&self, worker: Option<usize>) -> io::Result<Option<Watching>> {
        self.dog.clone().map(|dog| Watch::new(dog, worker).watch()).transpose()
    }

    /// The thread polls, until the result is dropped: it is not one that a team knows of.
    pub(crate) fn awake(watching: Option<&Watching>) -> Awake<'_> {
        let watch = watching.map(Watching::watch);
        watch.into_iter().for_each(|watch| watch.set_awake(true));
        Awake(watch)
    }

    /// Polls where polls are shown, or tasks measured or asked about. What the poll took, if that is measured.
    pub(crate) fn poll(&mut self, task: &TaskRef, running: Running<'_>) -> Option<Measured> {
        if let Some(watch) = &self.watch {
            watch.begin(task.id());
        }
        self.asked = self.waits.asked_for(task.id());
        let asked = self.asked.as_ref();
        let poll = || match asked {
            None => running.poll(&mut Context::from_waker(&waker_ref(task))),
            Some(request) => poll_traced(task, running, &|| request.told()),
        };
        let Some(stats) = task.stats() else {
            poll();
            return None;
        };
        Some(stats.measure(poll))
    }

    pub(crate) fn polled(&mut self, outcome: Outcome) {
        if let Some(watch) = &self.watch {
            watch.end();
        }
        if let Some(request) = self.asked.take() {
            request.answer_with(outcome == Outcome::Done);
        }
    }

    pub(crate) fn parking(&self) {
        self.watch.iter().for_each(|watch| watch.set_awake(false));
    }

    pub(crate) fn parked(&self) {
        self.watch.iter().for_each(|watch| watch.set_awake(true));
    }
}

/// See [`Lookout::awake`].
pub(crate) struct Awake<'a>(Option<&'a Arc<Watch>>);

impl Drop for Awake<'_> {
    fn drop(&mut self) {
        self.0.into_iter().for_each(|watch| watch.set_awake(false));
    }
}
