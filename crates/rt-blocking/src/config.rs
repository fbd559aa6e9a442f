//! How a pool is made.

use std::any::Any;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use rt_task::TaskRef;
use rt_task::sync::thread::{self, JoinHandle};

use crate::messages;
use crate::observer::Observer;

/// Runs around the whole life of a thread.
pub(crate) type Around = Arc<dyn Fn(&mut dyn FnMut()) + Send + Sync>;

/// Is told of a job that panics.
type OnPanic = Arc<dyn Fn(&TaskRef, &(dyn Any + Send)) + Send + Sync>;

/// Creates a thread: std's `spawn`, or what a test puts in its place.
#[doc(hidden)]
pub type Spawner = Arc<
    dyn Fn(thread::Builder, Box<dyn FnOnce() + Send>) -> io::Result<JoinHandle<()>> + Send + Sync,
>;

/// Settings of a pool.
///
/// ```
/// use std::time::Duration;
///
/// let pool = rt_blocking::Config::new()
///     .max_threads(4)
///     .keep_alive(Duration::from_secs(1))
///     .thread_name("resolver")
///     .build();
/// let job = pool.spawn(|| std::thread::current().name().map(str::to_owned)).unwrap();
/// assert_eq!(rt_toy::block_on(job).unwrap().as_deref(), Some("resolver"));
/// ```
#[derive(Clone)]
#[must_use = "build a pool with it"]
pub struct Config {
    pub(crate) max_threads: usize,
    pub(crate) keep_alive: Duration,
    pub(crate) thread_name: Arc<dyn Fn() -> String + Send + Sync>,
    pub(crate) stack_size: Option<usize>,
    pub(crate) capacity: usize,
    pub(crate) around: Option<Around>,
    pub(crate) after: Option<Arc<dyn Fn() + Send + Sync>>,
    pub(crate) on_panic: Option<OnPanic>,
    pub(crate) observer: Option<Arc<dyn Observer>>,
    pub(crate) spawner: Spawner,
}

impl Config {
    /// The most threads, unless [`max_threads`](Config::max_threads) says otherwise. As tokio's. A thread that
    /// waits costs some 20 KiB of memory; what runs at once on so many is limited by other things.
    pub const MAX_THREADS: usize = 512;
    /// How long a thread waits for a job before it ends, unless [`keep_alive`](Config::keep_alive) says
    /// otherwise. As tokio's: creating a thread costs some 50 µs, and keeping one for ten seconds nothing.
    pub const KEEP_ALIVE: Duration = Duration::from_secs(10);
    /// Four jobs a thread.
    const CAPACITY: usize = 2048;

    /// At most 512 threads, which retire after ten seconds without a job; 2,048 places for the
    /// bounded way in.
    pub fn new() -> Config {
        Config {
            max_threads: Config::MAX_THREADS,
            keep_alive: Config::KEEP_ALIVE,
            thread_name: Arc::new(|| "rt-blocking".to_owned()),
            stack_size: None,
            capacity: Config::CAPACITY,
            around: None,
            after: None,
            on_panic: None,
            observer: None,
            spawner: Arc::new(|builder, body| builder.spawn(body)),
        }
    }

    /// How many threads there are at most.
    ///
    /// # Panics
    ///
    /// If that is zero.
    #[track_caller]
    pub fn max_threads(mut self, most: usize) -> Config {
        if most == 0 {
            messages::no_threads();
        }
        self.max_threads = most;
        self
    }

    /// How long a thread waits for a job before it ends. [`Duration::MAX`] is for ever.
    pub fn keep_alive(mut self, time: Duration) -> Config {
        self.keep_alive = time;
        self
    }

    /// What the threads are called; Linux shows 15 bytes of it.
    ///
    /// # Panics
    ///
    /// If there is a zero byte in it.
    #[track_caller]
    pub fn thread_name(self, name: impl Into<String>) -> Config {
        let name = name.into();
        if name.contains('\0') {
            messages::name_with_zero(&name);
        }
        self.thread_name_fn(move || name.clone())
    }

