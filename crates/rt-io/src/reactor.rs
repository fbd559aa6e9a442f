//! Waiting for sockets: a park over `mio::Poll`.
//!
//! ```text
//!   a socket would block ──► Handle::register ──► slab: token ──► epoll
//!                                                                   │ events
//!   executor ── park ──► Reactor ── select ◄────────────────────────┘
//!                           │ token ──► source: the word changes, its wakers come out
//!                           └──► batch ──► woken by the executor, when no lock is held
//! ```
//!
//! * **[RE1]** The kernel is asked to end a wait only if somebody waits there: see `bell.rs`.
//! * **[RE2]** Until the first socket is registered there is no `mio::Poll`, and the reactor waits at a
//!   [`Parker`]: a runtime without sockets has no file descriptors, and is woken by a futex, which takes
//!   less time than an `eventfd` (`examples/park_costs.rs`). The first registration rings, so that who waits there goes over.
//! * **[RE3]** Events change words and collect wakers under the lock of the slab; none is woken under it.
//! * **[RE4]** When the reactor is gone, all who wait are woken, and every call that would wait fails. Its
//!   descriptors are closed then, whoever still has its wakers or handles.
//! * **[RE5]** A socket is not taken out of the kernel's list before it is closed: closing does that. If
//!   somebody has another descriptor of it, events may come for a token that nobody has [TK1], and it may
//!   be in the list already if it comes back under its old number.
//!
//! Not here: the sockets, who tries first and asks afterwards (`registration.rs`).

use std::fmt;
use std::io;
use std::os::fd::RawFd;
use std::sync::{Arc, OnceLock};
use std::task::{Wake, Waker};
use std::time::Duration;

use mio::unix::SourceFd;
use rt_task::sync::{Mutex, lock};
use rt_waker::{Park, Parker, WakeBatch};

use crate::alarm::Alarm;
use crate::bell::Bell;
use crate::job::Offload;
use crate::messages;
use crate::observer;
use crate::readiness::Flags;
use crate::source::Source;
use crate::sources::{SocketCounts, Sources, Token};

/// Events that are taken from the kernel at once.
const EVENTS: usize = 1024;

/// The park of a thread, or of several that share it, that looks after sockets.
///
/// ```
/// use rt_executor::{Executor, Fifo};
/// use rt_io::Reactor;
/// use rt_io::net::UdpSocket;
///
/// let reactor = Reactor::new();
/// let handle = reactor.handle();
/// let executor = Executor::with(reactor, Fifo::new(), ());
///
/// let _entered = handle.enter(); // sockets that wait on this thread wait with this reactor
/// executor.run(async {
///     let socket = UdpSocket::bind("127.0.0.1:0").await?;
///     socket.send_to(b"to myself", socket.local_addr()?).await?;
///     let mut buf = [0; 16];
///     assert_eq!(socket.recv(&mut buf).await?, 9);
///     Ok::<(), std::io::Error>(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Reactor {
    shared: Arc<Shared>,
    parker: Parker,
    /// From the first registration on `[RE2]`.
    selector: Option<Selector>,
}

static_assertions::assert_impl_all!(Reactor: Send);

struct Selector {
    poll: mio::Poll,
    events: mio::Events,
    alarm: Alarm,
}

/// What sockets and wakers know of a reactor.
pub(crate) struct Shared {
    bell: Bell,
    /// From the first registration to the end of the reactor: wakers may outlive it, its descriptors do not.
    kernel: Mutex<Option<Arc<Kernel>>>,
    /// Until whoever parks takes it over.
    selector: Mutex<Option<Selector>>,
    sources: Mutex<Sources>,
    pub(crate) offload: OnceLock<Offload>,
}

/// The kernel's list of sockets, and what ends a wait for it.
struct Kernel {
    registry: mio::Registry,
    waker: mio::Waker,
}

/// How a socket finds the reactor that it waits with.
///
/// A thread [enters](Handle::enter) one; a socket belongs to the one that its thread has entered when
/// a call would block for the first time. Where none was entered that is a thread of the process in the
/// background, which the first such socket starts.
#[derive(Clone)]
pub struct Handle {
    pub(crate) shared: Arc<Shared>,
}

static_assertions::assert_impl_all!(Handle: Send, Sync);

