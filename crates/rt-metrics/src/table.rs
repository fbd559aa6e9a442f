//! Numbers in columns.

use std::fmt;
use std::iter;
use std::time::Duration;

use crate::snapshot::Snapshot;
use crate::worker::WorkerSnapshot;

/// Lines of cells: each column as wide as its widest cell.
#[derive(Default)]
pub(crate) struct Table {
    lines: Vec<Vec<String>>,
    /// Columns that begin at the left; the others end at the right.
    left: &'static [usize],
}

impl Table {
    pub(crate) fn new(left: &'static [usize], titles: &[&str]) -> Table {
        let mut table = Table::untitled(left);
        table.line(titles.iter().map(ToString::to_string));
        table
    }

    fn untitled(left: &'static [usize]) -> Table {
        Table { lines: Vec::new(), left }
    }

    pub(crate) fn line(&mut self, cells: impl IntoIterator<Item = String>) {
        self.lines.push(cells.into_iter().map(|cell| shown(&cell)).collect());
    }

    fn width(&self, column: usize) -> usize {
        let cells = self.lines.iter().filter_map(|line| line.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.lines.iter().map(Vec::len).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns).map(|column| self.width(column)).collect();
        for (number, line) in self.lines.iter().enumerate() {
            if number > 0 {
                writeln!(f)?;
            }
            let mut text = String::new();
            for (column, (cell, &width)) in iter::zip(line, &widths).enumerate() {
                let gap = if column == 0 { "" } else { "  " };
                text += &match self.left.contains(&column) {
                    true => format!("{gap}{cell:<width$}"),
                    false => format!("{gap}{cell:>width$}"),
                };
            }
            f.write_str(text.trim_end())?;
        }
        Ok(())
    }
}

/// As many characters of a cell are shown: a place in a library has some hundred.
const WIDEST: usize = 160;

/// A cell may be a user's text: it stays in its line, and leaves room for the others.
fn shown(cell: &str) -> String {
    let cell = one_line(cell);
    match cell.char_indices().nth(WIDEST) {
        Some((end, _)) => format!("{}…", &cell[..end]),
        None => cell,
    }
}

/// A name is a user's text: a line of it stays one line, and no terminal obeys it.
pub(crate) fn one_line(name: &str) -> String {
    let escape = |char: char| match char.is_control() {
        true => char.escape_default().to_string(),
        false => char.to_string(),
    };
    name.chars().map(escape).collect()
}

/// A duration with three digits and its unit.
pub(crate) fn short(duration: Duration) -> String {
    let nanos = duration.as_nanos();
    let (unit, name) = match nanos {
        0 => return "0".to_owned(),
        1..1_000 => (1, "ns"),
        1_000..1_000_000 => (1_000, "µs"),
        1_000_000..1_000_000_000 => (1_000_000, "ms"),
        _ => (1_000_000_000, "s"),
    };
    let value = nanos as f64 / unit as f64;
    let digits = match value {
        _ if unit == 1 || value >= 100.0 => 0,
        10.0.. => 1,
        _ => 2,
    };
    format!("{value:.digits$} {name}")
}

impl fmt::Display for Snapshot {
    /// A line for each part of the runtime, and a table of its workers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Snapshot { tasks, blocking, timers, sockets, .. } = self;
        let mut parts = Table::untitled(&PARTS);
        let mut part = |name: &str, values: &[(&str, u64)]| {
            let values =
                values.iter().flat_map(|(name, value)| [(*name).to_owned(), value.to_string()]);
            parts.line(iter::once(name.to_owned()).chain(values));
        };
        part(
            "tasks",
            &[
                ("spawned", tasks.spawned),
                ("completed", tasks.completed),
                ("cancelled", tasks.cancelled),
                ("panicked", tasks.panicked),
                ("alive", tasks.alive),
                ("refused", tasks.refused),
            ],
        );
        part(
            "from outside",
            &[("came", self.remote_schedules), ("wait", self.injector_depth as u64)],
        );
        part(
            "blocking",
            &[
                ("threads", blocking.threads as u64),
                ("idle", blocking.idle_threads as u64),
                ("done", blocking.done),
                ("running", blocking.running as u64),
                ("queued", blocking.queued as u64),
                ("cancelled", blocking.cancelled),
            ],
        );
        part(
            "timers",
            &[
                ("armed", timers.armed),
                ("fired", timers.fired),
                ("cancelled", timers.cancelled),
                ("waiting", timers.waiting),
            ],
        );
        part(
            "sockets",
            &[
                ("registered", sockets.registered),
                ("deregistered", sockets.deregistered),
                ("ready", sockets.ready),
            ],
        );
        writeln!(f, "in {}\n{parts}", short(self.elapsed))?;
        if blocking.queued > 0 {
            writeln!(f, "the oldest job has been queued for {}", short(blocking.oldest_queued))?;
        }
        write!(f, "\n{}", self.workers_table())
    }
}

/// Names begin at the left, numbers end at the right.
const PARTS: [usize; 7] = [0, 1, 3, 5, 7, 9, 11];

const WORKER: [&str; 15] = [
    "worker",
    "busy",
    "polls",
    "spawned",
    "done",
    "requeued",
    "yields",
    "slot",
    "steals",
    "stolen",
    "overflows",
    "parks",
    "noops",
    "waiting",
    "drained",
];

impl Snapshot {
    fn workers_table(&self) -> Table {
        let mut table = Table::new(&[0], &WORKER);
        for (index, worker) in self.workers.iter().enumerate() {
            table.line(self.worker_line(index.to_string(), worker, 1));
        }
        if self.elsewhere.polls > 0 {
            let mut line = self.worker_line("none".to_owned(), &self.elsewhere, 1);
            "–".clone_into(&mut line[1]); // who is no worker is not timed
            table.line(line);
        }
        let workers = self.workers.len().max(1);
        table.line(self.worker_line("all".to_owned(), &self.total(), workers));
        table
    }

    /// `share`: of how many workers.
    fn worker_line(&self, name: String, worker: &WorkerSnapshot, share: usize) -> Vec<String> {
        let time = self.elapsed.as_secs_f64() * share as f64;
        let busy = if time > 0.0 { 100.0 * worker.busy.as_secs_f64() / time } else { 0.0 };
        let counts = [
            worker.polls,
            worker.spawned,
            worker.completed + worker.panicked + worker.cancelled,
            worker.requeued,
            worker.yields,
            worker.slot_hits,
            worker.steals,
            worker.stolen,
            worker.overflows,
            worker.parks,
            worker.noops,
            worker.queue_depth as u64,
            worker.drained,
        ];
        let counts = counts.iter().map(ToString::to_string);
        [name, format!("{busy:.1} %")].into_iter().chain(counts).collect()
    }
}
