//! One socket as the reactor knows it: for each direction its readiness, and who waits.
//!
//! ```text
//!   a task                                     the reactor
//!   1  the call says "would block"             1  an event comes: changes the word
//!   2  clears what it saw                      2  takes the lock, takes all wakers out
//!   3  takes the lock, leaves its waker        3  … and wakes them when no lock is held
//!   4  looks at the word again
//! ```
//!
//! * **[SO1]** A waker is left first, and the word is looked at again afterwards, both under the lock of the
//!   direction; an event changes the word before it takes that lock. So either the second look sees the
//!   event, or the event finds the waker.
//! * **[SO2]** No user code runs under the lock: wakers are cloned before, and dropped and woken after.
//! * **[SO3]** An event wakes all who wait for its direction: which of them gets what is there, the calls
//!   say. So nobody who is woken and goes away takes a wake-up with him.
//! * **[SO4]** `poll_*` functions of one direction share one place, as `Future` demands it of who is polled
//!   last; futures have a place each, for as long as they wait.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use rt_task::sync::{Mutex, lock};
use rt_waker::WakeBatch;

use crate::readiness::{Flags, Readiness, Snapshot};

/// Which way the bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To us.
    Read,
    /// From us.
    Write,
}

/// What the reactor keeps of a socket, and what its tasks wait with. See the module.
///
/// ```
/// use rt_io::{Direction, Flags, Source};
/// use rt_waker::WakeBatch;
/// use std::task::{Context, Poll};
///
/// let (waker, wakes) = rt_testkit::CountingWaker::new();
/// let mut cx = Context::from_waker(&waker);
/// let source = Source::new();
/// assert!(source.poll_ready(Direction::Read, Flags::CALL, &mut cx).is_pending());
///
/// let mut ready = WakeBatch::new();
/// source.event(Flags::NONE, Flags::READY, &mut ready); // the other direction
/// assert_eq!(ready.wake_all(), 0);
/// source.event(Flags::READY, Flags::NONE, &mut ready);
/// assert_eq!((ready.wake_all(), wakes.count()), (1, 1));
///
/// let Poll::Ready(seen) = source.poll_ready(Direction::Read, Flags::CALL, &mut cx) else { panic!() };
/// source.clear(Direction::Read, Flags::CALL, seen); // the call said "would block"
/// assert!(source.poll_ready(Direction::Read, Flags::CALL, &mut cx).is_pending());
/// ```
#[derive(Debug, Default)]
pub struct Source {
    read: Side,
    write: Side,
}

static_assertions::assert_impl_all!(Source: Send, Sync);

#[derive(Debug, Default)]
struct Side {
    readiness: Readiness,
    waiters: Mutex<Waiters>,
}

/// Who waits for one direction.
#[derive(Default)]
struct Waiters {
    /// Who polled last.
    polled: Option<Waker>,
    /// Most sockets have none for all their life.
    futures: Option<Box<Futures>>,
}

#[derive(Default)]
struct Futures {
    /// Never used again: a future that was woken must not take another's place for its own.
    next_key: u64,
    wakers: BTreeMap<u64, Waker>,
}

/// Who leaves a waker.
#[derive(Clone, Copy)]
enum Who {
    Poll,
    /// With its key, if it has one.
    Future(Option<u64>),
}

impl Source {
    /// Ready for nothing, and nobody waits.
    #[must_use]
    pub fn new() -> Source {
        Source::default()
    }

    fn side(&self, direction: Direction) -> &Side {
        match direction {
            Direction::Read => &self.read,
            Direction::Write => &self.write,
        }
    }

    /// The readiness of one direction.
    #[inline]
    #[must_use]
    pub fn get(&self, direction: Direction) -> Snapshot {
        self.side(direction).readiness.get()
    }

    /// An event came. Who waits for a direction that it concerns is put into the batch.
    pub fn event(&self, read: Flags, write: Flags, ready: &mut WakeBatch) {
        for (side, flags) in [(&self.read, read), (&self.write, write)] {
            if flags != Flags::NONE {
                side.event(flags, ready);
            }
        }
    }

    /// No more events will come. All who wait are put into the batch.
    pub fn shut_down(&self, ready: &mut WakeBatch) {
        self.event(Flags::SHUTDOWN, Flags::SHUTDOWN, ready);
    }

    /// A call has said that `gone` is not so, and began when the word was `seen`.
    #[inline]
    pub fn clear(&self, direction: Direction, gone: Flags, seen: Snapshot) {
        self.side(direction).readiness.clear(gone, seen);
    }

