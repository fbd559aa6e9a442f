//! All arithmetic of time, in one place: instants, the clock they come from, and their ticks.
//!
//! Owns the relation of three things that look alike: an [`Instant`] (what users see), a `u64`
//! tick (what the wheel counts in), and std's clock (which tests want to stop).
//!
//! ```text
//!            now                  tick
//!   Clock ────────► Instant ────────────► u64      a tick is a nanosecond since the clock was made:
//!     ▲                ▲      instant      │       nothing is rounded, so nothing can be early, or
//!     │ pause          └───────────────────┘       late by a tick. 2^64 of them are 584 years;
//!     │ resume                                     what is later never comes: `NEVER`
//!     │ advance, advance_to
//! ```
//!
//! * **`[I1]`** No operation here overflows or panics, whatever the duration: what does not fit is
//!   cut off at the last instant there is, which is [`NEVER`] as a tick.
//! * **`[I2]`** `tick` is monotone and exact in the 584 years: a later instant never has an earlier
//!   tick. The order of ticks is the order of instants.
//! * **`[I3]`** A clock does not go backwards by `pause`, `resume` or `advance`: each goes on from
//!   the instant that the one before it reached. Should the clock of the machine go backwards, the
//!   wheel takes the largest tick that it has seen (W1), and differences of instants are zero.
//!
//! Deliberately not here: who waits, and how a waiting thread hears that its clock was advanced.

use std::cell::RefCell;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Add, AddAssign, Sub, SubAssign};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{self, Duration};

use rt_task::settle_marks;

use rt_task::sync::thread_local_with_drop;

/// The tick that is never reached.
///
/// What [`Clock::tick`] gives for every instant that is more than 584 years away. A timer with this
/// deadline need not be in a wheel at all.
pub const NEVER: u64 = u64::MAX;

const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// Whether any clock of this process was ever stopped. Until then `Instant::now` need not look for
/// the clock of its thread.
static ANY_ALTERED: AtomicBool = AtomicBool::new(false);

/// The last instant that std can represent, to the second.
static LAST: LazyLock<time::Instant> = LazyLock::new(|| {
    let seconds = (0..u64::BITS).rev().map(|bit| Duration::from_secs(1 << bit));
    seconds.fold(time::Instant::now(), |last, step| last.checked_add(step).unwrap_or(last))
});

thread_local_with_drop! {
    static CURRENT: RefCell<Option<Clock>> = RefCell::new(None)
}

/// A point in time, by the clock of the runtime that this thread is in.
///
/// As [`std::time::Instant`], with two differences: [`now`](Self::now) follows a clock that was
/// paused or advanced, and `+` and `-` never panic.
///
/// ```
/// use rt_timer::Instant;
/// use std::time::Duration;
///
/// let start = Instant::now();
/// let deadline = start + Duration::from_millis(20);
/// assert_eq!(deadline - start, Duration::from_millis(20));
/// assert_eq!(start - deadline, Duration::ZERO);
/// assert!(start + Duration::MAX > deadline); // cut off at the last instant there is
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(time::Instant);

impl Instant {
    /// Now, by the clock that [`Clock::enter`] made this thread's, else by the real one.
    #[must_use]
    pub fn now() -> Instant {
        // Relaxed: who stopped a clock and who reads it later are ordered by that clock's mutex
        // and by what made them meet; without that, either answer was right a moment ago.
        if ANY_ALTERED.load(Ordering::Relaxed) {
            return Clock::current().map_or_else(Instant::now_real, |clock| clock.now());
        }
        Instant::now_real()
    }

    /// Whether [`now`](Self::now) is the machine's clock, in every thread.
    pub(crate) fn is_real() -> bool {
        !ANY_ALTERED.load(Ordering::Relaxed) // as in `now`
    }

    fn now_real() -> Instant {
        Instant(time::Instant::now())
    }

    /// The instant that no timer lives to see: the last one there is, to the second.
    ///
    /// Its tick is [`NEVER`].
    #[must_use]
    pub fn far_future() -> Instant {
        Instant(*LAST)
    }

