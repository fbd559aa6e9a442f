//! A socket that asks the reactor only when a call would block.
//!
//! ```text
//!   poll_io ──► is it known to be ready, or not registered yet? ── no ──► leave a waker: Pending
//!     ▲                    │ yes
//!     │                    ▼
//!     │                 the call ── Ok, or an error ──► Ready
//!     │                    │ "would block"
//!     └── clear what was seen, or register ◄┘
//! ```
//!
//! * **[IO1]** The call is tried first. A socket that never blocks is never registered, and costs the
//!   reactor nothing (edge-triggered: there is no re-arming either).
//! * **[IO2]** A socket is registered once, with the reactor of the thread on which it blocked first, and for
//!   both directions. The kernel says at the registration what it is ready for: an edge between the call and
//!   that is not lost.
//! * **[IO3]** A call that was interrupted by a signal is made again.
//! * **[IO5]** A transfer that is shorter than it might be says that there is no more, unless something else has
//!   stopped it: the mark of urgent data (that is why all register for it), a descriptor that is passed, a limit
//!   on the number of buffers.
//! * **[IO4]** Each call that gets something spends the budget of its task's poll.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::ops::BitOr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::pin::pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll, ready};

use rt_task::coop;

use crate::interest::{Interest, Ready};
use crate::messages;
use crate::reactor::{Handle, Shared};
use crate::readiness::{Flags, Snapshot};
use crate::source::{Direction, Source};
use crate::sources::Token;

/// A descriptor and, from its first wait on, its place with a reactor.
pub(crate) struct Registration<S> {
    /// Dropped before the descriptor is closed.
    place: OnceLock<Place>,
    io: S,
    interest: Interest,
    /// Whether the drop of `io` closes it, and nobody else has it.
    is_ours: bool,
}

/// Its place with a reactor, until this is dropped.
struct Place {
    source: Arc<Source>,
    reactor: Arc<Shared>,
    token: Token,
    /// To be taken out of the kernel's list; else closing does that.
    open: Option<RawFd>,
}

/// The words of both directions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    read: Snapshot,
    write: Snapshot,
}

/// Of several threads whose calls on one socket block at the same time one registers it: by the lock that
/// its descriptor leads to.
static TURNS: [Mutex<()>; 16] = [const { Mutex::new(()) }; 16];

impl<S: AsRawFd> Registration<S> {
    /// For both directions, and urgent data `[IO5]`. The descriptor is non-blocking.
    pub(crate) fn new(io: S) -> Registration<S> {
        let interest = Interest::READABLE | Interest::WRITABLE | Interest::PRIORITY;
        Registration { place: OnceLock::new(), io, interest, is_ours: true }
    }

    /// For one direction: the other one does not exist.
    pub(crate) fn one_way(io: S, interest: Interest) -> Registration<S> {
        Registration { place: OnceLock::new(), io, interest, is_ours: true }
    }

    /// For a descriptor that may stay open when this is dropped.
    pub(crate) fn of_others(io: S, interest: Interest) -> Registration<S> {
        Registration { place: OnceLock::new(), io, interest, is_ours: false }
    }

    pub(crate) fn get_ref(&self) -> &S {
        &self.io
    }

    pub(crate) fn get_mut(&mut self) -> &mut S {
        &mut self.io
    }

    /// Its place, now if it has none yet `[IO2]`.
    fn place(&self) -> io::Result<&Place> {
        match self.place.get() {
            Some(place) => Ok(place),
            None => self.register(),
        }
    }

    /// Registers it with the reactor of this thread `[IO2]`. Of several threads that are here at once one does.
    #[cold]
    // COURSE(8.4) stub: todo
    fn register(&self) -> io::Result<&Place> {
        let reactor = Handle::here()?.shared;
        let fd = self.io.as_raw_fd();
        let turn = &TURNS[fd.unsigned_abs() as usize % TURNS.len()];
        let _turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = self.place.get() {
            return Ok(place);
        }
        let source = Arc::new(Source::new());
        let interest = self.interest.to_mio();
        let token = if self.is_ours {
            reactor.register_own(fd, interest, &source)?
        } else {
            reactor.register(fd, interest, &source)?
        };
        let open = (!self.is_ours).then_some(fd);
        Ok(self.place.get_or_init(|| Place { source, reactor, token, open }))
    }

    /// Registers it now: for who wants to know whether that is possible.
    pub(crate) fn register_now(&self) -> io::Result<()> {
        self.place().map(drop)
    }

    /// Calls `call` until it does not say "would block", and waits in between. Of several who poll in one
    /// direction, the last one is woken.
    pub(crate) fn poll_io<R>(
        &self,
        direction: Direction,
        cx: &mut Context<'_>,
        call: impl FnMut(&S) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        self.poll_call(direction, cx, call).map_ok(|(done, _)| done)
    }

