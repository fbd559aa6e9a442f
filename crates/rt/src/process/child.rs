//! A child process.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::mem;
use std::pin::Pin;
use std::process::{ExitStatus, Output};

use futures_io::AsyncRead;
use futures_util::future::try_join3;

use crate::process::exit::Running;
use crate::process::orphans;
use crate::process::stdio::{ChildStderr, ChildStdin, ChildStdout};

/// With so much room a read begins.
const ROOM: usize = 8 * 1024;

/// A child process. See [`Command`](crate::process::Command).
///
/// Dropped while it runs, it goes on running, unless [`kill_on_drop`] was said; it leaves no zombie either way.
///
/// [`kill_on_drop`]: crate::process::Command::kill_on_drop
///
/// ```
/// use futures::AsyncWriteExt;
/// use rt::process::Command;
/// use std::process::Stdio;
///
/// # rt::block_on(async {
/// let mut child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
/// let mut stdin = child.stdin.take().unwrap();
/// stdin.write_all(b"meow").await?;
/// drop(stdin); // the end of its input
/// assert_eq!(child.wait_with_output().await?.stdout, b"meow");
/// # Ok::<(), std::io::Error>(())
/// # })?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Child {
    /// What is written here the child reads, if its standard input is piped.
    pub stdin: Option<ChildStdin>,
    /// What the child writes can be read here, if its standard output is piped.
    pub stdout: Option<ChildStdout>,
    /// What the child writes can be read here, if its standard error is piped.
    pub stderr: Option<ChildStderr>,
    state: State,
    kill_on_drop: bool,
}

enum State {
    Running(Running),
    Ended(ExitStatus),
    /// At its drop alone.
    Left,
}

impl Child {
    pub(super) fn new(mut std: std::process::Child, kill_on_drop: bool) -> io::Result<Child> {
        let (stdin, stdout, stderr) = (std.stdin.take(), std.stdout.take(), std.stderr.take());
        let state = State::Running(Running::new(std));
        // Until its pipes are there nobody has it: it is not to run on.
        let mut child =
            Child { stdin: None, stdout: None, stderr: None, state, kill_on_drop: true };
        child.stdin = stdin.map(ChildStdin::from_std).transpose()?;
        child.stdout = stdout.map(ChildStdout::from_std).transpose()?;
        child.stderr = stderr.map(ChildStderr::from_std).transpose()?;
        child.kill_on_drop = kill_on_drop;
        Ok(child)
    }

    /// Its process number; `None` once its status was taken, since the number may be another's then.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        match &self.state {
            State::Running(running) => Some(running.child.id()),
            State::Ended(_) | State::Left => None,
        }
    }

    /// Waits for its end. Its standard input is dropped first, if it is still here: a child may wait for its end.
    ///
    /// Cancel safe. It may be called again, and gives the same.
    ///
    /// # Errors
    ///
    /// The system's; and if the runtime ends meanwhile.
    pub async fn wait(&mut self) -> io::Result<ExitStatus> {
        drop(self.stdin.take());
        match &mut self.state {
            State::Running(running) => {
                let status = running.wait().await?;
                self.state = State::Ended(status);
                Ok(status)
            }
            State::Ended(status) => Ok(*status),
            State::Left => unreachable!("[EX2] left at its drop alone"),
        }
    }

    /// How it ended; `None` if it runs.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        match &mut self.state {
            State::Running(running) => {
                let status = running.child.try_wait()?;
                status.into_iter().for_each(|status| self.state = State::Ended(status));
                Ok(status)
            }
            State::Ended(status) => Ok(Some(*status)),
            State::Left => unreachable!("[EX2] left at its drop alone"),
        }
    }

    /// Kills it, and does not wait for its end. A child that has ended is killed without an error.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn start_kill(&mut self) -> io::Result<()> {
        match &mut self.state {
            State::Running(running) => running.child.kill(),
            State::Ended(_) | State::Left => Ok(()),
        }
    }

    /// Kills it, and waits for its end.
    ///
    /// # Errors
    ///
    /// As of [`wait`](Child::wait).
    pub async fn kill(&mut self) -> io::Result<()> {
        self.start_kill()?;
        self.wait().await.map(drop)
    }

    /// Reads all that it writes to the pipes that are still here, and waits for its end.
    ///
    /// Dropped, it drops the child.
    ///
    /// # Errors
    ///
    /// As of [`wait`](Child::wait).
    pub async fn wait_with_output(mut self) -> io::Result<Output> {
        let (mut stdout, mut stderr) = (self.stdout.take(), self.stderr.take());
        let outputs = (read_to_end(&mut stdout), read_to_end(&mut stderr));
        let (status, stdout, stderr) = try_join3(self.wait(), outputs.0, outputs.1).await?;
        Ok(Output { status, stdout, stderr })
    }
}

/// All that comes, if there is a pipe.
async fn read_to_end<R: AsyncRead + Unpin>(pipe: &mut Option<R>) -> io::Result<Vec<u8>> {
    let mut all = Vec::new();
    let Some(pipe) = pipe else { return Ok(all) };
    let mut len = 0;
    loop {
        if all.len() == len {
            all.resize(len + len.max(ROOM), 0); // it doubles
        }
        match poll_fn(|cx| Pin::new(&mut *pipe).poll_read(cx, &mut all[len..])).await? {
            0 => break,
            count => len += count,
        }
    }
    all.truncate(len);
    Ok(all)
}

impl Drop for Child {
    fn drop(&mut self) {
        let State::Running(mut running) = mem::replace(&mut self.state, State::Left) else {
            return;
        };
        if self.kill_on_drop {
            let _has_ended = running.child.kill();
        }
        if matches!(running.child.try_wait(), Ok(None)) {
            orphans::adopt(running);
        }
    }
}

impl fmt::Debug for Child {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Child");
        match &self.state {
            State::Running(running) => debug.field("id", &running.child.id()),
            State::Ended(status) => debug.field("status", status),
            State::Left => &mut debug,
        };
        debug.field("kill_on_drop", &self.kill_on_drop).finish_non_exhaustive()
    }
}

static_assertions::assert_impl_all!(Child: Send, Sync, Unpin);

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;
    use std::os::fd::OwnedFd;
    use std::os::unix::fs::OpenOptionsExt;
    use std::process::{Command, Stdio};
    use std::thread;
    use std::time::Duration;

    use rustix::process::{Pid, test_kill_process};

    use super::Child;

    /// Of Linux: a descriptor that stands for a path, and can neither be read nor set.
    const O_PATH: i32 = 0o10_000_000;

    #[test]
    fn a_child_whose_pipe_fails_does_not_run_on() {
        rt_testkit::within(Duration::from_secs(60), || {
            let mut sleeper = Command::new("sleep");
            let mut std = sleeper.arg("1000000").stdin(Stdio::null()).spawn().unwrap();
            let pid = Pid::from_raw(std.id().try_into().unwrap()).unwrap();
            let path = OpenOptions::new().read(true).custom_flags(O_PATH).open("/").unwrap();
            std.stdout = Some(OwnedFd::from(path).into());
            assert!(Child::new(std, false).is_err(), "a path is a pipe");
            while test_kill_process(pid).is_ok() {
                thread::sleep(Duration::from_millis(1)); // until it was killed, and reaped
            }
        });
    }
}
