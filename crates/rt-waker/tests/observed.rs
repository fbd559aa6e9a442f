//! With the feature `observed`, the observer of tasks is told of their wakers. Alone in its process: there is one
//! observer a process.

use std::sync::Mutex;
use std::time::Duration;

use rt_task::{Id, Observer, Task};
use rt_testkit::{ByHand, poll_with_waker, within};

static TOLD: Mutex<Vec<(Id, &'static str)>> = Mutex::new(Vec::new());

struct Counting;

impl Counting {
    fn say(&self, task: Id, what: &'static str) {
        TOLD.lock().expect("no panic under the lock").push((task, what));
    }
}

impl Observer for Counting {
    fn waker_made(&self, task: Id) {
        self.say(task, "made");
    }

    fn waker_dropped(&self, task: Id) {
        self.say(task, "dropped");
    }

    fn woken(&self, task: Id, _: Option<Id>) {
        self.say(task, "woken");
    }
}

#[test]
fn every_waker_that_is_made_is_told_of_and_told_of_again_when_it_is_gone() {
    within(Duration::from_secs(20), || {
        rt_task::observe(Some(&Counting));
        let hand = ByHand::new();
        let (task, handle) = Task::new(async {}, hand.clone());
        let id = task.id();
        let first = rt_waker::waker(task.reference());
        let second = first.clone();
        let lent = rt_waker::waker_ref(&task);
        let third = lent.clone();
        first.wake_by_ref();
        first.wake();
        third.wake();
        drop(second);
        let _ = poll_with_waker(task);
        drop(handle);
        rt_task::observe(None);
        let told = TOLD.lock().expect("no panic under the lock");
        let ours: Vec<&str> =
            told.iter().filter(|(task, _)| *task == id).map(|(_, what)| *what).collect();
        let expected = [
            "made", "made", "made", // none for the one that is lent
            "woken", "woken", "dropped", // a wake first, so that it never looks forgotten
            "woken", "dropped", "dropped",
        ];
        assert_eq!(ours, expected, "a tool would say that the task has lost its waker");
    });
}
