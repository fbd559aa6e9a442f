//! Standard input, which is the process's.
//!
//! ```text
//!   a task                                 the thread `rt-stdin`
//!   1  finds nothing, asks, leaves         1  waits until it is asked
//!      its waker                           2  reads, as long as that takes, without a lock
//!   2  woken, takes what is there          3  leaves what it read, wakes all who wait
//! ```
//!
//! * **[SI1]** A read may take for ever, so no thread of a runtime makes it: one of the process does, which nobody waits
//!   for. A runtime ends, and the process, while it reads.
//! * **[SI2]** It reads only when it is asked. What was read for somebody who has gone stays for the next: no bytes are
//!   lost with a read that is cancelled, nor with a runtime.
//! * **[SI3]** An end, or an error, is that of one read: who waited for this read gets it. Who asks again has it read
//!   again: a terminal goes on behind an end.
//! * **[SI4]** A waker stands under the number of its handle, which takes it away at its drop: nobody is woken for who
//!   has gone, and no task is kept.

use std::io::{self, Read};
use std::os::fd::{AsRawFd, RawFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::thread;

use rt_task::coop;
use rt_waker::WakeBatch;

use crate::io::forward::futures_read;

/// So much is read at once, if it is there.
const CHUNK: usize = 64 * 1024;

static INPUT: Mutex<Input> = Mutex::new(Input {
    bytes: Vec::new(),
    taken: 0,
    is_asked: false,
    has_thread: false,
    reads: 0,
    last: Last::Bytes,
    waiting: Vec::new(),
});

static ASKED: Condvar = Condvar::new();

static NEXT_KEY: AtomicU64 = AtomicU64::new(0);

struct Input {
    bytes: Vec<u8>,
    /// How many of these were taken.
    taken: usize,
    /// A read is to be made, or being made.
    is_asked: bool,
    has_thread: bool,
    /// How many reads were made.
    reads: u64,
    last: Last,
    /// One for each handle that waits.
    waiting: Vec<(u64, Waker)>,
}

/// What came of the last read.
enum Last {
    Bytes,
    End,
    Error(io::Error),
}

/// Standard input. Names and behaviour are tokio's.
///
/// All handles read the same input, and what one has read no other gets. For a program that is used by a person at a
/// terminal, and reads lines, a thread with std's `read_line` does as well.
///
/// A read that waits for input when the runtime is dropped holds up nothing. A read that is cancelled takes nothing
/// away. While a read waits here, std's standard input is locked.
///
/// ```no_run
/// use futures::AsyncReadExt;
///
/// # rt::block_on(async {
/// let mut text = String::new();
/// rt::io::stdin().read_to_string(&mut text).await?;
/// # Ok::<(), std::io::Error>(())
/// # })?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Stdin {
    /// The number of this handle [SI4].
    key: u64,
    /// The number of the read that it waits for [SI3].
    waits_for: Option<u64>,
}

/// A handle of standard input.
#[must_use]
pub fn stdin() -> Stdin {
    Stdin { key: NEXT_KEY.fetch_add(1, Ordering::Relaxed), waits_for: None }
}

fn input() -> MutexGuard<'static, Input> {
    INPUT.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Input {
    fn take(&mut self, room: &mut [u8]) -> usize {
        let left = &self.bytes[self.taken..];
        let count = left.len().min(room.len());
        room[..count].copy_from_slice(&left[..count]);
        self.taken += count;
        count
    }

    /// What came of a read without bytes, if it is the last one.
    fn end_of(&mut self, read: u64) -> Option<io::Result<usize>> {
        if read != self.reads {
            return None;
        }
        match std::mem::replace(&mut self.last, Last::End) {
            Last::Bytes => {
                self.last = Last::Bytes; // another has taken them
                None
            }
            Last::End => Some(Ok(0)),
            Last::Error(error) => {
                // One gets it as it is, others who waited a copy.
                self.last = Last::Error(
                    error
                        .raw_os_error()
                        .map_or_else(|| error.kind().into(), io::Error::from_raw_os_error),
                );
                Some(Err(error))
            }
        }
    }

    /// Takes the waker of a handle away [SI4].
    fn leave(&mut self, key: u64) -> Option<Waker> {
        let at = self.waiting.iter().position(|(waiting, _)| *waiting == key)?;
        Some(self.waiting.swap_remove(at).1)
    }

    /// Has a read made, unless one is on its way. Its number.
    fn ask(&mut self) -> io::Result<u64> {
        if !self.has_thread {
            thread::Builder::new().name("rt-stdin".into()).spawn(read_when_asked)?;
            self.has_thread = true;
        }
        self.is_asked = true;
        ASKED.notify_one();
        Ok(self.reads + 1)
    }
}

fn read_when_asked() {
    let mut bytes = Vec::new();
    loop {
        let mut input = ASKED
            .wait_while(input(), |input| !input.is_asked)
            .unwrap_or_else(PoisonError::into_inner);
        bytes = std::mem::replace(&mut input.bytes, bytes); // all of them were taken
        input.taken = 0;
        input.bytes.clear();
        drop(input);

        bytes.resize(CHUNK, 0);
        let read = loop {
            match io::stdin().read(&mut bytes) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        bytes.truncate(*read.as_ref().unwrap_or(&0));

        let mut input = self::input();
        std::mem::swap(&mut input.bytes, &mut bytes);
        input.last = match read {
            Ok(0) => Last::End,
            Ok(_) => Last::Bytes,
            Err(error) => Last::Error(error),
        };
        input.reads += 1;
        input.is_asked = false;
        let mut ready = WakeBatch::new();
        input.waiting.drain(..).for_each(|(_, waker)| ready.push(waker));
        drop(input);
        ready.wake_all();
    }
}

impl Stdin {
    pub(super) fn poll_read_into(
        &mut self,
        cx: &mut Context<'_>,
        room: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        if room.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let proceed = ready!(coop::poll_proceed(cx));
        let waker = cx.waker().clone(); // outside of the lock
        let mut input = input();
        let count = input.take(room);
        let waited_for = self.waits_for.take();
        let done = match count {
            0 => waited_for.and_then(|read| input.end_of(read)),
            count => Some(Ok(count)),
        };
        if let Some(done) = done {
            drop(input);
            proceed.made_progress();
            return Poll::Ready(done);
        }
        self.waits_for = Some(input.ask()?);
        let old = input.leave(self.key);
        input.waiting.push((self.key, waker));
        drop(input);
        drop(old);
        Poll::Pending
    }
}

impl Drop for Stdin {
    fn drop(&mut self) {
        let gone = input().leave(self.key);
        drop(gone); // outside of the lock
    }
}

futures_read!(Stdin);

impl AsRawFd for Stdin {
    fn as_raw_fd(&self) -> RawFd {
        io::stdin().as_raw_fd()
    }
}
