//! What one waits for, and what one gets: names and meaning are tokio's.

use std::fmt;
use std::ops::{BitOr, BitOrAssign, Sub};

use crate::messages;

/// What to wait for.
///
/// ```
/// use rt_io::Interest;
///
/// let both = Interest::READABLE | Interest::WRITABLE;
/// assert!(both.is_readable() && both.is_writable());
/// assert_eq!(both.remove(Interest::READABLE), Some(Interest::WRITABLE));
/// assert_eq!(Interest::READABLE.remove(Interest::READABLE), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Interest(u8);

const READABLE: u8 = 1;
const WRITABLE: u8 = 2;
const READ_CLOSED: u8 = 4;
const WRITE_CLOSED: u8 = 8;
const PRIORITY: u8 = 16;
const ERROR: u8 = 32;

impl Interest {
    /// Until a read would not block, also because it finds the end or an error.
    pub const READABLE: Interest = Interest(READABLE);
    /// Until a write would not block, also because it finds an error.
    pub const WRITABLE: Interest = Interest(WRITABLE);
    /// Until there is priority data, as TCP's urgent byte. Linux only; elsewhere it never comes.
    pub const PRIORITY: Interest = Interest(PRIORITY);
    /// Until there is an error.
    pub const ERROR: Interest = Interest(ERROR);

    /// Whether it waits for reads.
    #[must_use]
    pub const fn is_readable(self) -> bool {
        self.0 & READABLE != 0
    }

    /// Whether it waits for writes.
    #[must_use]
    pub const fn is_writable(self) -> bool {
        self.0 & WRITABLE != 0
    }

    /// Whether it waits for priority data.
    #[must_use]
    pub const fn is_priority(self) -> bool {
        self.0 & PRIORITY != 0
    }

    /// Whether it waits for errors.
    #[must_use]
    pub const fn is_error(self) -> bool {
        self.0 & ERROR != 0
    }

    /// Both.
    #[must_use]
    pub const fn add(self, other: Interest) -> Interest {
        Interest(self.0 | other.0)
    }

    /// This without the other; `None` if nothing is left.
    #[must_use]
    pub const fn remove(self, other: Interest) -> Option<Interest> {
        match self.0 & !other.0 {
            0 => None,
            left => Some(Interest(left)),
        }
    }

    /// As the kernel is asked. Errors always come, so who waits for nothing else asks for reads.
    pub(crate) fn to_mio(self) -> mio::Interest {
        let read = (self.0 & (READABLE | PRIORITY) != 0).then_some(mio::Interest::READABLE);
        let write = self.is_writable().then_some(mio::Interest::WRITABLE);
        let both = read.into_iter().chain(write).reduce(mio::Interest::add);
        priority(both.unwrap_or(mio::Interest::READABLE), self.is_priority())
    }
}

#[cfg(target_os = "linux")]
use linux::priority;
#[cfg(not(target_os = "linux"))]
use other::priority;

#[cfg(target_os = "linux")]
mod linux {
    /// With priority data, if that is asked for.
    pub(super) fn priority(interest: mio::Interest, is_asked: bool) -> mio::Interest {
        if is_asked { interest | mio::Interest::PRIORITY } else { interest }
    }
}

#[cfg(not(target_os = "linux"))]
mod other {
    /// There is no such thing.
    pub(super) fn priority(interest: mio::Interest, _: bool) -> mio::Interest {
        interest
    }
}

impl BitOr for Interest {
    type Output = Interest;

    fn bitor(self, other: Interest) -> Interest {
        self.add(other)
    }
}

impl BitOrAssign for Interest {
    fn bitor_assign(&mut self, other: Interest) {
        *self = *self | other;
    }
}

impl Sub for Interest {
    type Output = Interest;

    /// # Panics
    ///
    /// If nothing is left.
    #[track_caller]
    fn sub(self, other: Interest) -> Interest {
        match self.remove(other) {
            Some(left) => left,
            None => messages::no_interest(),
        }
    }
}

