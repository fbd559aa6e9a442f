//! How far the others are, told by an interval until somebody aborts it.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rt::time::{MissedTickBehavior, interval};

/// How many files passed each stage.
#[derive(Default)]
pub(crate) struct Seen {
    found: AtomicU64,
    read: AtomicU64,
    counted: AtomicU64,
}

impl Seen {
    pub(crate) fn found(&self) {
        self.found.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) {
        self.read.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn counted(&self) {
        self.counted.fetch_add(1, Ordering::Relaxed);
    }

    fn line(&self) -> String {
        let [found, read, counted] =
            [&self.found, &self.read, &self.counted].map(|count| count.load(Ordering::Relaxed));
        format!("{found} found  {read} read  {counted} counted")
    }
}

/// Where progress is shown.
#[derive(Clone, Copy)]
pub(crate) enum Display {
    /// One line that changes.
    Moving,
    /// A new line every second: for files and pipes.
    NowAndThen,
}

impl Display {
    fn period(self) -> Duration {
        match self {
            Display::Moving => Duration::from_millis(25),
            Display::NowAndThen => Duration::from_secs(1),
        }
    }
}

/// Never ends by itself.
pub(crate) async fn progress(seen: Arc<Seen>, display: Display) {
    let mut ticks = interval(display.period());
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    ticks.tick().await; // the first comes at once
    let _clear = Clear(display);
    for turn in 0.. {
        ticks.tick().await;
        let line = seen.line();
        show(&match display {
            Display::Moving => format!("\r\x1b[2K{} {line}", SPINNER[turn % SPINNER.len()]),
            Display::NowAndThen => format!("{line}\n"),
        });
    }
}

const SPINNER: [char; 10] = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/// Takes the line away when the task is aborted: the runtime then drops its future, and all in it.
struct Clear(Display);

impl Drop for Clear {
    fn drop(&mut self) {
        if matches!(self.0, Display::Moving) {
            show("\r\x1b[2K");
        }
    }
}

fn show(text: &str) {
    let mut err = io::stderr().lock();
    // Without anybody who looks there is nothing to show.
    let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
}
