//! The tokio runtime that stands behind the threads of this one, if one does.
//!
//! * **[N8]** Its guard on a thread outlives all that the runtime polls and drops there, and the runtime of tokio's own
//!   outlives the threads of this one.

use std::io;
use std::time::Duration;

use rt_compat::{TokioCompat, TokioContext};
use tokio::runtime::{EnterGuard, Handle};

/// What a builder was told.
pub(crate) type Wanted = Option<TokioCompat>;

/// Undoes an `enter`.
pub(crate) type Guard<'a> = Option<EnterGuard<'a>>;

/// In the hands of the runtime itself.
#[derive(Debug)]
pub(crate) struct Behind(Option<TokioContext>);

/// In the hands of its threads.
#[derive(Clone, Debug, Default)]
pub(crate) struct Foreign(Option<Handle>);

impl Behind {
    /// Starts what is wanted.
    ///
    /// # Errors
    ///
    /// If the system gives no thread for it.
    pub(crate) fn start(wanted: &Wanted) -> io::Result<Behind> {
        wanted.as_ref().map(TokioCompat::start).transpose().map(Behind)
    }

    pub(crate) fn foreign(&self) -> Foreign {
        Foreign(self.0.as_ref().map(|context| context.handle().clone()))
    }

    /// Ends it, and waits for its jobs for so long at most.
    pub(crate) fn end(&mut self, patience: Duration) {
        if let Some(context) = self.0.take() {
            context.shutdown_timeout(patience);
        }
    }
}

impl Foreign {
    /// Makes it tokio's runtime of this thread, unless that ends, and tokio's thread-locals have: then it is in none.
    pub(crate) fn enter(&self) -> Guard<'_> {
        let handle = self.0.as_ref()?;
        let is_gone = Handle::try_current().is_err_and(|error| error.is_thread_local_destroyed());
        (!is_gone).then(|| handle.enter())
    }
}
