//! Why a job is not let in.

use std::fmt;
use std::io;

/// The system gives no thread, and there is none that could run the job. The job was not queued, and
/// its closure is dropped.
#[derive(Debug)]
pub struct SpawnError {
    cause: io::Error,
}

impl SpawnError {
    pub(crate) fn new(cause: io::Error) -> SpawnError {
        SpawnError { cause }
    }

    /// What the system said.
    #[must_use]
    pub fn cause(&self) -> &io::Error {
        &self.cause
    }
}

impl fmt::Display for SpawnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        no_thread(&self.cause, f)
    }
}

impl std::error::Error for SpawnError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.cause)
    }
}

impl From<SpawnError> for io::Error {
    fn from(error: SpawnError) -> io::Error {
        error.cause
    }
}

/// The job is not let in now; here is its closure.
pub struct TrySpawnError<F> {
    why: Why,
    closure: F,
}

/// Why a job may not come in.
#[derive(Debug)]
pub(crate) enum Why {
    Full,
    Closed,
    NoThread(io::Error),
}

impl<F> TrySpawnError<F> {
    pub(crate) fn new(why: Why, closure: F) -> TrySpawnError<F> {
        TrySpawnError { why, closure }
    }

    /// As many jobs are queued or run as the capacity says. Wait for a place with
    /// [`reserve`](crate::Pool::reserve), or try again.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self.why, Why::Full)
    }

    /// The pool is closed, for good.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(self.why, Why::Closed)
    }

    /// There is no thread, and the system gives none; what it said.
    #[must_use]
    pub fn no_thread(&self) -> Option<&io::Error> {
        match &self.why {
            Why::NoThread(cause) => Some(cause),
            Why::Full | Why::Closed => None,
        }
    }

    /// The closure.
    #[must_use]
    pub fn into_inner(self) -> F {
        self.closure
    }
}

impl<F> fmt::Display for TrySpawnError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.why {
            Why::Full => {
                f.write_str("the pool has no place for another job: wait for one with `reserve`")
            }
            Why::Closed => closed(f),
            Why::NoThread(cause) => no_thread(cause, f),
        }
    }
}

impl<F> fmt::Debug for TrySpawnError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TrySpawnError({self})")
    }
}

impl<F> std::error::Error for TrySpawnError<F> {}

impl<F> From<TrySpawnError<F>> for io::Error {
    fn from(error: TrySpawnError<F>) -> io::Error {
        let text = error.to_string();
        match error.why {
            Why::Full => io::Error::new(io::ErrorKind::WouldBlock, text),
            Why::Closed => io::Error::other(text),
            Why::NoThread(cause) => cause,
        }
    }
}

/// The pool is closed: it takes no jobs any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Closed {}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        closed(f)
    }
}

impl std::error::Error for Closed {}

impl From<Closed> for io::Error {
    fn from(error: Closed) -> io::Error {
        io::Error::other(error.to_string())
    }
}

fn closed(f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("the pool is closed and takes no jobs any more")
}

fn no_thread(cause: &io::Error, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "the pool has no thread, and the system gives none: {cause}")
}
