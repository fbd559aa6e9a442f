//! When a function was called, without looking at the clock unless somebody asks.
//!
//! A reading of the clock is most of what `timeout` around a ready future costs. Nearly always such a
//! call is asked for its time in the poll in which it was made, or never: so it keeps the number of
//! that poll, and reads the clock when it is asked.
//!
//! ```text
//!   poll 7:  Call::now  ──► asked: the clock, now            late by what poll 7 did in between
//!            Call::now  ──► dropped: nothing
//!            Call::now ───────────────┐
//!   end of poll 7: one call is left ──┴─► LEFT[poll 7] = the clock, now
//!   poll 9:  that one is asked ─────────► LEFT[poll 7]       late by what poll 7 did after it
//! ```
//!
//! * **[Q1]** The answer is never before the call, and after it by no more than the rest of the poll
//!   that made it.
//! * **[Q2]** Every call of a poll is settled once: in that poll, or through `LEFT`. Whichever comes
//!   first there, the end of the poll or a call that another thread settles while the poll goes on,
//!   the counts meet at zero and the entry goes.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use rt_task::{PollNumber, mark_poll, unmark_poll};

use crate::clock::Instant;

/// Polls that ended with calls left, or had calls settled elsewhere while they went on.
static LEFT: Mutex<BTreeMap<PollNumber, Left>> = Mutex::new(BTreeMap::new());

#[derive(Default)]
struct Left {
    /// When the poll ended; `None` while it goes on.
    ended: Option<Instant>,
    /// Calls left, less those that were settled elsewhere.
    calls: i64,
}

/// A point in time: that of its making.
#[derive(Debug)]
pub(crate) struct Call {
    stamp: Stamp,
}

#[derive(Clone, Copy, Debug)]
enum Stamp {
    At(Instant),
    In(PollNumber),
}

/// When a call was.
#[derive(Clone, Copy, Debug)]
pub(crate) enum When {
    /// The clock was read for this answer.
    Now(Instant),
    Past(Instant),
}

impl Call {
    /// Now. Cheap inside of a poll.
    #[inline]
    pub(crate) fn now() -> Call {
        let poll = if Instant::is_real() { mark_poll(left) } else { None };
        Call { stamp: poll.map_or_else(|| Stamp::At(Instant::now()), Stamp::In) }
    }

    /// When it was.
    pub(crate) fn when(&mut self) -> When {
        let when = match self.stamp {
            Stamp::At(instant) => When::Past(instant),
            Stamp::In(poll) if unmark_poll(poll) => When::Now(Instant::now()),
            Stamp::In(poll) => When::Past(settle(poll, -1).unwrap_or_else(Instant::now)),
        };
        let (When::Now(instant) | When::Past(instant)) = when;
        self.stamp = Stamp::At(instant);
        when
    }
}

impl Drop for Call {
    #[inline]
    fn drop(&mut self) {
        if let Stamp::In(poll) = self.stamp
            && !unmark_poll(poll)
        {
            settle(poll, -1);
        }
    }
}

/// A poll ends with calls that were not settled in it.
fn left(poll: PollNumber, calls: u32) {
    settle(poll, i64::from(calls));
}

/// Adds what a poll leaves at its end, or takes away one that is settled. When the poll ended, if
/// it has.
#[cold]
fn settle(poll: PollNumber, calls: i64) -> Option<Instant> {
    let mut polls = LEFT.lock().unwrap_or_else(PoisonError::into_inner);
    let left = polls.entry(poll).or_default();
    left.calls += calls;
    if calls > 0 {
        left.ended = Some(Instant::now());
    }
    let ended = left.ended;
    if ended.is_some() && left.calls == 0 {
        polls.remove(&poll);
    }
    ended
}