/// What a socket is ready for: a hint, as all readiness. Only the call says.
///
/// ```
/// use rt_io::{Interest, Ready};
///
/// let ready = Ready::READABLE | Ready::READ_CLOSED;
/// assert!(ready.is_readable() && ready.is_read_closed() && !ready.is_writable());
/// assert!(!(ready - Ready::READ_CLOSED).is_read_closed());
/// assert_eq!(ready & Ready::from_interest(Interest::WRITABLE), Ready::EMPTY);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ready(u8);

impl Ready {
    /// Nothing.
    pub const EMPTY: Ready = Ready(0);
    /// A read would not block.
    pub const READABLE: Ready = Ready(READABLE);
    /// A write would not block.
    pub const WRITABLE: Ready = Ready(WRITABLE);
    /// Nothing more will come in.
    pub const READ_CLOSED: Ready = Ready(READ_CLOSED);
    /// Nothing more goes out.
    pub const WRITE_CLOSED: Ready = Ready(WRITE_CLOSED);
    /// There is priority data.
    pub const PRIORITY: Ready = Ready(PRIORITY);
    /// There is an error.
    pub const ERROR: Ready = Ready(ERROR);
    /// All of it.
    pub const ALL: Ready =
        Ready(READABLE | WRITABLE | READ_CLOSED | WRITE_CLOSED | PRIORITY | ERROR);

    /// What an interest waits for: with each direction also its end.
    #[must_use]
    pub const fn from_interest(interest: Interest) -> Ready {
        let mut ready = interest.0;
        if ready & (READABLE | PRIORITY) != 0 {
            ready |= READ_CLOSED;
        }
        if ready & WRITABLE != 0 {
            ready |= WRITE_CLOSED;
        }
        Ready(ready)
    }

    /// Whether it is nothing.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether a read would not block: also because there is nothing to come.
    #[must_use]
    pub const fn is_readable(self) -> bool {
        self.0 & (READABLE | READ_CLOSED) != 0
    }

    /// Whether a write would not block: also because nothing goes out.
    #[must_use]
    pub const fn is_writable(self) -> bool {
        self.0 & (WRITABLE | WRITE_CLOSED) != 0
    }

    /// Whether nothing more will come in.
    #[must_use]
    pub const fn is_read_closed(self) -> bool {
        self.0 & READ_CLOSED != 0
    }

    /// Whether nothing more goes out.
    #[must_use]
    pub const fn is_write_closed(self) -> bool {
        self.0 & WRITE_CLOSED != 0
    }

    /// Whether there is priority data.
    #[must_use]
    pub const fn is_priority(self) -> bool {
        self.0 & PRIORITY != 0
    }

    /// Whether there is an error.
    #[must_use]
    pub const fn is_error(self) -> bool {
        self.0 & ERROR != 0
    }
}

impl BitOr for Ready {
    type Output = Ready;

    fn bitor(self, other: Ready) -> Ready {
        Ready(self.0 | other.0)
    }
}

impl BitOrAssign for Ready {
    fn bitor_assign(&mut self, other: Ready) {
        *self = *self | other;
    }
}

impl std::ops::BitAnd for Ready {
    type Output = Ready;

    fn bitand(self, other: Ready) -> Ready {
        Ready(self.0 & other.0)
    }
}

impl Sub for Ready {
    type Output = Ready;

    fn sub(self, other: Ready) -> Ready {
        Ready(self.0 & !other.0)
    }
}

const NAMES: [(u8, &str); 6] = [
    (READABLE, "READABLE"),
    (WRITABLE, "WRITABLE"),
    (READ_CLOSED, "READ_CLOSED"),
    (WRITE_CLOSED, "WRITE_CLOSED"),
    (PRIORITY, "PRIORITY"),
    (ERROR, "ERROR"),
];

fn list(bits: u8, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut names = NAMES.iter().filter(|(bit, _)| bits & bit != 0).map(|(_, name)| name);
    f.write_str(names.next().unwrap_or(&"EMPTY"))?;
    names.try_for_each(|name| write!(f, " | {name}"))
}

impl fmt::Debug for Interest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        list(self.0, f)
    }
}

impl fmt::Debug for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        list(self.0, f)
    }
}
