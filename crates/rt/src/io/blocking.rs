//! One operation at a time on what blocks: a buffer goes to the pool with it, and comes back.
//!
//! ```text
//!            start, start_write
//!   Idle ───────────────────────► Busy: the buffer is with the job
//!    ▲                              │
//!    └────── poll_done ─────────────┘
//! ```
//!
//! * **[BG1]** One operation is on its way, or none, and the buffer is with it. Who cancels a call drops a
//!   future that owns neither: the next call finds the operation, waits for it, and has what it read.
//! * **[BG2]** A write that was accepted is made, whole or to its error, whatever becomes of the handle and of the
//!   runtime: where the pool drops the job unrun, at the end of the runtime, the drop makes the write.
//! * **[BG3]** The error of a write that nobody waited for is that of the next call.
//!
//! Not here: who the operations are for. A file reads, writes and seeks; the standard streams write.
//!
//! `blocking::Unblock` of the smol stack does the same; but it brings a pool of its own, whose threads no
//! builder of ours limits, which a shutdown does not wait for, and for which a clock that stands would not stand.

use std::fmt;
use std::future::Future;
use std::io::{self, IoSlice};
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use rt_task::{Builder, JoinHandle};

use crate::context;
use crate::task::blocking;

/// So many bytes go with one operation, unless something else is asked for: as in tokio.
pub(crate) const MAX_BUF_SIZE: usize = 2 * 1024 * 1024;

