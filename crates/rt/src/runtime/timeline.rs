//! The file that a runtime leaves behind: what it did, as a picture.

use std::collections::HashMap;
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::{Mutex, PoisonError};

use crate::messages;
use crate::trace::Trace;

/// The environment variable that says where to, if the builder does not.
const FILE: &str = "RT_TIMELINE";

/// How many events of each thread are kept, unless the builder was given a trace: some 2 MB of
/// memory, and as much in the file.
const EVENTS: usize = 1 << 15;

/// How many runtimes were built for each file.
static BUILT: Mutex<Option<HashMap<PathBuf, u64>>> = Mutex::new(None);

/// Writes the file when it is dropped, which the runtime does last.
#[derive(Debug)]
pub(super) struct Timeline {
    trace: Trace,
    path: PathBuf,
}

/// What a runtime that is built now records, and where to it is written: as the builder says, else as the
/// environment does.
pub(super) fn choose(
    trace: Option<&Trace>,
    path: Option<&Path>,
) -> (Option<Trace>, Option<Timeline>) {
    let path = path.map(Path::to_owned).or_else(asked_for);
    let Some(path) = path.map(numbered) else { return (trace.cloned(), None) };
    let trace = trace.cloned().unwrap_or_else(|| Trace::new(EVENTS));
    (Some(trace.clone()), Some(Timeline { trace, path: free(path) }))
}

fn asked_for() -> Option<PathBuf> {
    env::var_os(FILE).filter(|path| !path.is_empty()).map(PathBuf::from)
}

/// `%p` in a path is the number of the process: children inherit the variable, and run the same builders.
fn numbered(path: PathBuf) -> PathBuf {
    let numbered = path.to_str().map(|path| path.replace("%p", &process::id().to_string()));
    numbered.map_or(path, PathBuf::from)
}

/// `a.html`, and for the next runtimes of the process `a-2.html`, `a-3.html` and so on.
fn free(path: PathBuf) -> PathBuf {
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    let count = built.get_or_insert_default().entry(path.clone()).or_default();
    *count += 1;
    if *count == 1 {
        return path;
    }
    let mut name = path.file_stem().map(OsString::from).unwrap_or_default();
    name.push(format!("-{count}"));
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}

impl Drop for Timeline {
    fn drop(&mut self) {
        if let Err(error) = self.trace.write(&self.path) {
            messages::no_timeline(&self.path, &error);
        }
    }
}