    /// `self + duration`, or `None` if there is no such instant.
    #[must_use]
    pub fn checked_add(&self, duration: Duration) -> Option<Instant> {
        self.0.checked_add(duration).map(Instant)
    }

    /// `self - duration`, or `None` if there is no such instant.
    #[must_use]
    pub fn checked_sub(&self, duration: Duration) -> Option<Instant> {
        self.0.checked_sub(duration).map(Instant)
    }

    /// `self + duration`, or the last instant there is: the deadline of whoever waits that long
    /// from `self` on. `Duration::MAX` is for ever.
    ///
    /// ```
    /// # use {rt_timer::Instant, std::time::Duration};
    /// assert_eq!(Instant::now().saturating_add(Duration::MAX), Instant::far_future());
    /// ```
    #[must_use]
    pub fn saturating_add(&self, duration: Duration) -> Instant {
        self.checked_add(duration).unwrap_or_else(|| Instant::far_future().max(*self))
    }

    /// How long after `earlier` this is: zero if it is before. The same as
    /// [`saturating_duration_since`](Self::saturating_duration_since), under std's name.
    #[must_use]
    pub fn duration_since(&self, earlier: Instant) -> Duration {
        self.0.saturating_duration_since(earlier.0)
    }

    /// How long after `earlier` this is: zero if it is before.
    #[must_use]
    pub fn saturating_duration_since(&self, earlier: Instant) -> Duration {
        self.0.saturating_duration_since(earlier.0)
    }

    /// How long after `earlier` this is: `None` if it is before.
    #[must_use]
    pub fn checked_duration_since(&self, earlier: Instant) -> Option<Duration> {
        self.0.checked_duration_since(earlier.0)
    }

    /// How long ago this was, by [`Instant::now`]: zero if it lies ahead.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        Instant::now().saturating_duration_since(*self)
    }

    /// From std's instant: the two are the same point in time.
    #[must_use]
    pub const fn from_std(instant: time::Instant) -> Instant {
        Instant(instant)
    }

    /// To std's instant: the two are the same point in time.
    #[must_use]
    pub const fn into_std(self) -> time::Instant {
        self.0
    }
}

impl Add<Duration> for Instant {
    type Output = Instant;

    /// [`saturating_add`](Instant::saturating_add): std and tokio panic where this cuts off.
    fn add(self, duration: Duration) -> Instant {
        self.saturating_add(duration)
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, duration: Duration) {
        *self = *self + duration;
    }
}

impl Sub<Duration> for Instant {
    type Output = Instant;

    /// The instant itself if there is none so long before it: std and tokio panic then.
    fn sub(self, duration: Duration) -> Instant {
        self.checked_sub(duration).unwrap_or(self)
    }
}

impl SubAssign<Duration> for Instant {
    fn sub_assign(&mut self, duration: Duration) {
        *self = *self - duration;
    }
}

impl Sub<Instant> for Instant {
    type Output = Duration;

    fn sub(self, earlier: Instant) -> Duration {
        self.saturating_duration_since(earlier)
    }
}

impl From<time::Instant> for Instant {
    fn from(instant: time::Instant) -> Instant {
        Instant(instant)
    }
}

