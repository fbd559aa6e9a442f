//! What a listener does when there are no descriptors left.
//!
//! * **[NT5]** A loop that accepts and goes on after each error would take a whole core while no descriptor is
//!   free: the connection keeps waiting, and so the listener stays ready (tokio #3529). So behind an error of
//!   that kind the next call waits a moment first, on a thread that may block: each call still says so.
//!   (`poll_accept` has nothing to wait with, and does not.)

use std::io;
use std::thread;
use std::time::Duration;

use rt_task::sync::{AtomicBool, Ordering};
use rustix::io::Errno;

use crate::reactor::Handle;

/// Long enough to cost little, and short enough for who waits to be let in.
const PAUSE: Duration = Duration::from_millis(10);

/// Whether the last call found no descriptor, or no memory for one.
#[derive(Debug)]
pub(crate) struct Patience {
    is_exhausted: AtomicBool,
}

impl Patience {
    pub(crate) fn new() -> Patience {
        Patience { is_exhausted: AtomicBool::new(false) }
    }

    /// Waits, if the call before found nothing free. Without a thread to wait on it does not.
    pub(crate) async fn wait(&self) {
        if self.is_exhausted.load(Ordering::Relaxed)
            && self.is_exhausted.swap(false, Ordering::Relaxed)
            && let Ok(handle) = Handle::here()
        {
            let _woken = handle.offload(|| thread::sleep(PAUSE)).await;
        }
    }

    /// Remembers what a call said.
    pub(crate) fn note<R>(&self, done: io::Result<R>) -> io::Result<R> {
        let is_exhausted = done.as_ref().is_err_and(|error| {
            let all = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM];
            error
                .raw_os_error()
                .is_some_and(|code| all.iter().any(|one| one.raw_os_error() == code))
        });
        if is_exhausted {
            self.is_exhausted.store(true, Ordering::Relaxed);
        }
        done
    }
}
