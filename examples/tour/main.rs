//! The tour: counts the words of your files with a pipeline of tasks, and shows what the runtime did.
//!
//! ```text
//! cargo run                    # the text files below the current folder
//! cargo run -- README.md src   # files and folders of your choice
//! ```
//!
//! ```text
//!                  ┌─► read 1 ─┐            ┌─► count 1 ─┐
//!   walk ─ paths ──┼─► read 2 ─┼── texts ───┤            ├── counts ──► collect ──► the table
//!                  └─► read 3 ─┘            └─► count 2 ─┘                 │
//!                                                                          └─ news ──► doomed
//!   progress: a line while the others work                                             (panics)
//! ```
//!
//! Every arrow is a channel with little room: who is too fast waits. Read `pipeline.rs` first. At the end the
//! table goes over a socket: what is printed is what `http.rs` fetched from its own server.

#![forbid(unsafe_code)]

mod close_up;
mod count;
mod doomed;
mod history;
mod http;
mod item;
mod paint;
mod pipeline;
mod progress;
mod read;
mod share;
mod stage;
mod table;
mod tally;
mod timeline;
mod walk;
mod workers;

use std::env;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;
use std::time::Instant;

use rt::runtime::Builder;
use rt::trace::Trace;

use crate::history::History;
use crate::paint::Paint;
use crate::progress::Display;

/// A big folder makes more events than this; then the picture shows the last ones.
const EVENTS: usize = 200_000;

/// More rows than this would tell nothing new.
const MOST_WORKERS: usize = 4;

const USAGE: &str = "usage: cargo run [-- PATH...]

Counts the words of text files, below the current folder unless paths are given,
and shows what the runtime did meanwhile. NO_COLOR=1 for no colours.
";

fn main() -> ExitCode {
    let arguments: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    if arguments.iter().any(|it| it.as_os_str() == "-h" || it.as_os_str() == "--help") {
        return if print(USAGE) { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    if let Some(unknown) = arguments.iter().find(|it| is_unknown_option(it)) {
        eprintln!(
            "there is no option {}, and no file of that name; --help says what there is",
            item::shown(unknown)
        );
        return ExitCode::from(2);
    }
    let roots = if arguments.is_empty() { vec![PathBuf::from(".")] } else { arguments };

    let trace = Trace::new(EVENTS);
    let workers = thread::available_parallelism().map_or(2, usize::from).clamp(2, MOST_WORKERS);
    let runtime = match Builder::new_multi_thread().worker_threads(workers).trace(&trace).build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("no runtime could be made: {error}");
            return ExitCode::FAILURE;
        }
    };
    let start = Instant::now();
    let outcome = runtime.block_on(pipeline::run(roots, Display::of_stderr()));
    let took = start.elapsed();

    let paint = Paint::of_stdout();
    let table = table::draw(&outcome, took, &paint);
    let mut report = match runtime.block_on(http::there_and_back(table.clone())) {
        Ok(fetched) => table::served(&fetched, &paint),
        Err(error) => {
            eprintln!("the table could not be served over HTTP: {error}");
            table
        }
    };
    if paint.has_room_for_pictures() {
        drop(runtime); // so that nothing is recorded any more
        let history = History::of(&trace, workers);
        report.push_str(&timeline::draw(&history, &outcome.ends, &paint));
        report.push_str(&close_up::draw(&history, &paint));
    } else {
        report.push_str(&paint.too_narrow());
    }
    let was_printed = print(&report);
    let has_read = outcome.tally.files() > 0;
    if was_printed && has_read { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// A file may be called anything, also `-x`.
fn is_unknown_option(argument: &Path) -> bool {
    argument.as_os_str().as_encoded_bytes().starts_with(b"-") && !argument.exists()
}

/// Prints, and says whether it could; a reader who closed the pipe has seen enough, which is no error.
fn print(text: &str) -> bool {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            // Nobody is left to be told if this fails, too.
            let _ = writeln!(io::stderr(), "the report could not be written: {error}");
            false
        }
        _ => true,
    }
}

impl Display {
    /// A line that moves needs a terminal that can go back to its beginning.
    fn of_stderr() -> Display {
        let is_dumb = env::var_os("TERM").is_none_or(|term| term == "dumb");
        if io::stderr().is_terminal() && !is_dumb { Display::Moving } else { Display::NowAndThen }
    }
}
