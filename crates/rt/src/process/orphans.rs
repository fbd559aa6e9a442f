//! Children that nobody waits for any more: their status is taken, so that they leave no zombies.
//!
//! * **[OR1]** One thread of the process has them all, started by the first. It outlives every runtime: a child may.
//! * **[OR2]** Where the system gives no thread, they stay until the next child is left, which tries again.
//! * **[OR3]** Where it gives no descriptor to wait with, they are asked every second whether they have ended.
//! * **[OR4]** Where the thread ends by a panic, the next child that is left starts another.

use std::future::poll_fn;
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use crate::process::exit::Running;
use crate::runtime::LocalRuntime;
use crate::task::spawn_local;
use crate::time::sleep;

/// So long until a child is asked again [OR3].
const AGAIN: Duration = Duration::from_secs(1);

static INBOX: Mutex<Inbox> =
    Mutex::new(Inbox { children: Vec::new(), bell: None, has_reaper: false });

struct Inbox {
    children: Vec<Running>,
    bell: Option<Waker>,
    has_reaper: bool,
}

fn inbox() -> MutexGuard<'static, Inbox> {
    INBOX.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes a child over that runs.
pub(super) fn adopt(child: Running) {
    let mut inbox = inbox();
    inbox.children.push(child);
    let bell = inbox.bell.take();
    if !inbox.has_reaper {
        let reaper = thread::Builder::new().name("rt-reaper".into()).spawn(reap);
        inbox.has_reaper = reaper.is_ok(); // [OR2]
    }
    drop(inbox);
    bell.into_iter().for_each(Waker::wake);
}

/// Waits for all of them.
fn reap() {
    let _reaper = Reaper;
    let runtime = loop {
        if let Ok(runtime) = LocalRuntime::new() {
            break runtime;
        }
        inbox().children.retain_mut(runs); // [OR3]
        thread::sleep(AGAIN);
    };
    runtime.block_on(async {
        loop {
            for child in next().await {
                drop(spawn_local(until_ended(child)));
            }
        }
    });
}

/// Waits for one.
async fn until_ended(mut child: Running) {
    while child.wait().await.is_err() && runs(&mut child) {
        sleep(AGAIN).await; // [OR3]
    }
}

/// Whether its status is still to be taken. (Where that is an error, somebody else has taken it.)
fn runs(child: &mut Running) -> bool {
    matches!(child.child.try_wait(), Ok(None))
}

/// The thread that has them all, as long as it is there [OR4].
struct Reaper;

impl Drop for Reaper {
    fn drop(&mut self) {
        inbox().has_reaper = false;
    }
}

/// Those that came.
async fn next() -> Vec<Running> {
    poll_fn(|cx| {
        let bell = cx.waker().clone();
        let mut inbox = inbox();
        if inbox.children.is_empty() {
            let old = inbox.bell.replace(bell);
            drop(inbox);
            drop(old);
            return Poll::Pending;
        }
        Poll::Ready(mem::take(&mut inbox.children))
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::thread;
    use std::time::Duration;

    use rustix::process::{Pid, test_kill_process};

    use super::{Reaper, adopt, inbox};
    use crate::process::exit::Running;

    #[test]
    fn after_a_panic_of_the_reaper_the_next_child_is_reaped() {
        rt_testkit::within(Duration::from_secs(60), || {
            inbox().has_reaper = true;
            let reaper = thread::spawn(|| {
                let _reaper = Reaper;
                panic!("the reaper panics");
            });
            reaper.join().unwrap_err();
            let child = Command::new("true").spawn().unwrap();
            let pid = Pid::from_raw(child.id().try_into().unwrap()).unwrap();
            adopt(Running::new(child));
            while test_kill_process(pid).is_ok() {
                thread::sleep(Duration::from_millis(1)); // a zombie has its number still
            }
        });
    }
}