/// Bytes on their way: to who reads, or to what is written.
#[derive(Default)]
pub(crate) struct Buf {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

/// What came of an operation.
#[derive(Debug)]
pub(crate) enum Done {
    /// How much was read, which is in the buffer.
    Read(io::Result<usize>),
    Written(io::Result<()>),
    /// Of a seek: where the cursor stands.
    Moved(io::Result<u64>),
    /// Of what may move the cursor, and is no seek.
    Settled(io::Result<()>),
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Blocking {
    state: State,
}

#[derive(Debug)]
enum State {
    Idle(Buf),
    Busy(JoinHandle<(Done, Buf)>),
}

impl Buf {
    /// What was read, and nobody has asked for yet.
    pub(crate) fn unread(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// Gives as much of that as there is room for.
    pub(crate) fn take(&mut self, room: &mut [u8]) -> usize {
        let count = room.len().min(self.end - self.start);
        room[..count].copy_from_slice(&self.bytes[self.start..self.start + count]);
        self.start += count;
        count
    }

    /// Forgets it, and says how much it was.
    pub(crate) fn discard(&mut self) -> usize {
        let count = self.end - self.start;
        (self.start, self.end) = (0, 0);
        count
    }

    /// Reads at most `most` bytes into it: it is empty. A read that a signal interrupts is made again.
    pub(crate) fn read(
        &mut self,
        most: usize,
        mut read: impl FnMut(&mut [u8]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        if self.bytes.len() < most {
            self.bytes.resize(most, 0);
        }
        (self.start, self.end) = (0, 0);
        let count = loop {
            match read(&mut self.bytes[..most]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read?,
            }
        };
        self.end = count.min(most);
        Ok(self.end)
    }

    /// Takes at most `most` bytes to be written, and says how many: it is empty.
    fn store(&mut self, bufs: &[IoSlice<'_>], most: usize) -> usize {
        self.bytes.clear();
        for buf in bufs {
            let count = buf.len().min(most - self.bytes.len());
            self.bytes.extend_from_slice(&buf[..count]);
        }
        (self.start, self.end) = (0, self.bytes.len());
        self.end
    }

    /// What is to be written, which is then forgotten.
    fn write(&mut self, write: impl FnOnce(&[u8]) -> io::Result<()>) -> io::Result<()> {
        let written = write(self.unread());
        self.discard();
        written
    }
}

impl Blocking {
    pub(crate) fn new() -> Blocking {
        Blocking { state: State::Idle(Buf::default()) }
    }

    /// Waits for the operation that is on its way, and says what came of it: `None` if none was. `Ready`, so
    /// nothing is on its way, and [`buf`](Blocking::buf) is there.
    ///
    /// # Errors
    ///
    /// That of a write [BG3]; and if the runtime ended before the operation began.
    pub(crate) fn poll_done(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Option<Done>>> {
        let State::Busy(job) = &mut self.state else { return Poll::Ready(Ok(None)) };
        let ended = ready!(Pin::new(job).poll(cx));
        self.state = State::Idle(Buf::default());
        let (done, buf) = ended?;
        self.state = State::Idle(buf);
        Poll::Ready(match done {
            Done::Written(Err(error)) => Err(error),
            done => Ok(Some(done)),
        })
    }

    /// Whether nothing is on its way. (Only a file is asked that.)
    pub(crate) fn is_idle(&self) -> bool {
        matches!(self.state, State::Idle(_))
    }

    /// The buffer: nothing is on its way.
    pub(crate) fn buf(&mut self) -> &mut Buf {
        match &mut self.state {
            State::Idle(buf) => buf,
            State::Busy(_) => unreachable!("[BG1] the buffer is with the operation"),
        }
    }

    /// Starts an operation: nothing is on its way.
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    pub(crate) fn start(
        &mut self,
        what: &str,
        operation: impl FnOnce(&mut Buf) -> Done + Send + 'static,
    ) {
        let runtime = context::here(what); // before the buffer leaves its place
        let mut buf = mem::take(self.buf());
        let job = move || (operation(&mut buf), buf);
        self.state = State::Busy(blocking::spawn_on(&runtime, what, Builder::new(), job));
    }

    /// Takes at most `most` bytes, and starts a write of them [BG2]: nothing is on its way. `write` is told how
    /// much was read and not asked for, which is forgotten. Says how many bytes it took.
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    pub(crate) fn start_write(
        &mut self,
        what: &str,
        (bufs, most): (&[IoSlice<'_>], usize),
        write: impl FnOnce(usize, &[u8]) -> io::Result<()> + Send + 'static,
    ) -> usize {
        let runtime = context::here(what);
        let mut buf = mem::take(self.buf());
        let unread = buf.discard();
        let count = buf.store(bufs, most);
        let accepted = Accepted { write: Some(move |bytes: &[u8]| write(unread, bytes)), buf };
        let job = move || accepted.run();
        self.state = State::Busy(blocking::spawn_on(&runtime, what, Builder::new(), job));
        count
    }
}

/// A write that will be made [BG2].
struct Accepted<W: FnOnce(&[u8]) -> io::Result<()>> {
    write: Option<W>,
    buf: Buf,
}

impl<W: FnOnce(&[u8]) -> io::Result<()>> Accepted<W> {
    fn run(mut self) -> (Done, Buf) {
        let written = self.write();
        (Done::Written(written), mem::take(&mut self.buf))
    }

    fn write(&mut self) -> io::Result<()> {
        self.write.take().map_or(Ok(()), |write| self.buf.write(write))
    }
}

impl<W: FnOnce(&[u8]) -> io::Result<()>> Drop for Accepted<W> {
    fn drop(&mut self) {
        let _nobody_asks = self.write();
    }
}

impl fmt::Debug for Buf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Buf").field("unread", &self.unread().len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::Buf;

    #[test]
    fn a_read_that_a_signal_interrupts_is_made_again() {
        let (mut buf, mut calls) = (Buf::default(), 0);
        let read = buf.read(4, |room| {
            calls += 1;
            if calls < 3 {
                return Err(ErrorKind::Interrupted.into());
            }
            room[..2].copy_from_slice(b"ab");
            Ok(2)
        });
        assert_eq!(read.expect("a signal is no error of the file"), 2);
        assert_eq!(buf.unread(), b"ab");
    }
}
