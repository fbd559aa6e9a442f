//! A live view of a runtime, as `top` gives one of a machine: workers, the busiest places, the slowest polls, the
//! tasks that are alive, four times a second.
//!
//! `cargo run --example top` shows a program that runs in the same process. Where the output is no terminal, it
//! prints the same as plain tables, once. With a number, the program ends after so many seconds, and the view with it.
//!
//! What it needs of the runtime that it looks at is a [`Handle`](rt::runtime::Handle), and
//! `Builder::poll_histograms`, which measures. The files, from the bottom up:
//!
//! * `background.rs`, `load.rs`: the program.
//! * `look.rs`: what is read of its runtime, and what happened between two looks.
//! * `notes.rs`: what would have gone to the standard error, across the picture.
//! * `keys.rs`: what keys do; which order, which page.
//! * `text.rs`, `panes.rs`, `tasks.rs`, `view.rs`: the picture.
//! * `screen.rs`: the terminal, and that it is left as it was.

#![forbid(unsafe_code)]

use std::env;
use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crossterm::event;
use rt::runtime::{Builder, Runtime, Stall};
use rt::task::{self, JoinHandle};

mod background;
mod keys;
mod load;
mod look;
pub(crate) mod notes;
mod panes;
pub(crate) mod screen;
mod tasks;
mod text;
mod view;

use keys::{Controls, Go};
use look::{Look, Looks};
use notes::Notes;
use screen::Screen;

/// Four times a second: faster than one reads, slow enough to cost nothing.
const REFRESH: Duration = Duration::from_millis(250);
/// How long the program has run when it is printed.
const BEFORE_PRINTING: Duration = Duration::from_millis(700);
/// A job that sleeps is waited for so long at most.
const PATIENCE: Duration = Duration::from_secs(1);

fn main() -> io::Result<()> {
    let seconds = env::args().nth(1).map(|seconds| seconds.parse());
    match seconds.transpose() {
        Ok(seconds) => run(seconds.map(Duration::from_secs)),
        Err(error) => Err(io::Error::new(io::ErrorKind::InvalidInput, error)),
    }
}

/// The program, for so long or until the view is quit, and the view.
pub(crate) fn run(limit: Option<Duration>) -> io::Result<()> {
    let notes = Notes::default();
    let on_stall = notes.clone();
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .poll_histograms(true)
        .task_stats(true)
        .on_stall(move |stall| on_stall.add(stalled(stall)))
        .build()?;
    let entered = runtime.enter();
    let program = task::Builder::new().name("program").spawn(load::run(limit));
    drop(entered);

    let mut out = io::stdout();
    if out.is_terminal() {
        view(&runtime, &program, &notes)?;
    } else {
        thread::sleep(BEFORE_PRINTING);
        print(&Look::at(runtime.handle()))?;
    }
    // The terminal is the user's again, whatever the program does now.
    let metrics = runtime.metrics();
    runtime.shutdown_timeout(PATIENCE);
    let tasks = metrics.snapshot().tasks;
    let (spawned, completed, cancelled) = (tasks.spawned, tasks.completed, tasks.cancelled);
    writeln!(out, "{spawned} tasks were spawned, {completed} completed, {cancelled} cancelled")
}

/// In one line, of which the end may be cut off.
fn stalled(stall: &Stall) -> String {
    let name = stall.name().unwrap_or("a task without a name");
    let elapsed = text::time(stall.elapsed());
    format!("{name} in one poll for {elapsed} and more, spawned at {}", stall.place())
}

/// Until somebody quits it, a signal asks for that, or the program ends.
fn view(runtime: &Runtime, program: &JoinHandle<()>, notes: &Notes) -> io::Result<()> {
    let is_told = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register(signal, is_told.clone())?;
    }
    let mut screen = Screen::open(notes)?;
    let mut looks = Looks::begin(Look::at(runtime.handle()));
    let mut controls = Controls::default();
    let mut next = Instant::now() + REFRESH;
    while !program.is_finished() && !is_told.load(Ordering::Relaxed) {
        screen.draw(|frame| view::draw(frame, &looks.sample(), &mut controls, notes))?;
        if event::poll(next.saturating_duration_since(Instant::now()))?
            && controls.take(&event::read()?) == Go::Quit
        {
            break;
        }
        if Instant::now() >= next {
            next = Instant::now() + REFRESH;
            if !controls.is_paused {
                looks.add(Look::at(runtime.handle()));
            }
        }
    }
    Ok(())
}

/// What the view shows, for those who read it later.
fn print(look: &Look) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{}\n", look.snapshot)?;
    writeln!(out, "busiest places\n{}\n", look.places.busiest(8))?;
    writeln!(out, "slowest polls")?;
    for row in look::slowest(&look.places, 5) {
        writeln!(out, "{:>8}  {}", text::time(row.poll_time.max()), row.place)?;
    }
    writeln!(out, "\nalive tasks\n{}", look.tasks)
}
