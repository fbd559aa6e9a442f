//! The handle of a pool.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rt_task::{Builder, JoinHandle};

use crate::config::Config;
use crate::entrance::{self, Entrance};
use crate::error::{SpawnError, TrySpawnError};
use crate::metrics::Metrics;
use crate::owner::Owner;
use crate::permit::Reserve;
use crate::report::Report;
use crate::shared::Shared;
use crate::state::Right;

/// A pool of threads for what blocks: a handle, cheap to clone.
///
/// Threads are started when a job finds none idle, up to a cap, and end when they have had no job for
/// a while. A job is a task of chapter 2: its handle is a [`JoinHandle`], with everything that has.
///
/// When the last handle is dropped, permits and those who wait for one included, the pool is
/// [closed](Pool::close).
///
/// ```
/// let pool = rt_blocking::Pool::new();
/// let job = pool.spawn(|| std::fs::read_to_string("Cargo.toml")).expect("a thread can be created");
/// let text = rt_toy::block_on(job).expect("the job did not panic")?;
/// assert!(text.contains("[package]"));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct Pool {
    owner: Arc<Owner>,
}

static_assertions::assert_impl_all!(Pool: Send, Sync);

impl Config {
    /// Makes the pool. No thread is started before the first job.
    #[must_use]
    pub fn build(self) -> Pool {
        Pool { owner: Arc::new(Owner { shared: Arc::new(Shared::new(self)) }) }
    }
}

impl Pool {
    /// A pool with the settings of [`Config::new`].
    #[must_use]
    pub fn new() -> Pool {
        Config::new().build()
    }

    /// Runs `job` on a thread of the pool, when one is free; the oldest job first.
    ///
    /// Never waits for other jobs; it may create a thread, some 50 µs, or wait for somebody
    /// else to do so when none lives yet. Jobs that come in this way are not bounded, but take places
    /// from those that are.
    ///
    /// Aborted in the queue, the job never runs: its closure is dropped, on the thread that aborts it,
    /// before `abort` returns. Aborted while it runs, it runs to its end. In a pool that is closed the
    /// handle resolves to "cancelled".
    ///
    /// # Errors
    ///
    /// If no thread lives and the system gives none. While one lives, the job waits for it instead.
    #[track_caller]
    pub fn spawn<F, R>(&self, job: F) -> Result<JoinHandle<R>, SpawnError>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        self.spawn_with(Builder::new(), job)
    }

    /// As [`spawn`](Pool::spawn), with a name, another place or a list of the living.
    ///
    /// ```
    /// use rt_task::Builder;
    ///
    /// let pool = rt_blocking::Pool::new();
    /// let job = pool.spawn_with(Builder::new().name("answer"), || 42).unwrap();
    /// assert_eq!(job.task().name(), Some("answer"));
    /// assert_eq!(rt_toy::block_on(job).unwrap(), 42);
    /// ```
    ///
    /// # Errors
    ///
    /// As [`spawn`](Pool::spawn).
    pub fn spawn_with<F, R>(
        &self,
        options: Builder<'_>,
        job: F,
    ) -> Result<JoinHandle<R>, SpawnError>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        entrance::let_in(&self.owner.shared, Right::Unbounded, options, job)
    }

    /// As [`spawn`](Pool::spawn), if fewer jobs are queued and run than the capacity says.
    ///
    /// ```
    /// let pool = rt_blocking::Config::new().capacity(1).build();
    /// let (gate, wait) = std::sync::mpsc::channel::<()>();
    /// let first = pool.try_spawn(move || wait.recv()).unwrap();
    /// let refused = pool.try_spawn(|| 2).unwrap_err();
    /// assert!(refused.is_full());
    /// assert_eq!((refused.into_inner())(), 2);
    /// drop(gate);
    /// rt_toy::block_on(first).unwrap().unwrap_err();
    /// ```
    ///
    /// # Errors
    ///
    /// The job, if there is no place, no thread, or the pool is closed.
    #[track_caller]
    pub fn try_spawn<F, R>(&self, job: F) -> Result<JoinHandle<R>, TrySpawnError<F>>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        self.try_spawn_with(Builder::new(), job)
    }

    /// As [`try_spawn`](Pool::try_spawn), with a name and the like.
    ///
    /// # Errors
    ///
    /// As [`try_spawn`](Pool::try_spawn).
    pub fn try_spawn_with<F, R>(
        &self,
        options: Builder<'_>,
        job: F,
    ) -> Result<JoinHandle<R>, TrySpawnError<F>>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        match Entrance::open(&self.owner.shared, Right::Bounded) {
            Ok(entrance) => Ok(entrance.push(options, job)),
            Err(why) => Err(TrySpawnError::new(why, job)),
        }
    }

    /// Waits for a place for a job, first come, first served.
    ///
    /// ```
    /// let pool = rt_blocking::Config::new().capacity(1).build();
    /// rt_toy::block_on(async {
    ///     for number in 0..3 {
    ///         let permit = pool.reserve().await.unwrap();
    ///         let _detached = permit.spawn(move || println!("{number}")).unwrap();
    ///     }
    /// });
    /// ```
    ///
    /// # Errors
    ///
    /// [`Closed`](crate::Closed), if the pool is or gets closed.
    pub fn reserve(&self) -> Reserve {
        Reserve::new(self.owner.clone())
    }

    /// What the pool is doing.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        self.owner.shared.state().metrics()
    }

    /// Sends the threads away that are idle now, as if their time were up. Waits for nobody.
    pub fn retire_idle(&self) {
        self.owner.shared.dismiss();
    }

    /// Lets no job in from now on. Those that are queued are cancelled, their closures dropped here;
    /// those that run go on. Waits for nobody; a second call does nothing.
    pub fn close(&self) {
        self.owner.shared.close();
    }

    /// Closes the pool, and waits until its threads have ended, for at most `timeout`;
    /// [`Duration::MAX`] is for ever. Says how many have, and what still runs.
    ///
    /// It may be called from anywhere, also from a job of this pool, which then does not wait for
    /// its own thread, nor for others that wait here. Elsewhere the threads that have ended are
    /// joined, so that the system has forgotten them too; whose thread-locals are being destroyed at
    /// that moment is waited for beyond the timeout.
    pub fn join(&self, timeout: Duration) -> Report {
        self.close();
        self.owner.shared.join(timeout)
    }
}

impl Default for Pool {
    fn default() -> Pool {
        Pool::new()
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("metrics", &self.metrics()).finish_non_exhaustive()
    }
}