    /// Waits for one of `wanted`, or the shutdown. Of several who poll for one direction, the last one is
    /// woken.
    #[inline]
    pub fn poll_ready(
        &self,
        direction: Direction,
        wanted: Flags,
        cx: &mut Context<'_>,
    ) -> Poll<Snapshot> {
        let side = self.side(direction);
        let seen = side.readiness.get();
        if seen.is_worth_a_call(wanted) {
            return Poll::Ready(seen);
        }
        side.wait(Who::Poll, wanted, cx.waker()).0
    }

    /// Waits for one of `wanted`, or the shutdown, beside any number of others.
    ///
    /// Cancel safe: a future that is dropped waits no more, and takes nothing away.
    pub fn ready(&self, direction: Direction, wanted: Flags) -> Wait<'_> {
        Wait { source: self, direction, wanted, key: None }
    }
}

impl Side {
    /// Changes the word, and then takes the wakers out `[SO1]` `[SO3]`.
    // COURSE(8.2) stub: todo
    fn event(&self, flags: Flags, ready: &mut WakeBatch) {
        self.readiness.event(flags);
        let mut waiters = lock(&self.waiters);
        waiters.polled.take().into_iter().for_each(|waker| ready.push(waker));
        if let Some(futures) = &mut waiters.futures {
            while let Some((_, waker)) = futures.wakers.pop_first() {
                ready.push(waker);
            }
        }
    }

    /// Leaves a waker, unless one that wakes the same task is there, and then looks again `[SO1]`. Also says
    /// with which key.
    // COURSE(8.2) stub: todo
    fn wait(&self, who: Who, wanted: Flags, waker: &Waker) -> (Poll<Snapshot>, Option<u64>) {
        let mut new = None;
        let (seen, key, old) = loop {
            let mut waiters = lock(&self.waiters);
            let left = waiters.get(who);
            if new.is_none() && !left.is_some_and(|left| left.will_wake(waker)) {
                drop(waiters);
                new = Some(waker.clone()); // outside of the lock [SO2]
                continue;
            }
            let (key, old) = match new.take() {
                Some(new) => waiters.put(who, new),
                None => (who.key(), None),
            };
            break (self.readiness.get(), key, old);
        };
        drop(old);
        let seen = if seen.is_worth_a_call(wanted) { Poll::Ready(seen) } else { Poll::Pending };
        (seen, key)
    }
}

impl Who {
    fn key(self) -> Option<u64> {
        match self {
            Who::Poll => None,
            Who::Future(key) => key,
        }
    }
}

impl Waiters {
    fn get(&self, who: Who) -> Option<&Waker> {
        match who {
            Who::Poll => self.polled.as_ref(),
            Who::Future(key) => self.futures.as_ref()?.wakers.get(&key?),
        }
    }

    /// Puts a waker into its place; the one that was there comes back.
    fn put(&mut self, who: Who, waker: Waker) -> (Option<u64>, Option<Waker>) {
        let Who::Future(key) = who else { return (None, self.polled.replace(waker)) };
        let futures = self.futures.get_or_insert_default();
        let key = key.unwrap_or_else(|| {
            futures.next_key += 1;
            futures.next_key
        });
        (Some(key), futures.wakers.insert(key, waker))
    }

    fn remove(&mut self, key: u64) -> Option<Waker> {
        self.futures.as_mut()?.wakers.remove(&key)
    }
}

/// See [`Source::ready`].
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Wait<'a> {
    source: &'a Source,
    direction: Direction,
    wanted: Flags,
    key: Option<u64>,
}

impl Wait<'_> {
    /// Waits no more: the waker that it has left goes with it, dropped when the lock is free `[SO2]`.
    // COURSE(8.2) stub: leak
    fn leave(&mut self) {
        if let Some(key) = self.key.take() {
            let waker = lock(&self.source.side(self.direction).waiters).remove(key);
            drop(waker); // outside of the lock [SO2]
        }
    }
}

impl Future for Wait<'_> {
    type Output = Snapshot;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Snapshot> {
        let side = self.source.side(self.direction);
        let mut seen = side.readiness.get();
        if !seen.is_worth_a_call(self.wanted) {
            let (polled, key) = side.wait(Who::Future(self.key), self.wanted, cx.waker());
            self.key = key;
            let Poll::Ready(now) = polled else { return Poll::Pending };
            seen = now;
        }
        self.leave();
        Poll::Ready(seen)
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        self.leave();
    }
}

impl fmt::Debug for Waiters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let futures = self.futures.as_ref().map_or(0, |futures| futures.wakers.len());
        f.debug_struct("Waiters")
            .field("polled", &self.polled.is_some())
            .field("futures", &futures)
            .finish()
    }
}
