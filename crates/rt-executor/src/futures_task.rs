//! Our executors for code that asks for somebody's: the traits of `futures-task`.
//!
//! What comes this way is boxed already, by whoever calls: a second allocation.

use futures_task::{FutureObj, LocalFutureObj, LocalSpawn, Spawn, SpawnError};
use rt_task::JoinHandle;
use rt_waker::Park;

use crate::executor::Executor;
use crate::handle::{Handle, LocalHandle};
use crate::probe::Probe;
use crate::queue::RunQueue;

/// Detached: whoever spawns by these traits brings a handle of his own.
fn taken(handle: Option<JoinHandle<()>>) -> Result<(), SpawnError> {
    handle.map(drop).ok_or_else(SpawnError::shutdown)
}

fn open(is_closed: bool) -> Result<(), SpawnError> {
    if is_closed { Err(SpawnError::shutdown()) } else { Ok(()) }
}

/// ```
/// use futures::task::SpawnExt;
///
/// let executor = rt_executor::Executor::new();
/// let six = executor.handle().spawn_with_handle(async { 6 }).unwrap();
/// assert_eq!(executor.run(six), 6);
/// ```
impl Spawn for Handle {
    #[track_caller]
    fn spawn_obj(&self, future: FutureObj<'static, ()>) -> Result<(), SpawnError> {
        taken(self.try_spawn(future))
    }

    fn status(&self) -> Result<(), SpawnError> {
        open(self.is_closed())
    }
}

impl Spawn for LocalHandle {
    #[track_caller]
    fn spawn_obj(&self, future: FutureObj<'static, ()>) -> Result<(), SpawnError> {
        taken(self.try_spawn(future))
    }

    fn status(&self) -> Result<(), SpawnError> {
        open(self.is_closed())
    }
}

impl LocalSpawn for LocalHandle {
    #[track_caller]
    fn spawn_local_obj(&self, future: LocalFutureObj<'static, ()>) -> Result<(), SpawnError> {
        taken(self.try_spawn(future))
    }

    fn status_local(&self) -> Result<(), SpawnError> {
        open(self.is_closed())
    }
}

impl<P: Park, Q: RunQueue, B: Probe> Spawn for Executor<P, Q, B> {
    #[track_caller]
    fn spawn_obj(&self, future: FutureObj<'static, ()>) -> Result<(), SpawnError> {
        self.local_handle().spawn_obj(future)
    }

    fn status(&self) -> Result<(), SpawnError> {
        self.local_handle().status()
    }
}

/// ```
/// use futures::task::LocalSpawnExt;
/// use std::rc::Rc;
///
/// let executor = rt_executor::Executor::new();
/// let shared = Rc::new(6);
/// let six = executor.spawn_local_with_handle(async move { *shared }).unwrap();
/// assert_eq!(executor.run(six), 6);
/// ```
impl<P: Park, Q: RunQueue, B: Probe> LocalSpawn for Executor<P, Q, B> {
    #[track_caller]
    fn spawn_local_obj(&self, future: LocalFutureObj<'static, ()>) -> Result<(), SpawnError> {
        self.local_handle().spawn_local_obj(future)
    }

    fn status_local(&self) -> Result<(), SpawnError> {
        self.local_handle().status_local()
    }
}
