//! What travels through the pipeline: a thing, or the reason why it was left out.

use std::io;
use std::path::{Path, PathBuf};

/// A file that was left out travels to the end as well, so that the end can report it.
pub(crate) type Item<T> = Result<T, Problem>;

/// Why a file or folder was left out.
pub(crate) struct Problem {
    pub(crate) path: PathBuf,
    pub(crate) why: String,
}

impl Problem {
    pub(crate) fn new(path: &Path, why: impl ToString) -> Problem {
        Problem { path: path.to_owned(), why: why.to_string() }
    }

    /// What the system said about a file or folder, in the words of the tour.
    pub(crate) fn unreadable(path: &Path, error: &io::Error) -> Problem {
        Problem::new(
            path,
            match error.kind() {
                io::ErrorKind::NotFound => "there is no such file or folder".to_owned(),
                io::ErrorKind::PermissionDenied => "may not be read: permission denied".to_owned(),
                _ => format!("could not be read: {error}"),
            },
        )
    }
}

/// The whole of a text file.
pub(crate) struct Text {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

/// A path as one would type it: without the `./` of the default folder, and without what a terminal
/// would take for a command. Never nothing.
pub(crate) fn shown(path: &Path) -> String {
    let below = path.strip_prefix("./").unwrap_or(path);
    let path = if below.as_os_str().is_empty() { path } else { below };
    match path.display().to_string().replace(char::is_control, "\u{fffd}") {
        empty if empty.is_empty() => "\"\"".to_owned(),
        path => path,
    }
}