impl From<Instant> for time::Instant {
    fn from(instant: Instant) -> time::Instant {
        instant.0
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What tells the time: the machine's clock, or one that stands until it is advanced.
///
/// A cheap handle; clones are the same clock. Reading one that was never paused costs the
/// machine's clock and one relaxed load.
///
/// ```
/// use rt_timer::Clock;
/// use std::time::Duration;
///
/// let clock = Clock::manual();
/// let start = clock.now();
/// clock.advance(Duration::from_secs(3600));
/// assert_eq!(clock.now() - start, Duration::from_secs(3600));
/// assert_eq!(clock.now_tick(), 3_600_000_000_000);
/// ```
#[derive(Clone)]
pub struct Clock {
    shared: Arc<Shared>,
}

struct Shared {
    /// Tick zero.
    epoch: time::Instant,
    /// False for the whole life of a clock that nobody ever paused; `course` is not looked at then.
    altered: AtomicBool,
    course: Mutex<Course>,
    /// Who keeps it from going on by itself while it stands.
    holds: AtomicUsize,
}

#[derive(Clone, Copy)]
enum Course {
    /// It was `at` when the machine's clock said `since`.
    Running {
        at: Instant,
        since: Instant,
    },
    Paused {
        at: Instant,
    },
}

impl Course {
    fn now(self) -> Instant {
        match self {
            Course::Running { at, since } => at + (Instant::now_real() - since),
            Course::Paused { at } => at,
        }
    }
}

impl Clock {
    /// The machine's clock. Its tick zero is now.
    #[must_use]
    pub fn real() -> Clock {
        let now = Instant::now_real();
        let course = Mutex::new(Course::Running { at: now, since: now });
        let (altered, holds) = (AtomicBool::new(false), AtomicUsize::new(0));
        Clock { shared: Arc::new(Shared { epoch: now.0, altered, course, holds }) }
    }

    /// A clock that stands at tick zero until it is advanced.
    #[must_use]
    pub fn manual() -> Clock {
        let clock = Clock::real();
        let start = Instant(clock.shared.epoch);
        clock.set(&mut clock.course(), Course::Paused { at: start });
        clock
    }

    /// What this clock shows.
    #[must_use]
    pub fn now(&self) -> Instant {
        // Relaxed: as in `Instant::now`.
        if self.shared.altered.load(Ordering::Relaxed) {
            return self.course().now();
        }
        Instant::now_real()
    }

    /// What this clock shows, as a tick.
    #[must_use]
    pub fn now_tick(&self) -> u64 {
        self.tick(self.now())
    }

    /// The tick up to which timers are due: never the one that never comes, also when the clock was
    /// advanced to the end of time.
    pub(crate) fn now_to_fire(&self) -> u64 {
        self.now_tick().min(NEVER - 1)
    }

    /// The tick of an instant: nanoseconds since the clock was made, zero if the instant was
    /// before that, [`NEVER`] if it is more than 584 years after it.
    #[must_use]
    pub fn tick(&self, instant: Instant) -> u64 {
        let since = instant.0.saturating_duration_since(self.shared.epoch);
        let whole = since.as_secs().checked_mul(NANOS_PER_SECOND);
        let tick = whole.and_then(|nanos| nanos.checked_add(since.subsec_nanos().into()));
        tick.unwrap_or(NEVER)
    }

    /// The instant of a tick: where a driver waits until, and what a paused clock is advanced to.
    /// [`Instant::far_future`] for [`NEVER`].
    #[must_use]
    pub fn instant(&self, tick: u64) -> Instant {
        match tick {
            NEVER => Instant::far_future(),
            tick => Instant(self.shared.epoch) + Duration::from_nanos(tick),
        }
    }

    /// How long it is from now until a tick: zero if it has passed, `None` for [`NEVER`].
    ///
    /// Up to 584 years: who hands it to the system must cut it off at what that can take.
    #[must_use]
    pub fn until(&self, tick: u64) -> Option<Duration> {
        (tick != NEVER).then(|| self.instant(tick) - self.now())
    }

    /// Stops the clock where it is. Nothing happens if it stands already.
    pub fn pause(&self) {
        // Who has asked for the time of a call in this poll gets what the clock says now.
        settle_marks();
        let mut course = self.course();
        let at = course.now();
        self.set(&mut course, Course::Paused { at });
    }

    /// Lets the clock run again, at the pace of the machine's, from where it stands. Nothing
    /// happens if it runs already.
    pub fn resume(&self) {
        let mut course = self.course();
        if let Course::Paused { at } = *course {
            self.set(&mut course, Course::Running { at, since: Instant::now_real() });
        }
    }

    /// Whether the clock stands.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        // Relaxed: as in `Instant::now`.
        self.shared.altered.load(Ordering::Relaxed)
            && matches!(*self.course(), Course::Paused { .. })
    }

    /// Moves a paused clock on. Whoever waits by this clock has to be told by the caller.
    ///
    /// # Panics
    ///
    /// If the clock runs.
    #[track_caller]
    pub fn advance(&self, by: Duration) {
        let mut course = self.course();
        let Course::Paused { at } = *course else {
            drop(course);
            running("advance")
        };
        self.set(&mut course, Course::Paused { at: at + by });
    }

    /// Moves a paused clock on to `instant`, or leaves it where it is if that has passed.
    ///
    /// # Panics
    ///
    /// If the clock runs.
    ///
    /// ```
    /// let clock = rt_timer::Clock::manual();
    /// clock.advance_to(clock.instant(500));
    /// clock.advance_to(clock.instant(300));
    /// assert_eq!(clock.now_tick(), 500);
    /// ```
    #[track_caller]
    pub fn advance_to(&self, instant: Instant) {
        let mut course = self.course();
        let Course::Paused { at } = *course else {
            drop(course);
            running("advance_to")
        };
        self.set(&mut course, Course::Paused { at: at.max(instant) });
    }

    pub(crate) fn hold(&self) {
        self.shared.holds.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether that was the last hold.
    pub(crate) fn let_go(&self) -> bool {
        // ORDER(holds): before the driver is woken, which looks again.
        self.shared.holds.fetch_sub(1, Ordering::Release) == 1
    }

    /// It stands, and must not go on by itself.
    pub(crate) fn is_held_still(&self) -> bool {
        // ORDER(holds): what who held it did before.
        self.shared.holds.load(Ordering::Acquire) > 0 && self.is_paused()
    }

    /// As [`advance_to`](Clock::advance_to), of a clock that somebody may let run meanwhile. Whether it
    /// stood.
    pub(crate) fn skip_to(&self, instant: Instant) -> bool {
        let mut course = self.course();
        let Course::Paused { at } = *course else { return false };
        self.set(&mut course, Course::Paused { at: at.max(instant) });
        true
    }

    /// Makes this the clock of the thread, which [`Instant::now`] reads, until the guard is
    /// dropped. Guards nest; drop them in the reverse order.
    ///
    /// ```
    /// use rt_timer::{Clock, Instant};
    /// use std::time::Duration;
    ///
    /// let clock = Clock::manual();
    /// let guard = clock.enter();
    /// let start = Instant::now();
    /// clock.advance(Duration::from_secs(5));
    /// assert_eq!(start.elapsed(), Duration::from_secs(5));
    /// drop(guard);
    /// ```
    #[must_use = "the clock is left when the guard is dropped"]
    pub fn enter(&self) -> ClockGuard {
        // In a thread that ends, where thread-locals are gone, it is nobody's clock.
        let outer = CURRENT.try_with(|current| current.replace(Some(self.clone()))).ok().flatten();
        ClockGuard { outer, not_send: PhantomData }
    }

    /// The clock that this thread has entered.
    #[must_use]
    pub fn current() -> Option<Clock> {
        // A thread that is ending has left every clock.
        CURRENT.try_with(|current| current.borrow().clone()).ok().flatten()
    }

    fn course(&self) -> MutexGuard<'_, Course> {
        self.shared.course.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, course: &mut Course, to: Course) {
        *course = to;
        self.shared.altered.store(true, Ordering::Relaxed);
        ANY_ALTERED.store(true, Ordering::Relaxed);
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clock")
            .field("now_tick", &self.now_tick())
            .field("paused", &self.is_paused())
            .finish_non_exhaustive()
    }
}

/// This thread's clock is the one entered, until this is dropped.
#[derive(Debug)]
pub struct ClockGuard {
    outer: Option<Clock>,
    /// It undoes what it did on its own thread.
    not_send: PhantomData<*const ()>,
}

impl Drop for ClockGuard {
    fn drop(&mut self) {
        let outer = self.outer.take();
        // A thread that is ending has no current clock any more: nothing is left to undo.
        let _entered = CURRENT.try_with(|current| current.replace(outer));
    }
}

#[track_caller]
#[cold]
fn running(what: &str) -> ! {
    panic!("`{what}` on a clock that runs: call `pause` first, or start with a paused clock")
}
