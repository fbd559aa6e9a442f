//! In which order a team ends: nobody is let in, all are cancelled, and then the workers leave.
//!
//! ```text
//!   who closes                           a worker
//!   1  closes the lists                  1  looks whether the end was said
//!   2  aborts all that stand in them     2  and then asks the lists: is nobody alive?
//!   3  says so                           3  leaves, or polls, or sleeps behind a last look at 1 and 2
//!   4  wakes all
//! ```
//!
//! * **[EN1]** A spawn comes before the first step, and the second finds it; or it comes later, and is
//!   refused. So behind the second step nobody is alive who was not aborted.
//! * **[EN2]** Whoever sees that the end was said sees lists that are closed: a count of zero stays zero.
//!   So a worker that leaves leaves nobody behind.
//! * **[EN3]** A worker sleeps behind a last look, which sees the end, or it is one of those who are
//!   woken for it. Whoever ends the last task of all wakes all once more, if the end was said.
//!
//! Does who ends the last task see that the end was said, if anybody sleeps who needs him? Such a worker has
//! seen it, and then asked the lists, and found that task: under the lock of a list that the last one took later.
//! So what it saw before, he sees. Those who have not seen it are woken by who says it. And of two who empty two
//! lists at once, the later one at either lock finds both empty.
//!
//! Not here: how one waits for workers to leave, which is `presence.rs`.

use rt_task::TaskRef;
use rt_task::sync::{AtomicBool, Ordering};

/// Whether a team ends, and how it comes to that.
#[derive(Debug)]
pub struct Ending {
    is_said: AtomicBool,
}

impl Ending {
    /// Not yet.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "loom's atomics have none")]
    pub fn new() -> Ending {
        Ending { is_said: AtomicBool::new(false) }
    }

    /// Closes a team: its lists with `close`; aborts the `tasks` that are alive, and says which; and has
    /// `wake_all` wake all workers.
    pub fn close(
        &self,
        close: impl FnOnce(),
        tasks: impl FnOnce() -> Vec<TaskRef>,
        wake_all: impl FnOnce(),
    ) -> Vec<TaskRef> {
        close();
        let tasks = tasks();
        tasks.iter().for_each(TaskRef::abort);
        // Received like a push: by the lock of `idle` or of `vacancies`, or the fence of a last look.
        self.is_said.store(true, Ordering::Relaxed);
        wake_all();
        tasks
    }

    /// A list has become empty. `wake_all` wakes all workers if that was the last task of all.
    pub fn emptied(&self, is_nobody_alive: impl FnOnce() -> bool, wake_all: impl FnOnce()) {
        if self.is_over(is_nobody_alive) {
            wake_all();
        }
    }

    /// Whether it was said that the team ends.
    #[inline]
    pub fn is_said(&self) -> bool {
        self.is_said.load(Ordering::Relaxed)
    }

    /// Whether a worker may leave. `is_nobody_alive` asks the lists, if the end was said.
    #[inline]
    pub fn is_over(&self, is_nobody_alive: impl FnOnce() -> bool) -> bool {
        self.is_said() && is_nobody_alive()
    }

    /// For the next team.
    pub(crate) fn forget(&self) {
        self.is_said.store(false, Ordering::Relaxed);
    }
}
