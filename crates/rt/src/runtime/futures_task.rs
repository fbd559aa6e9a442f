//! The runtime for code that asks for somebody's: the traits of `futures-task`.
//!
//! What comes this way is boxed already, by whoever calls: a second allocation.

use futures_task::{FutureObj, LocalFutureObj, LocalSpawn, Spawn, SpawnError};

use crate::runtime::{Handle, LocalRuntime, Runtime};

/// ```
/// use futures::task::SpawnExt;
///
/// let runtime = rt::runtime::Runtime::new()?;
/// let six = runtime.handle().spawn_with_handle(async { 6 }).unwrap();
/// assert_eq!(runtime.block_on(six), 6);
/// # Ok::<(), std::io::Error>(())
/// ```
impl Spawn for Handle {
    #[track_caller]
    fn spawn_obj(&self, future: FutureObj<'static, ()>) -> Result<(), SpawnError> {
        self.inner().spawner.spawn_obj(future)
    }

    fn status(&self) -> Result<(), SpawnError> {
        self.inner().spawner.status()
    }
}

impl Spawn for Runtime {
    #[track_caller]
    fn spawn_obj(&self, future: FutureObj<'static, ()>) -> Result<(), SpawnError> {
        self.handle().spawn_obj(future)
    }

    fn status(&self) -> Result<(), SpawnError> {
        self.handle().status()
    }
}

impl Spawn for LocalRuntime {
    #[track_caller]
    fn spawn_obj(&self, future: FutureObj<'static, ()>) -> Result<(), SpawnError> {
        self.handle().spawn_obj(future)
    }

    fn status(&self) -> Result<(), SpawnError> {
        self.handle().status()
    }
}

/// ```
/// use futures::task::LocalSpawnExt;
/// use std::rc::Rc;
///
/// let runtime = rt::runtime::LocalRuntime::new()?;
/// let shared = Rc::new(6);
/// let six = runtime.spawn_local_with_handle(async move { *shared }).unwrap();
/// assert_eq!(runtime.block_on(six), 6);
/// # Ok::<(), std::io::Error>(())
/// ```
impl LocalSpawn for LocalRuntime {
    #[track_caller]
    fn spawn_local_obj(&self, future: LocalFutureObj<'static, ()>) -> Result<(), SpawnError> {
        self.executor().spawn_local_obj(future)
    }

    fn status_local(&self) -> Result<(), SpawnError> {
        self.executor().status_local()
    }
}
