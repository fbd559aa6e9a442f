//! The rows: what each is, how long it runs, and what is asked of `rt` in it, on the current thread and on two workers.
//!
//! A row is a variant, a line in [`Row::facts`] and an arm in [`Row::run`].

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::measure::Laps;
use crate::runtime::{Flavor, Runtime};
use crate::workload::{channels, computing, foreign, parked, sockets, tasks, timers, waiting};

/// A row of the table, under the letters of `SPEED.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Row {
    S1,
    S1in,
    S2,
    S2in,
    S3,
    S4,
    S5,
    S6,
    S6b,
    S7,
    S7s,
    S8,
    S8f,
    S8j,
    T1,
    T2,
    T2p,
    T2b,
    T3,
    T3y,
    S9,
    W1,
    W2,
    W3,
    N1,
    N1one,
    N1x,
    N2,
    N3,
    W3s,
}

/// What a row is.
pub(crate) struct Facts {
    pub(crate) what: &'static str,
    /// What is compared.
    pub(crate) figure: Figure,
    /// The goal for that figure on the current thread, if there is one.
    pub(crate) goal: Option<f64>,
    /// What `count` counts, and its goal for one operation.
    pub(crate) count: Option<(Counted, f64)>,
    /// Operations in one repeat of the workload; the figures are per operation.
    pub(crate) operations: u64,
    /// Repeats of the warm-up and of the timed lap.
    pub(crate) repeats: [u64; 2],
    /// Repeats of the smaller of the two counted runs.
    pub(crate) counted_repeats: u64,
}

/// The figure of a row that is compared between runtimes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Figure {
    Wall,
    Cpu,
    Resident,
    /// How long something waits to be run.
    Latency,
}

/// What no noise can touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counted {
    Instructions,
    Allocations,
}

impl Row {
    /// In the order of the table.
    pub(crate) const ALL: [Self; 30] = [
        Self::S1,
        Self::S1in,
        Self::S2,
        Self::S2in,
        Self::S3,
        Self::S4,
        Self::S5,
        Self::S6,
        Self::S6b,
        Self::S7,
        Self::S7s,
        Self::S8,
        Self::S8f,
        Self::S8j,
        Self::T1,
        Self::T2,
        Self::T2p,
        Self::T2b,
        Self::T3,
        Self::T3y,
        Self::S9,
        Self::W1,
        Self::W2,
        Self::W3,
        Self::N1,
        Self::N1one,
        Self::N1x,
        Self::N2,
        Self::N3,
        Self::W3s,
    ];

    /// p99 of the lateness in T1.
    pub(crate) const LATENESS_GOAL: Duration = Duration::from_millis(5);

