//! Children that nobody waits for any more: their status is taken, so that they leave no zombies.
//!
//! * **[OR1]** One thread of the process has them all, started by the first. It outlives every runtime: a child may.
//! * **[OR2]** Where the system gives no thread, they stay until the next child is left, which tries again.

use std::future::poll_fn;
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::thread;

use crate::process::exit::Running;
use crate::runtime::LocalRuntime;
use crate::task::spawn_local;

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
    let Ok(runtime) = LocalRuntime::new() else {
        inbox().has_reaper = false;
        return;
    };
    runtime.block_on(async {
        loop {
            for mut child in next().await {
                drop(spawn_local(async move { child.wait().await }));
            }
        }
    });
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
