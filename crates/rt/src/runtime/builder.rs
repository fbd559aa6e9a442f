//! How a runtime is made.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rt_priority::Ageing;
use rt_timer::Clock;

use crate::hooks::Hooks;
use crate::inner::RuntimeFlavor;
use crate::lookout::Lookout;
use crate::messages;
use crate::panic::PanicPolicy;
use crate::recorder::Recorder;
use crate::runtime::current_thread::CurrentThread;
use crate::runtime::kind::{Kind, Runtime};
use crate::runtime::local::LocalRuntime;
use crate::runtime::multi_thread::MultiThread;
use crate::runtime::threads::Threads;
use crate::runtime::timeline::{self, Timeline};
use crate::stall::{Stall, Stalls};
use crate::tokio_context::{Behind, Wanted};
use crate::trace::Trace;

/// Settings of a runtime.
///
/// ```
/// let runtime = rt::runtime::Builder::new_current_thread().start_paused(true).build()?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Builder {
    flavor: RuntimeFlavor,
    threads: Threads,
    hooks: Hooks,
    is_paused: bool,
    trace: Option<Trace>,
    timeline: Option<PathBuf>,
    has_poll_histograms: bool,
    stalls: Stalls,
    has_stats: bool,
    /// What stands behind, if that is asked for.
    pub(super) tokio: Wanted,
}

impl Builder {
    /// A runtime whose tasks run on the thread that blocks on it.
    #[must_use]
    pub fn new_current_thread() -> Builder {
        Builder::new(RuntimeFlavor::CurrentThread)
    }

    /// A runtime whose tasks run on threads of its own.
    #[must_use]
    pub fn new_multi_thread() -> Builder {
        Builder::new(RuntimeFlavor::MultiThread)
    }

    fn new(flavor: RuntimeFlavor) -> Builder {
        Builder {
            flavor,
            threads: Threads::new(),
            hooks: Hooks::default(),
            is_paused: false,
            trace: None,
            timeline: None,
            has_poll_histograms: false,
            stalls: Stalls::default(),
            has_stats: false,
            tokio: Wanted::default(),
        }
    }

    /// How many workers a multi-threaded runtime has: from 1 to 1,024. Unless this is called, the
    /// environment variable `RT_WORKER_THREADS` says so; without it there are as many as this process
    /// may use processors, by its affinity and its cgroup.
    pub fn worker_threads(&mut self, workers: usize) -> &mut Builder {
        self.threads.workers = Some(workers);
        self
    }

    /// How many threads the pool for what blocks has at most: 512 unless this says otherwise. They are
    /// started when jobs come.
    ///
    /// # Panics
    ///
    /// If that is zero.
    #[track_caller]
    pub fn max_blocking_threads(&mut self, threads: usize) -> &mut Builder {
        if threads == 0 {
            messages::no_blocking_threads();
        }
        self.threads.blocking = threads;
        self
    }

    /// How long a thread of that pool waits for a job before it ends: ten seconds unless this says
    /// otherwise.
    pub fn thread_keep_alive(&mut self, time: Duration) -> &mut Builder {
        self.threads.keep_alive = time;
        self
    }

    /// What threads are called: `rt-worker-0` and so on, and `rt-blocking`, unless this says otherwise.
    /// A name with a zero byte is an error of [`build`](Builder::build).
    pub fn thread_name(&mut self, name: impl Into<String>) -> &mut Builder {
        let name = name.into();
        self.thread_name_fn(move || name.clone())
    }

    /// As [`thread_name`](Builder::thread_name), with a function that is called for each thread.
    pub fn thread_name_fn(
        &mut self,
        name: impl Fn() -> String + Send + Sync + 'static,
    ) -> &mut Builder {
        self.threads.name = Some(Arc::new(name));
        self
    }

    /// Is called on each thread of the runtime when it begins. A panic in a hook ends there, after its message.
    pub fn on_thread_start(&mut self, hook: impl Fn() + Send + Sync + 'static) -> &mut Builder {
        self.hooks.on_start = Some(Arc::new(hook));
        self
    }

    /// Is called on each thread of the runtime before it ends.
    pub fn on_thread_stop(&mut self, hook: impl Fn() + Send + Sync + 'static) -> &mut Builder {
        self.hooks.on_stop = Some(Arc::new(hook));
        self
    }

    /// Is called before a thread waits because it has nothing to do: a worker, or one that is in a
    /// `block_on`. What it spawns or wakes there runs first.
    pub fn on_thread_park(&mut self, hook: impl Fn() + Send + Sync + 'static) -> &mut Builder {
        self.hooks.on_park = Some(Arc::new(hook));
        self
    }

    /// Is called when a thread has waited.
    pub fn on_thread_unpark(&mut self, hook: impl Fn() + Send + Sync + 'static) -> &mut Builder {
        self.hooks.on_unpark = Some(Arc::new(hook));
        self
    }

    /// What happens when a task panics: nothing but that its joiner is told, unless this says otherwise.
    pub fn on_task_panic(&mut self, policy: PanicPolicy) -> &mut Builder {
        self.hooks.on_task_panic = policy;
        self
    }