    /// The same for a call that moves bytes, `len` at most: one that moves fewer has taken all that was there,
    /// and the call that would say so is saved. Unless an event came since, or the stream is at its end
    /// `[RD4]`, or something else may have stopped it `[IO5]`: then `len` is 0, or urgent data or an error were
    /// seen.
    // COURSE(8.7) stub: todo
    pub(crate) fn poll_transfer(
        &self,
        direction: Direction,
        cx: &mut Context<'_>,
        len: usize,
        call: impl FnMut(&S) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        let (count, seen) = ready!(self.poll_call(direction, cx, call))?;
        if (1..len).contains(&count)
            && let (Some(place), Some(seen)) = (self.place.get(), seen)
            && !seen.flags().has_any(Flags::PRIORITY.or(Flags::ERROR))
        {
            place.source.clear(direction, Flags::READY, seen);
        }
        Poll::Ready(Ok(count))
    }

    /// Makes the call if it may not block, and again when it would have; see the module. Also says what was
    /// known before the call that got something, if it is registered.
    // COURSE(8.6) stub: todo
    fn poll_call<R>(
        &self,
        direction: Direction,
        cx: &mut Context<'_>,
        mut call: impl FnMut(&S) -> io::Result<R>,
    ) -> Poll<io::Result<(R, Option<Snapshot>)>> {
        let proceed = ready!(coop::poll_proceed(cx));
        loop {
            let seen = match self.place.get() {
                None => None,
                Some(place) => {
                    let seen = ready!(place.source.poll_ready(direction, Flags::CALL, cx));
                    Some(alive(seen)?)
                }
            };
            if let Some(done) = self.call(direction, seen, &mut call)? {
                proceed.made_progress();
                return Poll::Ready(done.map(|done| (done, seen)));
            }
        }
    }

    /// The same as a future, beside any number of others.
    ///
    /// Cancel safe: it waits before the call, and not after it.
    pub(crate) async fn async_io<R>(
        &self,
        direction: Direction,
        mut call: impl FnMut(&S) -> io::Result<R>,
    ) -> io::Result<R> {
        loop {
            let seen = match self.place.get() {
                None => None,
                Some(place) => Some(alive(place.source.ready(direction, Flags::CALL).await)?),
            };
            let proceed = poll_fn(coop::poll_proceed).await;
            if let Some(done) = self.call(direction, seen, &mut call)? {
                proceed.made_progress();
                return done;
            }
        }
    }

    /// One call. `Ok(None)` if it would block, which the reactor then knows, or was interrupted `[IO3]`. An
    /// error of the outer kind is one of the registration.
    // COURSE(8.6) stub: todo
    fn call<R>(
        &self,
        direction: Direction,
        seen: Option<Snapshot>,
        call: &mut impl FnMut(&S) -> io::Result<R>,
    ) -> io::Result<Option<io::Result<R>>> {
        match call(&self.io) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                match seen {
                    Some(seen) => self.blocked(direction, Flags::CALL, seen),
                    None => self.register_now()?,
                }
                Ok(None)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(None),
            done => Ok(Some(done)),
        }
    }

    /// A call that began when the word was `seen`, and was made for one of `wanted`, has said "would block".
    /// Who waits for something else loses nothing; and only a read or a write takes CLOSED away, which has just
    /// found out that there is no end.
    fn blocked(&self, direction: Direction, wanted: Flags, seen: Snapshot) {
        if let Some(place) = self.place.get() {
            let gone = Flags::CALL
                .when(wanted.has_any(Flags::READY))
                .or(Flags::PRIORITY.when(wanted.has_any(Flags::PRIORITY)))
                .or(Flags::ERROR.when(wanted.has_any(Flags::ERROR)));
            place.source.clear(direction, gone, seen);
        }
    }

    /// Calls `call` if it may not block; else, or if it does, "would block".
    pub(crate) fn try_io<R>(
        &self,
        interest: Interest,
        call: impl FnOnce(&S) -> io::Result<R>,
    ) -> io::Result<R> {
        let Some(place) = self.place.get() else { return call(&self.io) }; // nobody knows [IO1]
        let seen = directions(interest).map(|(way, wanted)| (way, wanted, place.source.get(way)));
        for (_, _, seen) in seen {
            alive(seen)?;
        }
        if !seen.iter().any(|(_, wanted, seen)| seen.is_worth_a_call(*wanted)) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let done = call(&self.io);
        if done.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock) {
            seen.into_iter().for_each(|(way, wanted, seen)| self.blocked(way, wanted, seen));
        }
        done
    }

    /// Waits until a call in one direction may not block.
    pub(crate) fn poll_ready(
        &self,
        direction: Direction,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<Seen>> {
        let proceed = ready!(coop::poll_proceed(cx));
        let place = self.place()?;
        alive(ready!(place.source.poll_ready(direction, Flags::CALL, cx)))?;
        proceed.made_progress();
        Poll::Ready(Ok(Seen::of(&place.source)))
    }

    /// Waits for one of what an interest names, and says what there is of it.
    ///
    /// Cancel safe.
    pub(crate) async fn ready(&self, interest: Interest) -> io::Result<Seen> {
        let place = self.place()?;
        let [read, write] = directions(interest);
        let mut read_waits = pin!(place.source.ready(Direction::Read, read.1));
        let mut write_waits = pin!(place.source.ready(Direction::Write, write.1));
        poll_fn(|cx| {
            let proceed = ready!(coop::poll_proceed(cx));
            // Both leave a waker, unless nothing of theirs is wanted.
            let one = read.1 != Flags::NONE && read_waits.as_mut().poll(cx).is_ready();
            let two = write.1 != Flags::NONE && write_waits.as_mut().poll(cx).is_ready();
            if one || two {
                proceed.made_progress();
                return Poll::Ready(());
            }
            Poll::Pending
        })
        .await;
        let seen = Seen::of(&place.source);
        alive(seen.read)?;
        Ok(seen)
    }

    /// As [`clear`](Source::clear), of what a guard has seen.
    pub(crate) fn clear(&self, seen: Seen, ready: Ready) {
        let Some(place) = self.place.get() else { return };
        for way in [Direction::Read, Direction::Write] {
            let gone = PARTS.iter().filter(|part| part.1 == way && part.0 & ready == part.0);
            let gone = gone.fold(Flags::NONE, |gone, part| gone.or(part.2));
            place.source.clear(way, gone, seen.word(way));
        }
    }

    /// The descriptor, which stays open: the kernel forgets it here.
    pub(crate) fn into_inner(self) -> S {
        let Registration { mut place, io, .. } = self;
        if let Some(place) = place.get_mut() {
            place.open = Some(io.as_raw_fd());
        }
        drop(place);
        io
    }
}

