//! Why a join handle has no output.

use std::any::Any;
use std::fmt;
use std::io;
use std::sync::Mutex;

use crate::header::Payload;
use crate::id::Id;

/// The task was cancelled, or its future panicked.
///
/// It becomes an [`io::Error`] by `From`, so that `?` works in functions that return one.
pub struct JoinError {
    id: Id,
    why: Why,
}

enum Why {
    Cancelled,
    /// The mutex makes the error `Sync`, which a payload need not be.
    Panic(Mutex<Payload>),
}

impl JoinError {
    pub(crate) fn cancelled(id: Id) -> JoinError {
        JoinError { id, why: Why::Cancelled }
    }

    pub(crate) fn panic(id: Id, payload: Payload) -> JoinError {
        JoinError { id, why: Why::Panic(Mutex::new(payload)) }
    }

    /// The number of the task.
    #[must_use]
    pub fn id(&self) -> Id {
        self.id
    }

    /// The future was dropped before it was ready: the task was aborted, or its runtime ended.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        matches!(self.why, Why::Cancelled)
    }

    /// The future panicked.
    #[must_use]
    pub fn is_panic(&self) -> bool {
        matches!(self.why, Why::Panic(_))
    }

    /// The payload of the panic, for [`std::panic::resume_unwind`].
    ///
    /// # Panics
    ///
    /// If the task was cancelled: ask [`is_panic`](JoinError::is_panic) first.
    #[must_use]
    #[track_caller]
    pub fn into_panic(self) -> Box<dyn Any + Send + 'static> {
        match self.try_into_panic() {
            Ok(payload) => payload,
            // In no closure, which would hide the caller.
            Err(error) => panic!("{error}, it did not panic: ask `JoinError::is_panic` first"),
        }
    }

    /// The payload of the panic.
    ///
    /// # Errors
    ///
    /// The error itself, if the task was cancelled.
    pub fn try_into_panic(self) -> Result<Box<dyn Any + Send + 'static>, JoinError> {
        match self.why {
            Why::Panic(payload) => Ok(payload.into_inner().unwrap_or_else(|e| e.into_inner())),
            Why::Cancelled => Err(self),
        }
    }

    /// What the panic said, if it was a text.
    fn text(&self) -> Option<String> {
        let Why::Panic(payload) = &self.why else { return None };
        let payload = payload.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let text = payload.downcast_ref::<&'static str>().map(|text| (*text).to_owned());
        text.or_else(|| payload.downcast_ref::<String>().cloned())
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.is_cancelled(), self.text()) {
            (true, _) => write!(f, "task {} was cancelled", self.id),
            (false, Some(text)) => write!(f, "task {} panicked: {text}", self.id),
            (false, None) => write!(f, "task {} panicked", self.id),
        }
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.is_cancelled(), self.text()) {
            (true, _) => write!(f, "JoinError::Cancelled({:?})", self.id),
            (false, text) => write!(f, "JoinError::Panic({:?}, {text:?})", self.id),
        }
    }
}

impl std::error::Error for JoinError {}

impl From<JoinError> for io::Error {
    fn from(error: JoinError) -> io::Error {
        io::Error::other(error.to_string())
    }
}
