//! Who is who: the number of a task and the number of a thread. Neither is ever used again.

use std::cell::Cell;
use std::fmt;
use std::num::NonZeroU64;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::sync::plain_thread_local;

/// Numbers that a thread takes at once, so that a spawn touches no shared counter (15 ns on one
/// thread, 108 ns where two threads meet on it).
const BLOCK: u64 = 1 << 12;

static NEXT_BLOCK: AtomicU64 = AtomicU64::new(0);
static NEXT_THREAD: AtomicU64 = AtomicU64::new(1);

plain_thread_local! {
    /// The last number handed out on this thread; a multiple of `BLOCK` when the block is used up.
    static LAST: Cell<u64> = Cell::new(0)
}
plain_thread_local! {
    static THREAD: Cell<Option<ThreadNumber>> = Cell::new(None)
}

/// The number of a task: unique in this process, 48 bits wide.
///
/// Numbers are handed out in blocks, one a thread at a time, so that a greater one does not mean a
/// later spawn.
///
/// ```
/// # use rt_task::Id;
/// let (a, b) = (Id::next(), Id::next());
/// assert_ne!(a, b);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(NonZeroU64);

impl Id {
    /// How many bits a number has: 2⁴⁸ spawns are a hundred million a second for a month.
    pub(crate) const BITS: u32 = 48;

    /// A number that nobody had before.
    #[must_use]
    pub fn next() -> Id {
        let mut last = LAST.with(Cell::get);
        if last.is_multiple_of(BLOCK) {
            last = NEXT_BLOCK.fetch_add(1, Ordering::Relaxed) * BLOCK;
        }
        LAST.with(|cell| cell.set(last + 1));
        Id::from_bits(last + 1)
    }

    pub(crate) const fn from_bits(bits: u64) -> Id {
        let number = NonZeroU64::new(bits & ((1 << Id::BITS) - 1));
        Id(number.expect("numbers start at one: the last of a block is its multiple"))
    }

    /// The number of a task that exists, back from [`get`](Id::get): for atomic words, where zero is none.
    #[doc(hidden)]
    #[must_use]
    pub const fn from_number(number: u64) -> Option<Id> {
        match NonZeroU64::new(number) {
            Some(number) => Some(Id(number)),
            None => None,
        }
    }

    /// The number itself.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0.get()
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Id({})", self.0)
    }
}

/// The number of a thread. std's `ThreadId` is one too, but has no stable number and costs a
/// reference count to ask for.
///
/// ```
/// use rt_task::ThreadNumber;
/// let here = ThreadNumber::current();
/// let there = std::thread::spawn(ThreadNumber::current).join().unwrap();
/// assert_eq!(here, ThreadNumber::current());
/// assert_ne!(here, there);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ThreadNumber(NonZeroU64);

impl ThreadNumber {
    /// The thread that asks.
    #[must_use]
    #[inline]
    pub fn current() -> ThreadNumber {
        THREAD.with(Cell::get).unwrap_or_else(ThreadNumber::first_asked)
    }

    #[cold]
    fn first_asked() -> ThreadNumber {
        let number = NonZeroU64::new(NEXT_THREAD.fetch_add(1, Ordering::Relaxed));
        let here = ThreadNumber(number.expect("the counter starts at one and does not wrap"));
        THREAD.with(|cell| cell.set(Some(here)));
        here
    }
}
