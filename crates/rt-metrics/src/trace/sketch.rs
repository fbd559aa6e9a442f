//! From events to bars.
//!
//! ```text
//!   Polling ─────────── Polled     Parking ─── Parked     Woken · · · · · · Polling
//!      └── a bar of a task ┘          └── a bar ─┘           └──── an arrow ────┘
//! ```
//!
//! * **[PI1]** A bar ends no earlier than it begins, and of two bars on a thread one contains the other, or
//!   they do not meet: a poll may block on another executor, and that polls.
//! * **[PI2]** Of the wakes before a poll the first is the one that led to it: the others found the task
//!   queued.
//! * **[PI3]** What was cut off is drawn as far as it was seen: the end of a poll whose beginning was dropped
//!   from where the events of its thread begin, a poll that goes on until the last event.

use std::collections::{HashMap, HashSet};
use std::time::Instant;

use rt_task::{End, Id};

use crate::trace::event::{Event, Outcome, Thread, What, Who};
use crate::trace::picture::{Bar, Cause, Doing, Mark, Picture, Row, Task, Wake};
use crate::trace::record::Trace;
use crate::trace::rows::rows;

impl Trace {
    /// What was recorded so far, as bars, wakes and marks.
    ///
    /// ```
    /// use rt_metrics::trace::{Doing, Trace, What};
    ///
    /// let trace = Trace::new(100);
    /// trace.record(None, Some(0), What::Parking);
    /// trace.record(None, Some(0), What::Parked);
    /// let picture = trace.picture();
    /// assert_eq!(picture.threads[0].name, "worker 0");
    /// assert_eq!(picture.bars[0].doing, Doing::Park);
    /// ```
    #[must_use]
    pub fn picture(&self) -> Picture {
        let (events, threads) = self.read();
        let mut sketch = Sketch::new(&events, threads, self.tasks());
        events.iter().for_each(|event| sketch.see(event));
        let mut picture = sketch.finish();
        (picture.events, picture.dropped) = (events.len(), self.dropped());
        picture
    }
}

/// A picture on the way.
struct Sketch {
    picture: Picture,
    start: Instant,
    /// By the number of the thread.
    hands: HashMap<usize, Hand>,
    tasks: HashMap<Id, usize>,
    /// By task: the wake that no poll has followed.
    pending: HashMap<usize, usize>,
}

/// Where the pen is on the row of a thread.
struct Hand {
    row: usize,
    first: u64,
    /// Bars that have not ended, the innermost last.
    open: Vec<usize>,
    /// What the thread has learned while it waited: why it wakes others.
    cause: Cause,
}

impl Sketch {
    fn new(events: &[Event], threads: Vec<Thread>, tasks: Vec<Who>) -> Sketch {
        let start = events.first().map_or_else(Instant::now, |event| event.at);
        let span = events.last().map_or(0, |event| since(start, event.at));
        let picture = Picture { span, ..Picture::default() };
        let (hands, pending) = (HashMap::new(), HashMap::new());
        let mut sketch = Sketch { picture, start, hands, tasks: HashMap::new(), pending };
        sketch.rule(events, threads);
        sketch.enter(events, tasks);
        sketch
    }

    /// A row for each thread.
    fn rule(&mut self, events: &[Event], threads: Vec<Thread>) {
        let dropped: HashMap<usize, u64> =
            threads.iter().map(|thread| (thread.number, thread.dropped)).collect();
        for (row, (number, name)) in rows(threads).enumerate() {
            let first = events.iter().find(|event| event.thread == number);
            let first = first.map_or(0, |event| since(self.start, event.at));
            self.hands.insert(number, Hand { row, first, open: Vec::new(), cause: Cause::Wake });
            self.picture.threads.push(Row { name, dropped: dropped[&number] });
        }
    }

    /// A place for each task of which there is an event: those whose spawn is known first.
    fn enter(&mut self, events: &[Event], tasks: Vec<Who>) {
        let seen: HashSet<Id> =
            events.iter().flat_map(|event| [event.task, event.by]).flatten().collect();
        for who in tasks.into_iter().filter(|who| seen.contains(&who.id)) {
            let (place, priority) = (Some(who.place), Some(who.priority));
            self.add(Task { name: who.name, place, priority, ..unknown(who.id) });
        }
    }

    fn add(&mut self, task: Task) -> usize {
        self.tasks.insert(task.id, self.picture.tasks.len());
        self.picture.tasks.push(task);
        self.picture.tasks.len() - 1
    }

    fn task(&mut self, id: Id) -> usize {
        self.tasks.get(&id).copied().unwrap_or_else(|| self.add(unknown(id)))
    }

