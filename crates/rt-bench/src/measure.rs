//! What a cell measures: wall and CPU time, context switches and resident memory between two readings.
//!
//! A workload takes its counts from [`Laps`]: a warm-up, then the timed lap. So the set-up of a workload
//! stands before its loop and is not timed, and what is timed can be seen in the workload.

use std::fs;
use std::mem;
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

/// The laps of one workload, as an iterator over the repeats that each lap is to do.
pub(crate) struct Laps {
    phase: Phase,
    spent: Spent,
    lateness: [Duration; 2],
    plain: Duration,
}

enum Phase {
    Counted { repeats: u64 },
    WarmUp { repeats: u64, timed: u64 },
    Timed { repeats: u64 },
    Running { since: Reading },
    Over,
}

/// What was used up between two readings, by all threads of the process.
#[derive(Clone, Copy, Default)]
pub(crate) struct Spent {
    pub(crate) wall: Duration,
    pub(crate) cpu: Duration,
    /// Voluntary context switches: how often a thread went to sleep.
    pub(crate) switches: i64,
    /// Growth of the resident memory in bytes.
    pub(crate) resident: i64,
}

impl Laps {
    /// A warm-up and a timed lap.
    pub(crate) fn timed(warm_up: u64, timed: u64) -> Self {
        Self::from_phase(Phase::WarmUp { repeats: warm_up, timed })
    }

    /// One lap of an exact length and no reading: for tools that count.
    pub(crate) fn counted(repeats: u64) -> Self {
        Self::from_phase(Phase::Counted { repeats })
    }

    fn from_phase(phase: Phase) -> Self {
        Self {
            phase,
            spent: Spent::default(),
            lateness: [Duration::ZERO; 2],
            plain: Duration::ZERO,
        }
    }

    /// What the timed lap cost; nothing before its end.
    pub(crate) fn spent(&self) -> Spent {
        self.spent
    }

    /// How late the timers (T1, W3), the tasks (W1, W2) or the answers (S7s) of the timed lap were.
    pub(crate) fn set_lateness(&mut self, mut late: Vec<Duration>) {
        late.sort_unstable();
        let quantile =
            |percent: usize| late.get(late.len() * percent / 100).copied().unwrap_or_default();
        self.lateness = [quantile(50), quantile(99)];
    }

    /// The median and the 99th percentile.
    pub(crate) fn lateness(&self) -> [Duration; 2] {
        self.lateness
    }

    /// What one repeat of the workload takes without a runtime; only S8, S8f and S8j have it.
    pub(crate) fn set_plain(&mut self, plain: Duration) {
        self.plain = plain;
    }

    /// Zero where there is no such thing.
    pub(crate) fn plain(&self) -> Duration {
        self.plain
    }
}

impl Iterator for Laps {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        match mem::replace(&mut self.phase, Phase::Over) {
            Phase::Counted { repeats } => Some(repeats),
            Phase::WarmUp { repeats, timed } => {
                self.phase = Phase::Timed { repeats: timed };
                Some(repeats)
            }
            Phase::Timed { repeats } => {
                self.phase = Phase::Running { since: Reading::at_start() };
                Some(repeats)
            }
            Phase::Running { since } => {
                self.spent = since.until_now();
                None
            }
            Phase::Over => None,
        }
    }
}

struct Reading {
    wall: Instant,
    cpu: Duration,
    switches: i64,
    resident: i64,
}

impl Reading {
    fn at_start() -> Self {
        let resident = resident_bytes();
        let (cpu, switches) = usage();
        Self { wall: Instant::now(), cpu, switches, resident }
    }

    fn until_now(&self) -> Spent {
        let wall = self.wall.elapsed();
        let (cpu, switches) = usage();
        Spent {
            wall,
            cpu: cpu - self.cpu,
            switches: switches - self.switches,
            resident: resident_bytes() - self.resident,
        }
    }
}

/// CPU time of all threads of this process so far.
pub(crate) fn cpu_time() -> Duration {
    usage().0
}

fn usage() -> (Duration, i64) {
    let usage = getrusage(UsageWho::RUSAGE_SELF).expect("getrusage of oneself");
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    (Duration::from_micros(micros.unsigned_abs()), usage.voluntary_context_switches())
}

/// From `smaps_rollup`, because `statm` is off by up to 64 pages a CPU.
fn resident_bytes() -> i64 {
    let text = fs::read_to_string("/proc/self/smaps_rollup")
        .expect("Linux 4.14 or later, with /proc mounted");
    let kib = text
        .lines()
        .find_map(|line| line.strip_prefix("Rss:")?.strip_suffix("kB")?.trim().parse::<i64>().ok());
    kib.expect("smaps_rollup has a line `Rss: N kB`") * 1024
}
