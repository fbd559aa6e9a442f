//! Who listens for one signal.
//!
//! * **[SG1]** The handler writes a byte, or finds the socket full: then there is one to be read. A signal that comes
//!   after a [`recv`](Signal::recv) has read is seen by the next.

use std::ffi::c_int;
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream as StdStream;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_io::AsyncRead;
use rt_io::net::UnixStream;
use signal_hook::SigId;
use signal_hook::consts;
use signal_hook::low_level;

/// Which signal.
///
/// ```
/// use rt::signal::unix::SignalKind;
/// assert_eq!(SignalKind::interrupt().as_raw_value(), 2);
/// assert_eq!(SignalKind::from_raw(15), SignalKind::terminate());
/// ```
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
pub struct SignalKind(c_int);

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $number:ident;)*) => {$(
        $(#[$doc])*
        #[must_use]
        pub const fn $name() -> SignalKind {
            SignalKind(consts::$number)
        }
    )*};
}

impl SignalKind {
    /// By the system's number.
    #[must_use]
    pub const fn from_raw(number: c_int) -> SignalKind {
        SignalKind(number)
    }

    /// The system's number.
    #[must_use]
    pub const fn as_raw_value(&self) -> c_int {
        self.0
    }

    kinds! {
        /// SIGALRM: a timer of the system ran out.
        alarm = SIGALRM;
        /// SIGCHLD: a child ended, or stopped.
        child = SIGCHLD;
        /// SIGHUP: the terminal is gone; to a service it often says: read your settings again.
        hangup = SIGHUP;
        /// SIGINT: Ctrl-C.
        interrupt = SIGINT;
        /// SIGIO: a descriptor is ready.
        io = SIGIO;
        /// SIGPIPE: nobody reads what was written. (Programs in Rust ignore it from their beginning.)
        pipe = SIGPIPE;
        /// SIGQUIT: Ctrl-\.
        quit = SIGQUIT;
        /// SIGTERM: a request to end.
        terminate = SIGTERM;
        /// SIGUSR1: as agreed.
        user_defined1 = SIGUSR1;
        /// SIGUSR2: as agreed.
        user_defined2 = SIGUSR2;
        /// SIGWINCH: the terminal has another size.
        window_change = SIGWINCH;
    }
}

impl From<c_int> for SignalKind {
    fn from(number: c_int) -> SignalKind {
        SignalKind(number)
    }
}

impl From<SignalKind> for c_int {
    fn from(kind: SignalKind) -> c_int {
        kind.0
    }
}

/// Listens for a signal, from the call of [`signal`] to its drop.
///
/// Signals that come while nobody waits are one: it says that there were some, and not how many.
#[must_use = "it listens no longer when it is dropped"]
pub struct Signal {
    kind: SignalKind,
    received: UnixStream,
    registration: SigId,
}

/// Listens for a signal. It needs no runtime; waiting is done with the runtime that polls.
///
/// ```
/// use rt::signal::unix::{SignalKind, signal};
///
/// let mut changes = signal(SignalKind::window_change())?;
/// rt::block_on(async {
///     std::process::Command::new("kill").args(["-WINCH", &std::process::id().to_string()]).status()?;
///     changes.recv().await;
///     println!("the terminal has another size");
///     Ok::<(), std::io::Error>(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
///
/// For those that can not be handled, or that only the thread at fault could handle: SIGKILL, SIGSTOP, SIGILL, SIGFPE,
/// SIGSEGV; for numbers that are no signal's; and if no descriptor is left.
pub fn signal(kind: SignalKind) -> io::Result<Signal> {
    if kind.0 <= 0 || consts::FORBIDDEN.contains(&kind.0) {
        let text = format!("signal {} can not be listened for: take another one", kind.0);
        return Err(io::Error::other(text));
    }
    let (received, sender) = UnixStream::pair()?;
    let registration = low_level::pipe::register(kind.0, sender.into_std()?)?;
    Ok(Signal { kind, received, registration })
}

impl Signal {
    /// Waits for the signal. `None` if the runtime ends meanwhile.
    ///
    /// Cancel safe: a signal is told of or stays.
    pub async fn recv(&mut self) -> Option<()> {
        poll_fn(|cx| self.poll_recv(cx)).await
    }

    /// As [`recv`](Signal::recv). The last task that polled is woken.
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<()>> {
        let polled = self.poll_bytes(cx);
        if !matches!(polled, Poll::Ready(None)) || self.move_here().is_err() {
            return polled;
        }
        self.poll_bytes(cx)
    }

    /// Reads all bytes that are there [SG1].
    fn poll_bytes(&mut self, cx: &mut Context<'_>) -> Poll<Option<()>> {
        let mut bytes = [0; 256];
        let mut seen = Poll::Pending;
        loop {
            match Pin::new(&mut self.received).poll_read(cx, &mut bytes) {
                Poll::Ready(Ok(count)) if count == bytes.len() => seen = Poll::Ready(Some(())),
                Poll::Ready(Ok(1..)) => return Poll::Ready(Some(())),
                Poll::Ready(Ok(0) | Err(_)) if seen.is_pending() => return Poll::Ready(None),
                Poll::Ready(Ok(0) | Err(_)) => return seen, // the runtime has ended between two reads
                Poll::Pending => return seen,
            }
        }
    }

    /// The runtime that it waited with has ended: it waits with the one of this thread.
    fn move_here(&mut self) -> io::Result<()> {
        let same = self.received.as_fd().try_clone_to_owned()?;
        self.received = UnixStream::from_std(StdStream::from(same))?;
        Ok(())
    }
}

impl Drop for Signal {
    fn drop(&mut self) {
        low_level::unregister(self.registration);
    }
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signal").field("kind", &self.kind).finish_non_exhaustive()
    }
}

static_assertions::assert_impl_all!(Signal: Send, Sync, Unpin);