    pub(crate) fn facts(self) -> Facts {
        use Counted::{Allocations, Instructions};
        use Figure::{Cpu, Latency, Resident, Wall};
        let row = |what, figure, goal, count, operations, repeats, counted_repeats| Facts {
            what,
            figure,
            goal,
            count,
            operations,
            repeats,
            counted_repeats,
        };
        let burst = tasks::BURST;
        let yields = tasks::YIELDERS * tasks::YIELDS;
        let instructions = |goal| Some((Instructions, goal));
        // Columns: what, figure, goal; count; operations in a repeat, repeats, counted repeats.
        #[rustfmt::skip]
        let facts = match self {
            Self::S1   => row("spawn an empty task and await it, from block_on", Wall, Some(40.0),  None, 1, [50_000, 300_000], 0),
            Self::S1in => row("spawn an empty task and await it, inside a task", Wall, Some(40.0),  instructions(450.0), 1, [50_000, 500_000], 10_000),
            Self::S2   => row("spawn 10,000, await all: per task",               Wall, Some(35.0),  None, burst, [10, 40], 0),
            Self::S2in => row("spawn 10,000, await all, inside a task: per task",Wall, None,        instructions(300.0), burst, [10, 40], 2),
            Self::S3   => row("200 tasks x 1,000 yields: per yield",             Wall, Some(10.0),  instructions(130.0), yields, [3, 15], 1),
            Self::S4   => row("1,000 pairs ping-pong over one-shots: per pair",  Wall, Some(230.0), instructions(2000.0), tasks::PAIRS, [30, 200], 4),
            Self::S5   => row("chain of 1,000 spawns: per link",                 Wall, Some(35.0),  instructions(280.0), tasks::CHAIN, [100, 600], 10),
            Self::S6   => row("channels of 256, 1 to 8 to 1: per message",       Wall, None,        None, channels::MESSAGES, [1, 5], 0),
            Self::S6b  => row("channels of capacity 1: per message",             Wall, Some(450.0), None, channels::MESSAGES, [1, 3], 0),
            Self::S7   => row("foreign thread and task, both sleep: round trip", Wall, None,        None, 1, [5_000, 30_000], 0),
            Self::S7s  => row("an idle runtime's answer to a foreign thread",    Latency, None,     None, 1, [50, 500], 0),
            Self::S8   => row("10,000 tasks x 10 x (1 us, yield)",               Wall, None,        None, computing::MANY.operations(), [1, 5], 0),
            Self::S8f  => row("10,000 tasks x 10 x (0.1 us, yield)",             Wall, Some(100.0), None, computing::MANY_FINE.operations(), [2, 20], 0),
            Self::S8j  => row("8 tasks x 2,000 x (5 us, yield)",                 Wall, None,        None, computing::FEW.operations(), [1, 5], 0),
            Self::T1   => row("100,000 sleeps of 1 to 100 ms: per sleep",        Cpu,  Some(900.0), None, timers::SLEEPERS, [1, 1], 0),
            Self::T2   => row("create a 10 s timer, poll once, drop",            Wall, Some(50.0),  instructions(250.0), 1, [50_000, 300_000], 10_000),
            Self::T2p  => row("the same by two tasks at once",                   Wall, None,        None, 2, [50_000, 300_000], 0),
            Self::T2b  => row("one task beside 1,000 waiting timers",            Wall, Some(50.0),  instructions(250.0), 1, [50_000, 500_000], 10_000),
            Self::T3   => row("timeout(10 s, ready)",                            Wall, Some(14.0),  instructions(50.0), 1, [500_000, 3_000_000], 50_000),
            Self::T3y  => row("timeout(10 s, pending once)",                     Wall, Some(65.0),  instructions(450.0), 1, [100_000, 500_000], 10_000),
            Self::S9   => row("a parked task with a 64-byte future",             Resident, Some(144.0), Some((Allocations, 1.0)), parked::BATCH, [10, 1_000], 50),
            Self::W1   => row("two tasks of 5 ms, spawned at once, until both run",   Latency, None,  None, 1, [5, 50], 0),
            Self::W2   => row("woken by who then computes for 100 ms, until it runs", Latency, None,  None, 1, [1, 10], 0),
            Self::W3   => row("a timer beside a poll of a second, how late it is",    Latency, None,  None, 1, [1, 3], 0),
            Self::N1   => row("TCP echo of 1 KiB, 64 connections: per message",  Wall, None,        None, sockets::CONNECTIONS, [50, 500], 0),
            Self::N1one=> row("the same with one connection",                    Wall, None,        None, 1, [2_000, 20_000], 0),
            Self::N1x  => row("the same, 64 clients in a process of its own",    Wall, None,        None, sockets::CONNECTIONS, [50, 500], 0),
            Self::N2   => row("connect, accept, one byte, close, by 8 clients",  Wall, None,        None, sockets::CLIENTS, [50, 500], 0),
            Self::N3   => row("an idle connection in a read, its 1 KiB buffer included", Resident, Some(1_344.0), None, sockets::BATCH, [20, 80], 0),
            Self::W3s  => row("a socket beside a poll of a second, how late it is",   Latency, None,  None, 1, [1, 3], 0),
        };
        facts
    }

    /// The goal for its figure.
    pub(crate) fn goal(self, flavor: Flavor) -> Option<f64> {
        match flavor {
            Flavor::CurrentThread => self.facts().goal,
            Flavor::Workers(2) => self.goal_on_two(),
            Flavor::Workers(_) => None,
        }
    }

    fn goal_on_two(self) -> Option<f64> {
        Some(match self {
            Self::S1 => 300.0,
            Self::S1in | Self::S2in => 60.0,
            Self::S2 => 120.0,
            Self::S3 => 9.0,
            Self::S4 => 260.0,
            Self::S5 => 40.0,
            Self::S6b => 600.0,
            Self::S7 => 5_000.0,
            Self::T1 => 1_000.0,
            Self::T2 => 50.0,
            Self::T2p => 30.0,
            Self::T3 => 16.0,
            Self::T3y => 70.0,
            Self::S9 => 144.0,
            Self::W1 => 100_000.0,
            Self::W2 | Self::W3 | Self::W3s => 20_000_000.0,
            Self::S6 | Self::S7s | Self::S8 | Self::S8f | Self::S8j | Self::T2b => return None,
            Self::N1 | Self::N1one | Self::N1x | Self::N2 | Self::N3 => return None,
        })
    }

    /// The goal for what plain loops take of the time.
    pub(crate) fn efficiency_goal(self, flavor: Flavor) -> Option<f64> {
        match (self, flavor) {
            (Self::S8, Flavor::Workers(2)) => Some(0.96),
            (Self::S8f, Flavor::Workers(2)) => Some(0.8),
            _ => None,
        }
    }

