//! Push, then ring: how a task from elsewhere reaches an executor that sleeps.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Wake, Waker};
use std::thread;
use std::time::Duration;

use rt_executor::{Core, Fifo};
use rt_testkit::{CountingWaker, within};

const DEADLINE: Duration = Duration::from_secs(10);

#[test]
fn what_comes_from_another_thread_is_ready_and_rings_the_bell() {
    within(DEADLINE, || {
        let (bell, rings) = CountingWaker::new();
        let core = Core::new(Fifo::new(), (), bell);
        assert!(!core.is_ready(), "a new executor has something to do: it never sleeps");
        let handle = core.handle();
        thread::spawn(move || drop(handle.spawn(async {}))).join().expect("a spawn does not panic");
        assert!(core.is_ready(), "a task from another thread is nowhere to be found");
        assert_eq!(rings.count(), 1, "the executor sleeps on a ready task [B3]");
    });
}

#[test]
fn who_comes_behind_the_first_one_rings_no_bell() {
    within(DEADLINE, || {
        let (bell, rings) = CountingWaker::new();
        let core = Core::new(Fifo::new(), (), bell);
        let handle = core.handle();
        for _ in 0..100 {
            drop(handle.spawn(async {}));
        }
        assert_eq!(rings.count(), 1, "each wake costs a system call, though one is enough [B3]");
        assert_eq!(core.alive(), 100, "a task was lost");
    });
}

/// A thread that looks into the inbox as soon as the bell rings, before the ringing one goes on.
#[derive(Default)]
struct Looks {
    core: Mutex<Option<Core<Fifo, ()>>>,
    found: AtomicUsize,
}

impl Wake for Looks {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let core = self.core.lock().expect("nobody panics under it");
        let is_ready = core.as_ref().is_some_and(Core::is_ready);
        self.found.fetch_add(usize::from(is_ready), Ordering::Relaxed);
    }
}

#[test]
fn whoever_comes_when_the_bell_rings_finds_the_task() {
    within(DEADLINE, || {
        let looks = Arc::new(Looks::default());
        let core = Core::new(Fifo::new(), (), Waker::from(looks.clone()));
        let handle = core.handle();
        *looks.core.lock().expect("nobody panics under it") = Some(core);
        drop(handle.spawn(async {}));
        let found = looks.found.load(Ordering::Relaxed);
        assert_eq!(found, 1, "the thread is woken, finds nothing, and sleeps on the task [B3]");
        let core = looks.core.lock().expect("nobody panics under it").take();
        drop(core); // it has the bell, and the bell has it
    });
}
