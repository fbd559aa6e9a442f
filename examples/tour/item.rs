//! What travels through the pipeline: a thing, or the reason why it was left out.

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
}

/// The whole of a text file.
pub(crate) struct Text {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

/// A path as one would type it: without the `./` of the default folder, and without what a terminal
/// would take for a command.
pub(crate) fn shown(path: &Path) -> String {
    let path = path.strip_prefix("./").unwrap_or(path).display().to_string();
    path.replace(char::is_control, "\u{fffd}")
}