    /// Whether it stands in the table that is printed when no row is named.
    pub(crate) fn is_in_table(self, flavor: Flavor) -> bool {
        let is_about_workers = matches!(
            self,
            Self::S6
                | Self::S7
                | Self::S7s
                | Self::S8
                | Self::S8j
                | Self::T2p
                | Self::W1
                | Self::W2
                | Self::W3
                | Self::W3s
                | Self::N1x
                | Self::N2
        );
        !is_about_workers || flavor != Flavor::CurrentThread
    }

    /// Whether anything in it waits for time or for a socket.
    pub(crate) fn has_timers(self) -> bool {
        matches!(
            self,
            Self::T1
                | Self::T2
                | Self::T2p
                | Self::T2b
                | Self::T3
                | Self::T3y
                | Self::W1
                | Self::W3
                | Self::N1
                | Self::N1one
                | Self::N1x
                | Self::N2
                | Self::N3
                | Self::W3s
        )
    }

    /// Whether `count` has a goal for it.
    pub(crate) fn is_counted(self) -> bool {
        self.facts().count.is_some()
    }

    /// The least ratio peer ÷ `rt`.
    pub(crate) fn required(self, peer: &str, flavor: Flavor) -> f64 {
        match (self, peer, flavor) {
            // Issue 3, point 10: at least twice as fast.
            (Self::S1 | Self::S3 | Self::T2, "tokio", Flavor::CurrentThread) => 2.0,
            // smol's timeout counts from the first poll and never reads the clock here.
            (Self::T3, "smol", _) => 0.8,
            // A tie is expected.
            (Self::S6 | Self::S8j | Self::S9 | Self::N1x | Self::N2, ..) => 0.95,
            _ => 1.0,
        }
    }

    /// The workload, from the root of `R::block_on`.
    pub(crate) async fn run<R: Runtime>(self, flavor: Flavor, laps: Laps) -> Laps {
        let threads = flavor.threads();
        match self {
            Self::S1 => tasks::spawn_and_await::<R>(laps).await,
            Self::S1in => R::spawn(tasks::spawn_and_await::<R>(laps)).await,
            Self::S2 => tasks::spawn_all_await_all::<R>(laps).await,
            Self::S2in => R::spawn(tasks::spawn_all_await_all::<R>(laps)).await,
            Self::S3 => tasks::yields::<R>(laps).await,
            Self::S4 => tasks::ping_pong::<R>(laps).await,
            Self::S5 => tasks::chain::<R>(laps).await,
            Self::S6 => channels::fan_out_fan_in::<R>(laps, channels::ROOM).await,
            Self::S6b => channels::fan_out_fan_in::<R>(laps, 1).await,
            Self::S7 => foreign::there_and_back::<R>(laps).await,
            Self::S7s => foreign::answer_of_the_idle::<R>(laps).await,
            Self::S8 => computing::compute_and_yield::<R>(laps, computing::MANY, threads).await,
            Self::S8f => {
                computing::compute_and_yield::<R>(laps, computing::MANY_FINE, threads).await
            }
            Self::S8j => computing::compute_and_yield::<R>(laps, computing::FEW, threads).await,
            Self::T1 => timers::sleeps::<R>(laps).await,
            Self::T2 => R::spawn(timers::create_poll_drop::<R>(laps)).await,
            Self::T2p => timers::create_poll_drop_by_two::<R>(laps).await,
            Self::T2b => R::spawn(timers::create_poll_drop_beside_waiting::<R>(laps)).await,
            Self::T3 => R::spawn(timers::timeout_of_ready::<R>(laps)).await,
            Self::T3y => R::spawn(timers::timeout_of_pending_once::<R>(laps)).await,
            Self::S9 => parked::park::<R>(laps).await,
            Self::W1 => R::spawn(waiting::until_both_run::<R>(laps)).await,
            Self::W2 => R::spawn(waiting::until_the_woken_runs::<R>(laps)).await,
            Self::W3 => R::spawn(waiting::until_the_timer_is_served::<R>(laps)).await,
            Self::N1 => R::spawn(sockets::echo::<R>(laps, sockets::CONNECTIONS)).await,
            Self::N1one => R::spawn(sockets::echo::<R>(laps, 1)).await,
            Self::N1x => R::spawn(sockets::echo_for_a_process::<R>(laps)).await,
            Self::N2 => R::spawn(sockets::connections::<R>(laps)).await,
            Self::N3 => R::spawn(sockets::idle::<R>(laps)).await,
            Self::W3s => R::spawn(sockets::until_the_socket_is_served::<R>(laps)).await,
        }
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Wall => "ns",
            Self::Cpu => "ns of CPU",
            Self::Resident => "bytes resident",
            Self::Latency => "ns, median",
        })
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{self:?}"))
    }
}

impl FromStr for Row {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|row| row.to_string() == name).ok_or_else(|| {
            let known: Vec<_> = Self::ALL.iter().map(Self::to_string).collect();
            format!("no row `{name}`; there are {}", known.join(", "))
        })
    }
}