impl Reactor {
    /// A reactor without sockets, and without a file descriptor.
    #[must_use]
    pub fn new() -> Reactor {
        let parker = Parker::new();
        let shared = Arc::new(Shared {
            bell: Bell::new(&parker),
            kernel: Mutex::new(None),
            selector: Mutex::new(None),
            sources: Mutex::new(Sources::default()),
            offload: OnceLock::new(),
        });
        Reactor { shared, parker, selector: None }
    }

    /// For sockets, and for threads to enter.
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle { shared: self.shared.clone() }
    }

    /// Waits in the kernel, or at the parker until there is a selector `[RE2]`, and puts who is concerned into
    /// the batch.
    // COURSE(8.5) stub: todo
    fn turn(&mut self, timeout: Option<Duration>, ready: &mut WakeBatch) {
        let Reactor { shared, parker, selector } = self;
        let Some(selector) = selector else { return parker.park(timeout, ready) };
        let has_events = shared.bell.select(parker, |may_wait| {
            selector.select(if may_wait { timeout } else { Some(Duration::ZERO) })
        });
        if has_events {
            shared.dispatch(&selector.events, ready);
        }
    }
}

impl Park for Reactor {
    /// `[RE2]`, then waits for events, for the token and for the time to pass; `[RE1]`.
    fn park(&mut self, timeout: Option<Duration>, ready: &mut WakeBatch) {
        if self.selector.is_none() {
            self.selector = lock(&self.shared.selector).take();
        }
        self.turn(timeout, ready);
    }

    fn is_fed_from_outside(&self) -> bool {
        self.selector.is_some()
    }

    fn waker(&self) -> Waker {
        Waker::from(self.shared.clone())
    }
}

impl Selector {
    fn new() -> io::Result<(Selector, Kernel)> {
        let poll = mio::Poll::new()?;
        let registry = poll.registry().try_clone()?;
        let waker = mio::Waker::new(&registry, Token::BELL)?;
        let (alarm, events) = (Alarm::new(&registry)?, mio::Events::with_capacity(EVENTS));
        Ok((Selector { poll, events, alarm }, Kernel { registry, waker }))
    }

    /// Whether there are events to look at.
    fn select(&mut self, timeout: Option<Duration>) -> bool {
        let timeout = self.alarm.set(timeout);
        match self.poll.poll(&mut self.events, timeout) {
            Ok(()) => true,
            // A signal: it may return early for no reason.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => false,
            Err(error) => messages::cannot_wait(&error),
        }
    }
}

impl Shared {
    /// Has events of a descriptor go to a source.
    ///
    /// # Errors
    ///
    /// If the reactor is gone, the system has no descriptors for the first one, or takes this one in no list.
    pub(crate) fn register(
        &self,
        fd: RawFd,
        interest: mio::Interest,
        source: &Arc<Source>,
    ) -> io::Result<Token> {
        self.enlist(source, |list, token| list.register(&mut SourceFd(&fd), token, interest))
    }