impl Drop for Place {
    /// Events that are on their way find nobody.
    fn drop(&mut self) {
        match self.open {
            Some(fd) => self.reactor.deregister(fd, self.token),
            None => self.reactor.forget(self.token),
        }
    }
}

impl Seen {
    fn of(source: &Source) -> Seen {
        Seen { read: source.get(Direction::Read), write: source.get(Direction::Write) }
    }

    /// What there is of what an interest names.
    pub(crate) fn ready(self, interest: Interest) -> Ready {
        let is_there =
            |&(_, way, flag): &(Ready, Direction, Flags)| self.word(way).flags().has_any(flag);
        let ready = PARTS.iter().filter(|part| is_there(part)).map(|part| part.0);
        ready.fold(Ready::EMPTY, Ready::bitor) & Ready::from_interest(interest)
    }

    fn word(self, way: Direction) -> Snapshot {
        match way {
            Direction::Read => self.read,
            Direction::Write => self.write,
        }
    }
}

/// What a [`Ready`] consists of, and which flag of which word each part is.
const PARTS: [(Ready, Direction, Flags); 7] = [
    (Ready::READABLE, Direction::Read, Flags::READY),
    (Ready::READ_CLOSED, Direction::Read, Flags::CLOSED),
    (Ready::PRIORITY, Direction::Read, Flags::PRIORITY),
    (Ready::ERROR, Direction::Read, Flags::ERROR),
    (Ready::WRITABLE, Direction::Write, Flags::READY),
    (Ready::WRITE_CLOSED, Direction::Write, Flags::CLOSED),
    (Ready::ERROR, Direction::Write, Flags::ERROR),
];

/// What of an interest concerns each direction.
fn directions(interest: Interest) -> [(Direction, Flags); 2] {
    let error = Flags::ERROR.when(interest.is_error());
    let priority = Flags::PRIORITY.or(Flags::CLOSED).when(interest.is_priority());
    let read = Flags::CALL.when(interest.is_readable()).or(priority).or(error);
    [(Direction::Read, read), (Direction::Write, Flags::CALL.when(interest.is_writable()))]
}

/// What was seen, unless nobody looks at the socket any more `[RD3]`.
fn alive(seen: Snapshot) -> io::Result<Snapshot> {
    if seen.is_shut_down() { Err(messages::shut_down()) } else { Ok(seen) }
}

impl<S: AsRawFd> AsRawFd for Registration<S> {
    fn as_raw_fd(&self) -> RawFd {
        self.io.as_raw_fd()
    }
}

impl<S: AsFd> AsFd for Registration<S> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.io.as_fd()
    }
}

impl<S: fmt::Debug> fmt::Debug for Registration<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.io.fmt(f)
    }
}