    /// How often a task of a class comes before those that are more urgent: each `every`-th poll, unless this says
    /// otherwise each sixteenth. One lets the classes take turns; the more, the more a class is held up by those
    /// above it, and the less they by it.
    ///
    /// The bounds, for each queue that a thread polls from (that of a current-thread runtime, of a worker, of the
    /// local tasks of a thread): of a class that has tasks in it, one is polled after at most `2 * every - 1` polls of
    /// other classes, or two, if `every` is one; and while tasks of a higher class wait in it, at most one poll in
    /// `every` is of a lower. What comes from other threads is in such a queue when a turn is over, which is 64 polls;
    /// and a thread that has local tasks and others takes turns of the ones and of the others.
    ///
    /// ```
    /// use rt::task::Priority;
    ///
    /// let runtime = rt::runtime::Builder::new_current_thread().priority_ageing(4).build()?;
    /// runtime.block_on(async {
    ///     let urgent = rt::task::Builder::new().priority(Priority::High).spawn(async { 42 });
    ///     assert_eq!(urgent.await.unwrap(), 42);
    /// });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Panics
    ///
    /// If that is zero.
    #[track_caller]
    pub fn priority_ageing(&mut self, every: u32) -> &mut Builder {
        if every == 0 {
            messages::no_ageing();
        }
        self.threads.ageing = Ageing::every(every);
        self
    }

    /// How many bytes of stack threads have: as std's unless this says otherwise.
    pub fn thread_stack_size(&mut self, bytes: usize) -> &mut Builder {
        self.threads.stack_size = Some(bytes);
        self
    }

    /// Nothing to enable: timers and sockets are always there. For programs that come
    /// from tokio.
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

    /// Writes a picture of what the runtime did to this file at its end: a page that draws it, or the JSON of
    /// Chrome's tracing, which Perfetto opens, if its name ends with `.json`. Unless this is called, the
    /// environment variable `RT_TIMELINE` names the file; without it none is written.
    ///
    /// It is written when the runtime is dropped, also by a panic that unwinds out of `main`. A program that ends in
    /// another way leaves none: by SIGINT (Ctrl-C) or another signal, by `std::process::exit`, by an abort. A server
    /// waits for `rt::signal::ctrl_c` (feature `signal`) beside its accept loop, and lets `main` return.
    ///
    /// A `%p` in the path becomes the number of the process. Children inherit `RT_TIMELINE`: those that use `rt` write
    /// the same file as their parent, unless it has a `%p`.
    ///
    /// The last 32,768 events of each thread are drawn, or those of the [`trace`](Builder::trace) that was given.
    /// Later runtimes of the process that are told the same file put a number into its name: `a-2.html`. That the
    /// file can not be written is said on stderr. Before the end, [`Handle::trace`] has what
    /// [`Trace::write`] writes.
    ///
    /// ```
    /// let path = std::env::temp_dir().join(format!("rt-{}.html", std::process::id()));
    /// let runtime = rt::runtime::Builder::new_multi_thread().timeline(&path).build()?;
    /// runtime.block_on(async { rt::spawn(async {}).await.unwrap() });
    /// drop(runtime);
    /// assert!(std::fs::read_to_string(&path)?.contains("<svg"));
    /// # std::fs::remove_file(path)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// [`Handle::trace`]: crate::runtime::Handle::trace
    pub fn timeline(&mut self, path: impl Into<PathBuf>) -> &mut Builder {
        self.timeline = Some(path.into());
        self
    }

    /// Whether the polls of tasks are measured, by the place where the task was spawned, by class and by
    /// worker: [`RuntimeMetrics::places`](crate::metrics::RuntimeMetrics::places) shows them. It switches
    /// [`task_stats`](Builder::task_stats) on, which measure them: two readings of the clock a poll and one a wake. Not
    /// unless this says so.
    pub fn poll_histograms(&mut self, is_on: bool) -> &mut Builder {
        self.has_poll_histograms = is_on;
        self
    }

    /// Switches [`poll_histograms`](Builder::poll_histograms) on: tokio's name.
    pub fn enable_metrics_poll_time_histogram(&mut self) -> &mut Builder {
        self.poll_histograms(true)
    }

    /// Counts of each task when it was spawned and woken, how often and how long it was polled: what
    /// [`Handle::tasks`](crate::runtime::Handle::tasks) says of it. It costs six words a task, two readings of the
    /// clock a poll and one a wake.
    pub fn task_stats(&mut self, is_on: bool) -> &mut Builder {
        self.has_stats = is_on;
        self
    }

