//! Everything under the lock of a pool, and what each event does to it. No lock is taken here, no
//! user code runs, nobody is woken: what is to be done afterwards is returned.
//!
//! * **[BJ4]** A job comes in in two steps. At the entrance it is counted as *coming*, and a thread is
//!   started if none will find it; only when a thread lives does it become a task, and is pushed.
//!   While somebody is coming no thread retires. So a job is queued only where a thread lives that
//!   will look at the queue: if there is none, the closure is still in the hands of who brought it.
//! * **[BJ5]** Who ends a task gives its place back, before anybody sees it done.

use std::task::Waker;
use std::time::Instant;

use rt_task::{End, Task, TaskRef};

use crate::crew::{Awake, Bell, Crew, Key};
use crate::error::Why;
use crate::jobs::{Jobs, Taken, Ticket};
use crate::metrics::Metrics;
use crate::places::Places;
use crate::report::{Report, StillRunning};

/// By which right a job comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Right {
    /// It takes a place, also beyond the bound.
    Unbounded,
    /// It asks for a place.
    Bounded,
    /// It has one: a permit's.
    Reserved,
}

/// What a job is let in with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Admission {
    pub(crate) ticket: Ticket,
    /// The thread that is to be started for it.
    pub(crate) start: Option<Key>,
}

/// What a thread does next.
#[must_use]
pub(crate) enum Next {
    Run(Taken),
    Leave,
    Rest(Bell),
}

/// What is left to do when a job was pushed.
#[must_use]
pub(crate) enum Push {
    /// Somebody sleeps who is to be woken, perhaps.
    Queued(Option<Bell>),
    /// It was aborted meanwhile, or the pool closed: it is not in the queue. The `Task` is to be
    /// dropped, the waker to be woken.
    Refused(Option<Task>, Option<Waker>),
}

/// What is to be cancelled, woken and rung when a pool has been closed.
#[derive(Default)]
pub(crate) struct Closing {
    pub(crate) waiting: Vec<TaskRef>,
    pub(crate) held: Vec<Task>,
    pub(crate) wakers: Vec<Waker>,
    pub(crate) bells: Vec<Bell>,
}

pub(crate) struct State {
    pub(crate) is_closed: bool,
    pub(crate) crew: Crew,
    pub(crate) places: Places,
    jobs: Jobs,
    /// Jobs between the entrance and the queue [BJ4].
    coming: usize,
    next: u64,
    done: u64,
    cancelled: u64,
    start_failures: u64,
    ended_before_close: u64,
    /// Who joins the last thread at this moment.
    pub(crate) reapers: usize,
}

impl State {
    pub(crate) fn new(most_threads: usize, capacity: usize) -> State {
        State {
            is_closed: false,
            crew: Crew::new(most_threads),
            places: Places::new(capacity),
            jobs: Jobs::default(),
            coming: 0,
            next: 0,
            done: 0,
            cancelled: 0,
            start_failures: 0,
            ended_before_close: 0,
            reapers: 0,
        }
    }

    /// Whether who comes in now has to wait until it is known if there is a thread.
    pub(crate) fn is_unsettled(&self) -> bool {
        !self.is_closed && self.crew.is_unsettled()
    }

    /// Counts a job as coming [BJ4].
    pub(crate) fn admit(&mut self, right: Right) -> Result<Admission, Why> {
        if self.is_closed {
            if right == Right::Reserved {
                let nobody = self.places.release();
                debug_assert!(nobody.is_none(), "[BP1] nobody is in line when the pool is closed");
            }
            return Err(Why::Closed);
        }
        match right {
            Right::Unbounded => self.places.take(),
            Right::Bounded if !self.places.try_take() => return Err(Why::Full),
            Right::Bounded | Right::Reserved => {}
        }
        self.coming += 1;
        let ticket = Ticket(self.next);
        self.next += 1;
        let start = self.crew.grow(self.jobs.queued() + self.coming);
        Ok(Admission { ticket, start })
    }

