//! A trace as text, without times: what a test compares with what it was.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt::Write as _;

use rt_task::Id;

use crate::table::one_line;
use crate::trace::event::{Event, Outcome, What};
use crate::trace::record::Trace;
use crate::trace::rows::rows;

impl Trace {
    /// The events in logical time: one line each, in their order, without times. What a program does is the
    /// same text each time, if it does the same things in the same order.
    ///
    /// Tasks have their names, and a number where several have one; those without a name are numbered in the
    /// order in which they appear. Lines begin with the thread if there is more than one.
    ///
    /// ```
    /// use rt_metrics::trace::{Trace, What};
    ///
    /// let trace = Trace::new(100);
    /// trace.record(None, None, What::Parking);
    /// trace.record(None, None, What::Parked);
    /// assert_eq!(trace.to_logical(), "parking\nparked\n");
    /// ```
    #[must_use]
    pub fn to_logical(&self) -> String {
        let (events, threads) = self.read();
        let rows: HashMap<usize, String> = rows(threads).collect();
        let mut names = Names::new(self);
        let mut text = String::new();
        for event in &events {
            if rows.len() > 1 {
                text.extend(rows.get(&event.thread).map(|row| format!("{}: ", one_line(row))));
            }
            let _ = writeln!(text, "{}", line(event, &mut names)); // to a String: it does not fail
        }
        text
    }
}

fn line(event: &Event, names: &mut Names) -> String {
    let what = words(event.what);
    let line = match event.task {
        Some(task) => format!("{}: {what}", names.of(task)),
        None => what,
    };
    match event.by {
        Some(by) => format!("{line} by {}", names.of(by)),
        None => line,
    }
}

fn words(what: What) -> String {
    let words = match what {
        What::Spawned => "spawned",
        What::Woken => "woken",
        What::Aborted => "aborted",
        What::Polling => "poll",
        What::Polled(Outcome::Done) => "done",
        What::Polled(Outcome::Pending) => "pending",
        What::Polled(Outcome::Again) => "again",
        What::Ended(how) => return format!("{how:?}").to_lowercase(),
        What::Stolen(count) => return format!("stolen {count}"),
        What::Parking => "parking",
        What::Parked => "parked",
        What::JobQueued => "job queued",
        What::JobStarted => "job",
        What::JobEnded => "job done",
        What::TimerArmed(_) => "timer armed",
        What::TimersFired(count) => return format!("timers fired {count}"),
        What::TimerCancelled => "timer cancelled",
        What::SocketsReady(count) => return format!("sockets ready {count}"),
    };
    words.to_owned()
}

/// What tasks are called.
struct Names {
    given: HashMap<Id, String>,
    used: HashMap<Id, String>,
    /// How many have the name.
    counts: HashMap<String, usize>,
    unnamed: usize,
}

impl Names {
    fn new(trace: &Trace) -> Names {
        let named = trace.tasks().into_iter().filter_map(|who| Some((who.id, who.name?)));
        let (given, used, counts) = (named.collect(), HashMap::new(), HashMap::new());
        Names { given, used, counts, unnamed: 0 }
    }

    fn of(&mut self, task: Id) -> String {
        let Entry::Vacant(entry) = self.used.entry(task) else {
            return self.used[&task].clone();
        };
        let name = match self.given.get(&task) {
            Some(name) => one_line(name),
            None => {
                self.unnamed += 1;
                format!("task {}", self.unnamed)
            }
        };
        let count = self.counts.entry(name.clone()).or_default();
        *count += 1;
        let name = if *count == 1 { name } else { format!("{name} ({count})") };
        entry.insert(name).clone()
    }
}
