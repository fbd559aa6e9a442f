//! What each task did and when, from the events of the trace.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use rt::task::Id;
use rt::trace::{Event, Outcome, Trace, What};

/// What a task or a worker is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doing {
    /// Woken: in the queue.
    Queued,
    /// Being polled; a worker: polling.
    Polled,
    /// Waiting for a wake; a worker: parked.
    Waiting,
}

/// From when to when it was at it.
pub(crate) struct Span {
    pub(crate) doing: Doing,
    pub(crate) from: Instant,
    pub(crate) to: Instant,
}

/// One task, or one worker.
#[derive(Default)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) spans: Vec<Span>,
    pub(crate) polls: u64,
    pub(crate) wakes: u64,
    /// Of a worker: when it took tasks out of another's queue.
    pub(crate) thefts: Vec<Instant>,
    /// Of a worker: how often it had nothing to do.
    pub(crate) parks: u64,
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
    pub(crate) workers: Vec<Row>,
    pub(crate) start: Instant,
    pub(crate) end: Instant,
}

impl History {
    pub(crate) fn of(trace: &Trace, workers: usize) -> History {
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
        let worker = |number| Row { name: format!("worker {number}"), ..Row::default() };
        let workers = (0..workers).map(worker).collect();
        let mut history = History { events, dropped, tasks, workers, start, end };
        history.replay();
        history
    }

    /// Which row each task has.
    pub(crate) fn places(&self) -> HashMap<Id, usize> {
        self.tasks.iter().enumerate().map(|(at, (id, _))| (*id, at)).collect()
    }

    fn replay(&mut self) {
        let places = self.places();
        for event in &self.events {
            if let Some(at) = event.task.and_then(|id| places.get(&id)) {
                see_task(&mut self.tasks[*at].1, event);
            }
            if let Some(worker) = event.worker.and_then(|number| self.workers.get_mut(number)) {
                see_worker(worker, event);
            }
        }
        let tasks = self.tasks.iter_mut().map(|(_, row)| row);
        tasks.chain(&mut self.workers).for_each(|row| row.turn_to(None, self.end));
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

fn see_worker(row: &mut Row, event: &Event) {
    match event.what {
        What::Polling => {
            row.polls += 1;
            row.turn_to(Some(Doing::Polled), event.at);
        }
        What::Parking => {
            row.parks += 1;
            row.turn_to(Some(Doing::Waiting), event.at);
        }
        What::Polled(_) | What::Parked => row.turn_to(None, event.at),
        What::Stolen(_) => row.thefts.push(event.at),
        _ => {}
    }
}