    /// Draws what one event says.
    fn see(&mut self, event: &Event) {
        let at = since(self.start, event.at);
        let (task, by) = (event.task.map(|id| self.task(id)), event.by.map(|id| self.task(id)));
        match event.what {
            What::Polling => self.open(event, at, Doing::Poll, task),
            What::JobStarted => self.open(event, at, Doing::Job, task),
            What::Parking => self.open(event, at, Doing::Park, None),
            What::Polled(outcome) => self.close(event, at, (Doing::Poll, task), Some(outcome)),
            What::JobEnded => self.close(event, at, (Doing::Job, task), Some(Outcome::Done)),
            What::Parked => self.close(event, at, (Doing::Park, None), None),
            What::Woken => self.wake(event, at, task, by),
            What::Ended(how) => self.end(event, at, task, how),
            What::Spawned | What::Aborted => {
                self.mark(event, at, task, by);
                self.wake(event, at, task, by);
            }
            _ => self.mark(event, at, task, by),
        }
    }

    /// Begins a bar, and takes the wake that led to it [PI2]. What the thread had learned while it waited is of
    /// no concern to whom it wakes from now on.
    // COURSE(10.5) stub: todo
    fn open(&mut self, event: &Event, at: u64, doing: Doing, task: Option<usize>) {
        let bar = self.picture.bars.len();
        let Some(hand) = self.hands.get_mut(&event.thread) else { return };
        hand.cause = Cause::Wake;
        hand.open.push(bar);
        let wake = task.and_then(|task| self.pending.remove(&task)); // [PI2]
        let (thread, to) = (hand.row, at);
        let (outcome, ended) = (None, None);
        self.picture.bars.push(Bar { thread, doing, task, from: at, to, outcome, ended, wake });
    }

    /// Ends a bar, and with it what is open inside of it [PI1]. If its beginning was not seen, see [PI3].
    // COURSE(10.5) stub: todo
    fn close(
        &mut self,
        event: &Event,
        at: u64,
        (doing, task): (Doing, Option<usize>),
        outcome: Option<Outcome>,
    ) {
        let Some(hand) = self.hands.get_mut(&event.thread) else { return };
        let bars = &mut self.picture.bars;
        let is_it = |&bar: &usize| (bars[bar].doing, bars[bar].task) == (doing, task);
        let Some(depth) = hand.open.iter().rposition(is_it) else {
            let (thread, from, to) = (hand.row, hand.first, at); // [PI3]
            let (wake, ended) = (None, None);
            return bars.push(Bar { thread, doing, task, from, to, outcome, ended, wake });
        };
        bars[hand.open[depth]].outcome = outcome;
        hand.open.drain(depth..).for_each(|bar| bars[bar].to = at);
    }

    fn end(&mut self, event: &Event, at: u64, task: Option<usize>, how: End) {
        let Some(task) = task else { return };
        self.picture.tasks[task].ended = Some((at, how));
        let hand = self.hands.get(&event.thread);
        let open = hand.into_iter().flat_map(|hand| hand.open.iter().rev());
        let bars = &mut self.picture.bars;
        if let Some(&bar) = open.clone().find(|&&bar| bars[bar].task == Some(task)) {
            bars[bar].ended = Some(how);
        }
    }

    /// Notes who was made to run and why. It may have led to the next poll [PI2].
    // COURSE(10.5) stub: todo
    fn wake(&mut self, event: &Event, at: u64, task: Option<usize>, by: Option<usize>) {
        let (Some(task), Some(hand)) = (task, self.hands.get(&event.thread)) else { return };
        let cause = match event.what {
            What::Spawned => Cause::Spawn,
            What::Aborted => Cause::Abort,
            _ if by.is_none() => hand.cause,
            _ => Cause::Wake,
        };
        let wake = self.picture.wakes.len();
        self.picture.wakes.push(Wake { at, thread: hand.row, task, by, cause });
        self.pending.entry(task).or_insert(wake); // [PI2]
    }

    fn mark(&mut self, event: &Event, at: u64, task: Option<usize>, by: Option<usize>) {
        let Some(hand) = self.hands.get_mut(&event.thread) else { return };
        match event.what {
            What::TimersFired(_) => hand.cause = Cause::Timer,
            What::SocketsReady(_) => hand.cause = Cause::Socket,
            _ => {}
        }
        if let (What::Spawned, Some(task)) = (event.what, task) {
            self.picture.tasks[task].spawned = Some(at);
        }
        self.picture.marks.push(Mark { at, thread: hand.row, task, by, what: event.what });
    }

    /// What goes on is drawn until the last event [PI3]; the bars are in the order in which they began.
    // COURSE(10.5) stub: todo
    fn finish(self) -> Picture {
        let mut picture = self.picture;
        for bar in self.hands.values().flat_map(|hand| &hand.open) {
            picture.bars[*bar].to = picture.span;
        }
        picture.bars.sort_by_key(|bar| bar.from);
        picture
    }
}

fn unknown(id: Id) -> Task {
    Task { id, name: None, place: None, priority: None, spawned: None, ended: None }
}

fn since(start: Instant, at: Instant) -> u64 {
    u64::try_from(at.saturating_duration_since(start).as_nanos()).unwrap_or(u64::MAX)
}
