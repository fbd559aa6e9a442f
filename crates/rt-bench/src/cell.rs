//! One measurement: a runtime, a row, and a process of its own, so that no row inherits another one's heap.
//!
//! The process is this binary again, as `rt-bench cell RUNTIME ROW [REPEATS]`, and its answer is one line.

use std::env;
use std::fmt;
use std::process::Command;
use std::str::FromStr;

use crate::measure::Laps;
use crate::row::{Figure, Row};
use crate::runtime::{Flavor, Runtime};
use crate::runtimes::{Local, LocalStatic, Rt, Shared, SharedStatic, Smol, Tokio};

/// A column of the table: a runtime, and which of its executors. Its name is `rt`, or `rt2` with two workers.
#[derive(Clone, Copy)]
pub(crate) struct Column {
    runtime: &'static Entry,
    pub(crate) flavor: Flavor,
}

struct Entry {
    name: &'static str,
    run: fn(Row, Flavor, Laps) -> Laps,
    /// Whether it stands in the tables when no runtime is named.
    is_in_table: bool,
}

/// All runtimes: a new one is a file in `runtimes/` and a line here.
static RUNTIMES: [Entry; 4] = [
    Entry { name: "tokio", run: run_on::<Tokio>, is_in_table: true },
    Entry { name: "smol", run: run_on_smol, is_in_table: true },
    Entry { name: "smol-static", run: run_on_smol_static, is_in_table: false },
    Entry { name: "rt", run: run_on::<Rt>, is_in_table: true },
];

fn run_on<R: Runtime>(row: Row, flavor: Flavor, laps: Laps) -> Laps {
    if row.has_timers() {
        R::block_on_with_timers(flavor, row.run::<R>(flavor, laps))
    } else {
        R::block_on(flavor, row.run::<R>(flavor, laps))
    }
}

/// What a task occupies is compared with an executor that knows its tasks, as ours does.
fn run_on_smol(row: Row, flavor: Flavor, laps: Laps) -> Laps {
    match (row, flavor) {
        (Row::S9, Flavor::CurrentThread) => run_on::<Smol<Local>>(row, flavor, laps),
        (Row::S9, Flavor::Workers(_)) => run_on::<Smol<Shared>>(row, flavor, laps),
        _ => run_on_smol_static(row, flavor, laps),
    }
}

fn run_on_smol_static(row: Row, flavor: Flavor, laps: Laps) -> Laps {
    match flavor {
        Flavor::CurrentThread => run_on::<Smol<LocalStatic>>(row, flavor, laps),
        Flavor::Workers(_) => run_on::<Smol<SharedStatic>>(row, flavor, laps),
    }
}

impl Column {
    /// The columns of that table.
    pub(crate) fn of(flavor: Flavor) -> Vec<Column> {
        let runtimes = RUNTIMES.iter().filter(|runtime| runtime.is_in_table);
        runtimes.map(|runtime| Column { runtime, flavor }).collect()
    }

    /// Of the runtime, without the number of workers.
    pub(crate) fn runtime(self) -> &'static str {
        self.runtime.name
    }

    /// The same runtime with so many workers.
    pub(crate) fn with_workers(self, workers: usize) -> Self {
        Self { flavor: Flavor::Workers(workers), ..self }
    }

    /// Every other column is a peer.
    pub(crate) fn is_ours(self) -> bool {
        self.runtime.name == "rt"
    }

    /// The timed lap, in this process.
    pub(crate) fn measure(self, row: Row) -> Sample {
        let facts = row.facts();
        let [warm_up, timed] = facts.repeats;
        let laps = (self.runtime.run)(row, self.flavor, Laps::timed(warm_up, timed));
        let spent = laps.spent();
        let operations = (timed * facts.operations) as f64;
        Sample {
            wall: spent.wall.as_nanos() as f64 / operations,
            cpu: spent.cpu.as_nanos() as f64 / operations,
            resident: spent.resident as f64 / operations,
            switches: spent.switches as f64,
            lateness: laps.lateness().map(|late| late.as_secs_f64() * 1e3),
            plain: laps.plain().as_nanos() as f64 / facts.operations as f64,
        }
    }

    /// So many repeats and nothing else, in this process.
    pub(crate) fn repeat(self, row: Row, repeats: u64) {
        (self.runtime.run)(row, self.flavor, Laps::counted(repeats));
    }

    /// The timed lap, in a process of its own.
    pub(crate) fn measure_apart(self, row: Row) -> Result<Sample, String> {
        let this = env::current_exe().map_err(|error| format!("where is this binary? {error}"))?;
        let cell = Command::new(this).args(["cell", &self.to_string(), &row.to_string()]).output();
        let cell = cell.map_err(|error| format!("can not start a cell: {error}"))?;
        if !cell.status.success() {
            let message = String::from_utf8_lossy(&cell.stderr);
            return Err(format!("{row} on {self} failed, {}: {message}", cell.status));
        }
        String::from_utf8_lossy(&cell.stdout).parse()
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}{}", self.runtime.name, self.flavor))
    }
}

impl FromStr for Column {
    type Err = String;

    fn from_str(column: &str) -> Result<Self, String> {
        let name = column.trim_end_matches(|digit: char| digit.is_ascii_digit());
        let flavor = column[name.len()..].parse()?;
        let runtime = RUNTIMES.iter().find(|runtime| runtime.name == name).ok_or_else(|| {
            let known: Vec<_> = RUNTIMES.iter().map(|runtime| runtime.name).collect();
            format!("no runtime `{name}` in this build; there are {}", known.join(", "))
        })?;
        Ok(Self { runtime, flavor })
    }
}

/// What a cell says: nanoseconds and bytes per operation, except as noted.
#[derive(Clone, Copy)]
pub(crate) struct Sample {
    pub(crate) wall: f64,
    pub(crate) cpu: f64,
    pub(crate) resident: f64,
    /// Voluntary context switches of the whole lap.
    pub(crate) switches: f64,
    /// Milliseconds, p50 and p99; zero where nothing is waited for.
    pub(crate) lateness: [f64; 2],
    /// The wall time without a runtime; zero where there is no such thing.
    pub(crate) plain: f64,
}

impl Sample {
    pub(crate) fn figure(&self, figure: Figure) -> f64 {
        match figure {
            Figure::Wall => self.wall,
            Figure::Cpu => self.cpu,
            Figure::Resident => self.resident,
            Figure::Latency => self.lateness[0] * 1e6,
        }
    }
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [p50, p99] = self.lateness;
        let Self { wall, cpu, resident, switches, plain, .. } = self;
        write!(f, "{wall} {cpu} {resident} {switches} {p50} {p99} {plain}")
    }
}

impl FromStr for Sample {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, String> {
        let numbers: Result<Vec<f64>, _> = line.split_whitespace().map(str::parse).collect();
        match numbers.as_deref() {
            Ok(&[wall, cpu, resident, switches, p50, p99, plain]) => {
                Ok(Self { wall, cpu, resident, switches, lateness: [p50, p99], plain })
            }
            _ => Err(format!("a cell answered `{line}`, not seven numbers")),
        }
    }
}
