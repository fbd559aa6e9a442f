//! How one waits for the end of a child.
//!
//! * **[EX1]** The descriptor is readable when the child has ended, and from then on. The status is asked for
//!   before each wait, and after it: nobody waits for a child that has ended.
//! * **[EX2]** A process number is a child's as long as nobody has taken its status; whoever has the
//!   [`Child`](std::process::Child) of std takes it.

#[cfg(target_os = "linux")]
mod linux;

#[cfg(not(target_os = "linux"))]
mod other;

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, ExitStatus};
use std::thread;

use rt_io::{AsyncFd, Interest};
use rustix::io::Errno;
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

#[cfg(target_os = "linux")]
use linux as pidfd;
#[cfg(not(target_os = "linux"))]
use other as pidfd;

/// A child, and what becomes readable when it ends: nothing before it is waited for.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) child: Child,
    ended: Option<OwnedFd>,
}

impl Running {
    pub(super) fn new(child: Child) -> Running {
        Running { child, ended: None }
    }

    /// Waits for the end.
    ///
    /// Cancel safe. It waits with the runtime that it is called in, at each call.
    pub(super) async fn wait(&mut self) -> io::Result<ExitStatus> {
        if let Some(status) = self.child.try_wait()? {
            return Ok(status);
        }
        let ended = match self.ended.take() {
            Some(ended) => ended,
            None => open(&self.child)?,
        };
        let ended = self.ended.insert(ended);
        let ended = AsyncFd::with_interest(ended.as_fd(), Interest::READABLE)?;
        loop {
            let mut guard = ended.readable().await?;
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            guard.clear_ready(); // [EX1] it is not so: an end that comes now is a new event
        }
    }
}

/// What becomes readable when the child ends.
fn open(child: &Child) -> io::Result<OwnedFd> {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let pid = pid.ok_or(io::ErrorKind::InvalidInput)?;
    match pidfd::open(pid) {
        Err(error) if pidfd::is_missing(&error) => by_thread(pid),
        opened => opened,
    }
}

/// The same where there is no pidfd: a pipe that a thread closes when the child ends. The thread takes no status
/// [EX2].
fn by_thread(pid: Pid) -> io::Result<OwnedFd> {
    let (ended, open) = io::pipe()?;
    thread::Builder::new().name("rt-wait".into()).spawn(move || {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while matches!(waitid(WaitId::Pid(pid), options), Err(Errno::INTR)) {}
        drop(open);
    })?;
    Ok(ended.into())
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};
    use std::time::Duration;

    use rustix::process::Pid;

    use super::{Running, by_thread};

    #[test]
    fn without_a_pidfd_a_thread_waits() {
        rt_testkit::within(Duration::from_secs(60), || {
            let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
            let stdin = child.stdin.take();
            let ended = by_thread(Pid::from_raw(child.id().try_into().unwrap()).unwrap()).unwrap();
            let mut running = Running { child, ended: Some(ended) };
            crate::block_on(async {
                let mut wait = Box::pin(running.wait());
                assert!(
                    futures::poll!(wait.as_mut()).is_pending(),
                    "it has ended before its input"
                );
                drop(stdin);
                assert!(wait.await.unwrap().success(), "the thread took the status away");
            });
        });
    }
}