    /// What a poll may take before it is reported as a [`Stall`]: 100 ms on a multi-threaded runtime unless this
    /// says otherwise. On a current-thread runtime none is reported unless this or
    /// [`on_stall`](Builder::on_stall) asks for it.
    ///
    /// Each poll that lasts longer is reported once: never before the threshold, and some 10 ms after it on a machine
    /// that is not overloaded. It is not reported if the task has ended when its report is due to be told. While
    /// [`on_stall`](Builder::on_stall) is busy, 64 reports of all runtimes wait for it, and may be told when their poll
    /// is over; what comes then is told by a later look, if the poll still goes on.
    ///
    /// Polls of tasks are meant, local ones of workers too, and not the future that is given to `block_on`, nor what is
    /// done in [`block_in_place`](crate::task::block_in_place) and behind it in the same poll; on a multi-threaded
    /// runtime not the local tasks of a `block_on` either, which hold up nobody else.
    pub fn stall_threshold(&mut self, threshold: Duration) -> &mut Builder {
        self.stalls.set_threshold(Some(threshold));
        self
    }

    /// Reports no poll, however long.
    pub fn no_stall_watchdog(&mut self) -> &mut Builder {
        self.stalls.set_threshold(None);
        self
    }

    /// Is called for each poll that [lasts too long](Builder::stall_threshold), on a thread that does nothing else:
    /// `rt-watchdog`, one for all runtimes of the process. A hook that takes long holds up the reports of all of them;
    /// which ones are then lost is said [there](Builder::stall_threshold). Without it, with the feature `tracing` and a
    /// subscriber that wants warnings it is an event, and else a line on the standard error. A panic of it ends there,
    /// after its message.
    ///
    /// ```
    /// use std::sync::mpsc;
    /// use std::time::Duration;
    ///
    /// let (sender, stalls) = mpsc::channel();
    /// let runtime = rt::runtime::Builder::new_multi_thread()
    ///     .stall_threshold(Duration::from_millis(20))
    ///     .on_stall(move |stall| sender.send(stall.name().map(str::to_owned)).unwrap())
    ///     .build()?;
    /// let _entered = runtime.enter();
    /// let blocks = async { std::thread::sleep(Duration::from_millis(200)) };
    /// let _task = rt::task::Builder::new().name("blocks its worker").spawn(blocks);
    /// assert_eq!(stalls.recv().unwrap().as_deref(), Some("blocks its worker"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn on_stall(&mut self, hook: impl Fn(&Stall) + Send + Sync + 'static) -> &mut Builder {
        self.stalls.set_hook(Arc::new(hook));
        self
    }

    /// Makes the runtime.
    ///
    /// # Errors
    ///
    /// If a thread can not be created, or the number of workers is not one from 1 to 1,024. A
    /// current-thread runtime needs nothing of the system, unless stalls are to be reported.
    ///
    /// # Panics
    ///
    /// If a multi-threaded runtime is to start with a clock that stands.
    #[track_caller]
    pub fn build(&mut self) -> io::Result<Runtime> {
        if self.flavor == RuntimeFlavor::CurrentThread {
            let (threads, behind) = self.threads()?;
            let (recorder, timeline) = self.recorder();
            let (runtime, inner) = CurrentThread::new(&threads, self.clock(), recorder)?;
            return Ok(Runtime::of(
                inner,
                Kind::CurrentThread(Box::new(runtime)),
                behind,
                timeline,
            ));
        }
        if self.is_paused {
            messages::cannot_pause("`Builder::start_paused`");
        }
        let (threads, behind) = self.threads()?;
        let (recorder, timeline) = self.recorder();
        let (runtime, inner) = MultiThread::start(&threads, self.clock(), recorder)?;
        Ok(Runtime::of(inner, Kind::MultiThread(runtime), behind, timeline))
    }

    /// Makes a runtime that stays on this thread.
    ///
    /// # Errors
    ///
    /// As [`build`](Builder::build).
    pub fn build_local(&mut self) -> io::Result<LocalRuntime> {
        let (threads, behind) = self.threads()?;
        let (recorder, timeline) = self.recorder();
        LocalRuntime::with(&threads, self.clock(), recorder, behind, timeline)
    }

    /// The settings of the threads, and what stands behind them.
    fn threads(&self) -> io::Result<(Threads, Behind)> {
        let behind = Behind::start(&self.tokio)?;
        Ok((Threads { foreign: behind.foreign(), ..self.threads.clone() }, behind))
    }

    fn clock(&self) -> Clock {
        let clock = Clock::real();
        if self.is_paused {
            clock.pause();
        }
        clock
    }

    fn recorder(&self) -> (Recorder, Option<Timeline>) {
        let (trace, timeline) = timeline::choose(self.trace.as_ref(), self.timeline.as_deref());
        let times = self.has_poll_histograms.then(Arc::default);
        let mut lookout = Lookout::default();
        lookout.is_measuring = self.has_stats || self.has_poll_histograms;
        lookout.dog = self.stalls.watchdog(self.flavor, &lookout.find);
        (Recorder::new(trace, self.hooks.clone(), times, lookout), timeline)
    }
}

impl Runtime {
    /// A multi-threaded runtime with default settings.
    ///
    /// # Errors
    ///
    /// If a thread can not be created, or `RT_WORKER_THREADS` is no number of threads.
    pub fn new() -> io::Result<Runtime> {
        Builder::new_multi_thread().build()
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
