//! What each task did and when, from the events of the trace.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use rt::task::Id;
use rt::trace::{Event, Outcome, Trace, What};

/// What a task is at, or the thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doing {
    /// Woken: in the queue.
    Queued,
    /// Being polled.
    Polled,
    /// Waiting for a wake; the thread: parked.
    Waiting,
}

/// From when to when it was at it.
pub(crate) struct Span {
    pub(crate) doing: Doing,
    pub(crate) from: Instant,
    pub(crate) to: Instant,
}

/// One task, or the thread while it has nothing to do.
#[derive(Default)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) spans: Vec<Span>,
    /// Of the thread: how often it parked.
    pub(crate) polls: u64,
    pub(crate) wakes: u64,
    now: Option<(Doing, Instant)>,
}

impl Row {
    /// It is at something else from now on; at nothing if it is gone.
    fn turn_to(&mut self, next: Option<Doing>, at: Instant) {
        if let Some((doing, from)) = self.now.take() {
            self.spans.push(Span { doing, from, to: at });
        }
        self.now = next.map(|doing| (doing, at));
    }

    /// How long it was at it.
    pub(crate) fn total(&self, doing: Doing) -> Duration {
        let spans = self.spans.iter().filter(|span| span.doing == doing);
        spans.map(|span| span.to.duration_since(span.from)).sum()
    }
}

/// Everything that was recorded, by task.
pub(crate) struct History {
    pub(crate) events: Vec<Event>,
    /// How many there were before the first of these.
    pub(crate) dropped: u64,
    /// In the order in which they were spawned.
    pub(crate) tasks: Vec<(Id, Row)>,
    pub(crate) thread: Row,
    pub(crate) start: Instant,
    pub(crate) end: Instant,
}

impl History {
    pub(crate) fn of(trace: &Trace) -> History {
        let events = trace.events();
        let now = Instant::now();
        let start = events.first().map_or(now, |event| event.at);
        let end = events.last().map_or(now, |event| event.at);
        let named = |who: rt::trace::Who| {
            let name = who.name.unwrap_or_else(|| who.id.to_string());
            (who.id, Row { name, ..Row::default() })
        };
        let tasks: Vec<_> = trace.tasks().into_iter().map(named).collect();
        let dropped = trace.dropped();
        let mut history = History { events, dropped, tasks, thread: Row::default(), start, end };
        history.replay();
        history
    }

    fn replay(&mut self) {
        let places: HashMap<Id, usize> =
            self.tasks.iter().enumerate().map(|(at, (id, _))| (*id, at)).collect();
        for event in &self.events {
            match event.task.and_then(|id| places.get(&id)) {
                Some(at) => see_task(&mut self.tasks[*at].1, event),
                None => see_thread(&mut self.thread, event),
            }
        }
        for (_, row) in &mut self.tasks {
            row.turn_to(None, self.end);
        }
    }
}

fn see_task(row: &mut Row, event: &Event) {
    let next = match event.what {
        What::Spawned => Some(Doing::Queued),
        What::Woken => {
            row.wakes += 1;
            match row.now {
                Some((Doing::Waiting, _)) => Some(Doing::Queued),
                _ => return, // is in the queue, or will be after this poll; or is gone
            }
        }
        What::Polling => {
            row.polls += 1;
            Some(Doing::Polled)
        }
        What::Polled(Outcome::Pending) => Some(Doing::Waiting),
        What::Polled(Outcome::Again) => Some(Doing::Queued),
        What::Polled(Outcome::Done) => None,
        _ => return,
    };
    row.turn_to(next, event.at);
}

fn see_thread(row: &mut Row, event: &Event) {
    match event.what {
        What::Parking => {
            row.polls += 1;
            row.turn_to(Some(Doing::Waiting), event.at);
        }
        What::Parked => row.turn_to(None, event.at),
        _ => {}
    }
}
