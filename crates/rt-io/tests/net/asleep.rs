//! Whether a thread sleeps: so that a test can do something to it while it does.

use std::fs;
use std::thread;

/// This thread, for [`until`].
pub(crate) fn this_thread() -> String {
    let path = fs::read_link("/proc/thread-self").expect("Linux says who a thread is");
    format!("/proc/{}", path.display())
}

/// Until the thread, or the process, is in this state: `S` is asleep, `T` is stopped.
pub(crate) fn until(thread: &str, state: char) {
    loop {
        let stat = fs::read_to_string(format!("{thread}/stat")).expect("it has not ended");
        let (_, behind_its_name) = stat.rsplit_once(") ").expect("a name in parentheses");
        if behind_its_name.starts_with(state) {
            return;
        }
        thread::yield_now();
    }
}
