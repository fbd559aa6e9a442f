//! What can be said to somebody whose command could not be carried out.

use std::fmt;
use std::io;
use std::path::Path;

/// Why a command did nothing, and what to do about it.
#[derive(Debug)]
pub(crate) struct Fault {
    what: String,
    next: Option<String>,
}

impl Fault {
    pub(crate) fn new(what: impl Into<String>) -> Fault {
        Fault { what: what.into(), next: None }
    }

    /// With the next action: a command to enter, or where to look.
    pub(crate) fn next(self, next: impl Into<String>) -> Fault {
        Fault { next: Some(next.into()), ..self }
    }

    /// `deed` is what could not be done to the file.
    pub(crate) fn file(deed: &str, path: &Path, error: &io::Error) -> Fault {
        Fault::new(format!("can not {deed} {}: {error}", path.display()))
    }

    pub(crate) fn what(&self) -> &str {
        &self.what
    }

    pub(crate) fn advice(&self) -> Option<&str> {
        self.next.as_deref()
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for Fault {}
