//! The readiness of one direction, as one word.
//!
//! ```text
//!   63                              5      4         3        2         1        0
//!  ┌─────────────────────────────────┬──────────┬───────┬──────────┬────────┬───────┐
//!  │ tick: how many events came      │ SHUTDOWN │ ERROR │ PRIORITY │ CLOSED │ READY │
//!  └─────────────────────────────────┴──────────┴───────┴──────────┴────────┴───────┘
//!
//!              event: tick + 1                       shut_down
//!    IDLE ────────────────────────► SOME FLAG ─────────────────────► SHUTDOWN
//!     ▲ ▲                            │  ▲  │ event: tick + 1            ▲
//!     │ └── drained: READY goes ─────┘  └──┘                            │ from IDLE, too
//!     └──── blocked: CLOSED, too ─────┘
//!           (both: only if the tick is the one that was seen)
//! ```
//!
//! * **[RD1]** Who clears says which word it saw before the call that would have blocked. If an event came
//!   since, the tick is another one, and nothing is cleared: the event may be newer than the call.
//! * **[RD2]** The tick is 59 bits wide. At an event each nanosecond it wraps after 18 years; a narrow one
//!   comes round within one call (tokio #6133).
//! * **[RD3]** SHUTDOWN is never cleared (tokio #8435): a call after it fails, and does not wait.
//! * **[RD4]** A call that got less than it asked for clears READY and keeps CLOSED: the end of the stream
//!   comes with no event of its own, if it came together with the last bytes.
//!
//! A word for each direction, so that who reads and who writes do not take each other's events away
//! (tokio #2886). Transitions are pure functions of the word; `Readiness` applies them.

use rt_task::sync::{AtomicU64, Ordering};

/// What an event says of one direction.
///
/// ```
/// use rt_io::Flags;
/// assert!(Flags::READY.or(Flags::CLOSED).has_any(Flags::CLOSED));
/// assert!(!Flags::NONE.has_any(Flags::READY));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flags(u64);

impl Flags {
    /// Nothing.
    pub const NONE: Flags = Flags(0);
    /// A call would not block.
    pub const READY: Flags = Flags(1);
    /// Nothing more comes this way.
    pub const CLOSED: Flags = Flags(1 << 1);
    /// There is priority data.
    pub const PRIORITY: Flags = Flags(1 << 2);
    /// There is an error. It comes with READY, since a call would give it: this is for who waits for errors
    /// alone, and no call clears it.
    pub const ERROR: Flags = Flags(1 << 3);
    /// Nobody waits for events of this source any more.
    pub const SHUTDOWN: Flags = Flags(1 << 4);
    /// With any of these a call is worth a try.
    pub const CALL: Flags = Flags::READY.or(Flags::CLOSED);

    /// Both.
    #[must_use]
    pub const fn or(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }

    /// `self` if `is_so`, else nothing.
    #[must_use]
    pub const fn when(self, is_so: bool) -> Flags {
        if is_so { self } else { Flags::NONE }
    }

    /// Whether one of `any` is in.
    #[must_use]
    pub const fn has_any(self, any: Flags) -> bool {
        self.0 & any.0 != 0
    }
}

const FLAGS: u64 = 0b1_1111;
const TICK: u64 = 1 << 5;

/// The word at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Snapshot(u64);

impl Snapshot {
    /// The flags in it.
    #[must_use]
    pub const fn flags(self) -> Flags {
        Flags(self.0 & FLAGS)
    }

    /// How many events came before it.
    #[must_use]
    pub const fn tick(self) -> u64 {
        self.0 / TICK
    }

    /// Whether one of `wanted` is in, or nothing more is to be waited for `[RD3]`.
    #[must_use]
    // COURSE(8.1) stub: todo
    pub const fn is_worth_a_call(self, wanted: Flags) -> bool {
        self.flags().has_any(wanted.or(Flags::SHUTDOWN))
    }

    /// Whether nobody waits for events any more.
    #[must_use]
    pub const fn is_shut_down(self) -> bool {
        self.flags().has_any(Flags::SHUTDOWN)
    }