    /// The job that was coming does not come.
    #[must_use]
    pub(crate) fn turn_back(&mut self) -> Option<Waker> {
        self.coming -= 1;
        self.places.release()
    }

    /// A thread can not be created. Whether another one lives.
    #[must_use]
    pub(crate) fn not_started(&mut self, key: Key) -> bool {
        self.start_failures += 1;
        self.crew.not_started(key);
        self.crew.is_manned()
    }

    /// Puts a job into the queue.
    pub(crate) fn push(&mut self, ticket: Ticket, task: TaskRef) -> Push {
        // The mark of an abort is set before the task ends: if it is not seen, the end comes later,
        // and finds the job here [BJ1].
        if self.is_closed || task.word().is_cancelled() {
            let held = self.jobs.take_held(ticket);
            return Push::Refused(held, self.turn_back());
        }
        self.coming -= 1;
        self.jobs.push(ticket, task);
        Push::Queued(self.crew.call(self.jobs.queued()))
    }

    /// Keeps the `Task` of a job that was woken by hand.
    ///
    /// # Errors
    ///
    /// The task, if the pool is closed, or the job was aborted meanwhile: who saw that has looked here, or
    /// will not look any more [BJ3].
    pub(crate) fn hold(&mut self, ticket: Ticket, task: Task) -> Result<(), Task> {
        if self.is_closed || task.word().is_cancelled() {
            return Err(task);
        }
        self.jobs.hold(ticket, task);
        Ok(())
    }

    pub(crate) fn take_held(&mut self, ticket: Ticket) -> Option<Task> {
        self.jobs.take_held(ticket)
    }

    /// A task has ended [BJ5]. What is returned is dropped, and woken.
    #[must_use]
    pub(crate) fn end(&mut self, ticket: Ticket, how: End) -> Option<(TaskRef, Option<Waker>)> {
        let task = self.jobs.end(ticket)?;
        match how {
            End::Completed | End::Panicked => self.done += 1,
            End::Cancelled => self.cancelled += 1,
        }
        Some((task, self.places.release()))
    }

    /// What the thread does that is at the queue.
    pub(crate) fn next(&mut self, key: Key) -> Next {
        if self.is_closed {
            self.crew.leave(key);
            return Next::Leave;
        }
        match self.jobs.pop(key) {
            Some(job) => Next::Run(job),
            None => Next::Rest(self.crew.rest(key)),
        }
    }

    /// What the thread does that was idle and is awake.
    pub(crate) fn awake(&mut self, key: Key, is_time_up: bool) -> Awake {
        self.crew.awake(key, is_time_up, self.coming > 0)
    }

    /// Lets nobody in from now on.
    #[must_use]
    pub(crate) fn close(&mut self) -> Closing {
        if std::mem::replace(&mut self.is_closed, true) {
            return Closing::default();
        }
        self.ended_before_close = self.crew.ended;
        let (waiting, held) = self.jobs.waiting();
        Closing { waiting, held, wakers: self.places.close(), bells: self.crew.call_all() }
    }

    pub(crate) fn metrics(&self) -> Metrics {
        let now = Instant::now();
        Metrics {
            threads: self.crew.threads(),
            idle_threads: self.crew.idle(),
            queued: self.jobs.queued(),
            running: self.jobs.running().len(),
            oldest_queued: self.jobs.oldest().map(|job| now.saturating_duration_since(job.since)),
            places_taken: self.places.taken(),
            waiting_for_a_place: self.places.waiting(),
            done: self.done,
            cancelled: self.cancelled,
            threads_ended: self.crew.ended,
            start_failures: self.start_failures,
        }
    }

    /// What a join on `here` has to say.
    pub(crate) fn report(&self, here: Option<Key>) -> Report {
        let now = Instant::now();
        let running = self.jobs.running().filter(|job| self.crew.is_waited_for(job.thread, here));
        Report {
            threads_ended: self.crew.ended - self.ended_before_close,
            threads_left: self.crew.waited_for(here),
            running: running
                .map(|job| StillRunning::new(&job.task, now.saturating_duration_since(job.since)))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests;