    /// As [`register`](Shared::register), for a descriptor that nobody else can have registered: if it is in
    /// the list, then from a socket of before that had its number, and is still open elsewhere [RE5].
    pub(crate) fn register_own(
        &self,
        fd: RawFd,
        interest: mio::Interest,
        source: &Arc<Source>,
    ) -> io::Result<Token> {
        self.enlist(source, |list, token| {
            match list.register(&mut SourceFd(&fd), token, interest) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    list.reregister(&mut SourceFd(&fd), token, interest)
                }
                done => done,
            }
        })
    }

    /// Gives a source a token, and has `enlist` put it into the kernel's list: that fails if the reactor is gone.
    /// A registration that fails leaves nothing behind. After the first one whoever waits goes over `[RE2]`.
    // COURSE(8.4) stub: todo
    fn enlist(
        &self,
        source: &Arc<Source>,
        enlist: impl FnOnce(&mio::Registry, mio::Token) -> io::Result<()>,
    ) -> io::Result<Token> {
        let mut sources = lock(&self.sources);
        if sources.is_closed() {
            return Err(messages::shut_down());
        }
        let (kernel, is_first) = self.kernel()?;
        let token = sources.insert(source.clone()).ok_or_else(messages::shut_down);
        let registered = token.and_then(|token| {
            let registered = enlist(&kernel.registry, token.into());
            match registered {
                Ok(()) => sources.note_registered(),
                Err(_) => drop(sources.remove(token)),
            }
            registered.map(|()| token)
        });
        drop(sources);
        if is_first {
            // Whoever waits does so at the parker [RE2]. Also if this one failed: the next is not the first.
            self.ring();
        }
        registered
    }

    /// The kernel's list, made by the first who asks. Under the lock of the slab.
    fn kernel(&self) -> io::Result<(Arc<Kernel>, bool)> {
        if let Some(kernel) = &*lock(&self.kernel) {
            return Ok((kernel.clone(), false));
        }
        let (selector, kernel) = Selector::new()?;
        let kernel = Arc::new(kernel);
        // Before the selector: who waits there can be rung for [RE2].
        *lock(&self.kernel) = Some(kernel.clone());
        *lock(&self.selector) = Some(selector);
        Ok((kernel, true))
    }

    /// Events of a socket that is about to be closed find nobody from now on `[RE5]`.
    pub(crate) fn forget(&self, token: Token) {
        let source = lock(&self.sources).forget(token);
        drop(source);
    }

    /// As [`forget`](Shared::forget), for a descriptor that stays open.
    pub(crate) fn deregister(&self, fd: RawFd, token: Token) {
        self.forget(token);
        let kernel = lock(&self.kernel).clone();
        if let Some(kernel) = kernel {
            // It fails if the descriptor was closed by somebody else: then it is out already.
            let _gone = kernel.registry.deregister(&mut SourceFd(&fd));
        }
    }

    /// Tells each source what the kernel says of it. Who waits for that goes into the batch `[RE3]`. Counts the
    /// events that reached somebody.
    // COURSE(8.5) stub: todo
    fn dispatch(&self, events: &mio::Events, ready: &mut WakeBatch) {
        let (mut sources, mut told) = (lock(&self.sources), 0);
        for event in events {
            // Not of the bell, of the alarm, and of those who have gone [TK1].
            if let Some(source) = sources.get(event.token().into()) {
                source.event(read_flags(event), write_flags(event), ready);
                told += 1;
            }
        }
        sources.note_ready(told);
        drop(sources);
        if told > 0 {
            observer::tell(|observer| observer.ready(told as usize));
        }
    }

    fn ring(&self) {
        self.bell.ring(|| {
            // It fails for want of memory alone; the thread then waits for its timeout.
            let kernel = lock(&self.kernel).clone();
            let _rung = kernel.map(|kernel| kernel.waker.wake());
        });
    }
}

fn read_flags(event: &mio::event::Event) -> Flags {
    Flags::READY
        .when(event.is_readable() || event.is_error())
        .or(Flags::CLOSED.when(event.is_read_closed()))
        .or(Flags::PRIORITY.when(event.is_priority()))
        .or(Flags::ERROR.when(event.is_error()))
}

fn write_flags(event: &mio::event::Event) -> Flags {
    Flags::READY
        .when(event.is_writable() || event.is_error())
        .or(Flags::CLOSED.when(event.is_write_closed()))
        .or(Flags::ERROR.when(event.is_error()))
}

impl Wake for Shared {
    fn wake(self: Arc<Self>) {
        self.ring();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.ring();
    }
}

impl Handle {
    /// How many sockets wait with this reactor, or have waited and are open.
    #[must_use]
    pub fn registered(&self) -> usize {
        lock(&self.shared.sources).len()
    }

    /// What the reactor has done so far, also when it is gone.
    ///
    /// ```
    /// let reactor = rt_io::Reactor::new();
    /// let counts = reactor.handle().counts();
    /// assert_eq!((counts.registered, counts.deregistered, counts.ready), (0, 0, 0));
    /// ```
    #[must_use]
    pub fn counts(&self) -> SocketCounts {
        lock(&self.shared.sources).counts()
    }
}

impl Drop for Reactor {
    /// Nobody looks at the sockets any more `[RE4]`.
    // COURSE(8.8) stub: leak
    fn drop(&mut self) {
        let sources = lock(&self.shared.sources).close();
        drop(lock(&self.shared.kernel).take());
        drop(lock(&self.shared.selector).take());
        let mut ready = WakeBatch::new();
        sources.iter().for_each(|source| source.shut_down(&mut ready));
        // What is in the batch is woken as it is dropped.
    }
}

impl Default for Reactor {
    fn default() -> Reactor {
        Reactor::new()
    }
}

impl fmt::Debug for Reactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reactor").field("registered", &self.handle().registered()).finish()
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("registered", &self.registered()).finish()
    }
}