    /// An event came: the flags are set, and the tick moves on. It comes round one day `[RD2]`.
    // COURSE(8.1) stub: todo
    const fn event(self, flags: Flags) -> Snapshot {
        Snapshot(self.0.wrapping_add(TICK) | flags.0)
    }

    /// A call that began when the word was `seen` has said that `gone` is not so `[RD1]` `[RD3]`.
    // COURSE(8.1) stub: todo
    const fn without(self, gone: Flags, seen: Snapshot) -> Option<Snapshot> {
        if self.tick() == seen.tick() {
            Some(Snapshot(self.0 & !(gone.0 & !Flags::SHUTDOWN.0)))
        } else {
            None
        }
    }
}

/// The readiness of one direction. See the module.
///
/// ```
/// use rt_io::{Flags, Readiness};
///
/// let readiness = Readiness::new();
/// readiness.event(Flags::READY);
/// let seen = readiness.get();
/// readiness.event(Flags::READY); // while the call went on that says "would block"
/// readiness.clear(Flags::CALL, seen);
/// assert!(readiness.get().is_worth_a_call(Flags::CALL)); // the second event is not lost
/// readiness.clear(Flags::CALL, readiness.get());
/// assert!(!readiness.get().is_worth_a_call(Flags::CALL));
/// ```
#[derive(Debug, Default)]
pub struct Readiness {
    word: AtomicU64,
}

impl Readiness {
    /// Ready for nothing.
    #[must_use]
    pub fn new() -> Readiness {
        Readiness::default()
    }

    /// The word.
    #[inline]
    #[must_use]
    pub fn get(&self) -> Snapshot {
        // ORDER(readiness): receives what was done before the event, by the kernel or another thread.
        Snapshot(self.word.load(Ordering::Acquire))
    }

    /// An event came: the flags are set, and the tick moves on.
    pub fn event(&self, flags: Flags) {
        self.change(|word| Some(word.event(flags)));
    }

    /// Nobody waits for events any more `[RD3]`.
    pub fn shut_down(&self) {
        self.event(Flags::SHUTDOWN);
    }

    /// A call has said that `gone` is not so. Nothing is cleared if an event came since `seen` `[RD1]`.
    pub fn clear(&self, gone: Flags, seen: Snapshot) {
        self.change(|word| word.without(gone, seen));
    }

    #[inline]
    fn change(&self, next: impl Fn(Snapshot) -> Option<Snapshot>) {
        let next = |word| next(Snapshot(word)).map(|next| next.0);
        // ORDER(readiness): publishes what was done before an event; a clear receives what it overwrites.
        let _changed = self.word.fetch_update(Ordering::AcqRel, Ordering::Acquire, next);
    }
}

#[cfg(test)]
mod tests {
    use super::{Flags, Snapshot};

    /// All 32 sets of flags, at a few ticks.
    fn all() -> impl Iterator<Item = Snapshot> {
        let ticks = [0, 1, (1 << 59) - 1];
        ticks.into_iter().flat_map(|tick| (0..32).map(move |flags| Snapshot(tick << 5 | flags)))
    }

    #[test]
    fn an_event_sets_flags_and_moves_the_tick() {
        for word in all() {
            for flags in (0..32).map(Flags) {
                let next = word.event(flags);
                assert_eq!(next.flags(), word.flags().or(flags), "a flag got lost or came up");
                assert_ne!(next.tick(), word.tick(), "[RD1] two events look like one");
            }
        }
    }

    #[test]
    fn a_clear_takes_what_it_saw_and_never_the_shutdown() {
        for word in all() {
            for gone in (0..32).map(Flags) {
                let next = word.without(gone, word).expect("no event came");
                let left = word.flags().0 & (!gone.0 | Flags::SHUTDOWN.0);
                assert_eq!(next.flags(), Flags(left), "[RD3] {word:?} without {gone:?}");
                assert_eq!(next.tick(), word.tick(), "a clear is no event");
            }
        }
    }

    #[test]
    fn a_clear_of_an_older_word_does_nothing() {
        for word in all() {
            let newer = word.event(Flags::READY);
            assert_eq!(newer.without(Flags::CALL, word), None, "[RD1] the newer event is lost");
        }
    }
}