    /// As [`thread_name`](Config::thread_name), with a function that is called for each thread. If it panics,
    /// or gives a text with a zero byte, the thread can not be created.
    pub fn thread_name_fn(mut self, name: impl Fn() -> String + Send + Sync + 'static) -> Config {
        self.thread_name = Arc::new(name);
        self
    }

    /// The size of a thread's stack, in bytes; otherwise what std takes.
    pub fn stack_size(mut self, bytes: usize) -> Config {
        self.stack_size = Some(bytes);
        self
    }

    /// How many jobs may be there at once, queued and running, before
    /// [`try_spawn`](crate::Pool::try_spawn) refuses and [`reserve`](crate::Pool::reserve) waits.
    ///
    /// # Panics
    ///
    /// If that is zero.
    #[track_caller]
    pub fn capacity(mut self, jobs: usize) -> Config {
        if jobs == 0 {
            messages::no_places();
        }
        self.capacity = jobs;
        self
    }

    /// Is called on the thread after each job, when its joiner has been woken. A panic of it ends there.
    pub fn after_job(mut self, hook: impl Fn() + Send + Sync + 'static) -> Config {
        self.after = Some(Arc::new(hook));
        self
    }

    /// Is told of each job that panics, where it does, before anybody can see that it has ended. A panic
    /// of it ends there.
    ///
    /// ```
    /// use std::sync::mpsc;
    ///
    /// let (sender, told) = mpsc::channel();
    /// let pool = rt_blocking::Config::new()
    ///     .on_panic(move |job, payload| {
    ///         let text = payload.downcast_ref::<&str>().copied();
    ///         let _ = sender.send((job.id(), text));
    ///     })
    ///     .build();
    /// let job = pool.spawn(|| -> () { std::panic::panic_any("oh") }).unwrap();
    /// let id = job.id();
    /// assert!(rt_toy::block_on(job).unwrap_err().is_panic());
    /// assert_eq!(told.recv(), Ok((id, Some("oh"))));
    /// ```
    pub fn on_panic(
        mut self,
        hook: impl Fn(&TaskRef, &(dyn Any + Send)) + Send + Sync + 'static,
    ) -> Config {
        self.on_panic = Some(Arc::new(hook));
        self
    }

    /// Is told what becomes of each job.
    ///
    /// ```
    /// use rt_task::TaskRef;
    ///
    /// struct Printer;
    /// impl rt_blocking::Observer for Printer {
    ///     fn started(&self, job: &TaskRef) {
    ///         println!("job {} runs on {:?}", job.id(), std::thread::current().id());
    ///     }
    /// }
    ///
    /// let pool = rt_blocking::Config::new().observer(Printer).build();
    /// rt_toy::block_on(pool.spawn(|| ()).unwrap()).unwrap();
    /// ```
    pub fn observer(mut self, observer: impl Observer + 'static) -> Config {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Runs on every thread, around its whole life: it is to call its argument, in which all jobs run,
    /// once. What it does not call is called after it, and a panic in it ends with its message: no
    /// hook keeps a job from running.
    ///
    /// ```
    /// use std::sync::atomic::{AtomicUsize, Ordering};
    ///
    /// static STARTED: AtomicUsize = AtomicUsize::new(0);
    /// let pool = rt_blocking::Config::new()
    ///     .around(|life| {
    ///         STARTED.fetch_add(1, Ordering::Relaxed);
    ///         life();
    ///     })
    ///     .build();
    /// rt_toy::block_on(pool.spawn(|| ()).unwrap()).unwrap();
    /// assert_eq!(STARTED.load(Ordering::Relaxed), 1);
    /// ```
    pub fn around(mut self, hook: impl Fn(&mut dyn FnMut()) + Send + Sync + 'static) -> Config {
        self.around = Some(Arc::new(hook));
        self
    }

    /// What creates the threads. For tests of what happens when the system does not.
    #[doc(hidden)]
    pub fn spawner(mut self, spawner: Spawner) -> Config {
        self.spawner = spawner;
        self
    }
}

impl Default for Config {
    fn default() -> Config {
        Config::new()
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("max_threads", &self.max_threads)
            .field("keep_alive", &self.keep_alive)
            .field("stack_size", &self.stack_size)
            .field("capacity", &self.capacity)
            .finish_non_exhaustive()
    }
}
