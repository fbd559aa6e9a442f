//! The hook: what happens to timers, in the order in which it happens. One observer a process, so one test.

use std::future::Future;
use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context, Waker};
use std::time::Duration;

use rt_testkit::within;
use rt_timer::{Clock, Instant, Observer, Timer, TimerDriver, observe, sleep};
use rt_waker::{Park, Parker, WakeBatch};

struct Book(Mutex<Vec<String>>);

static BOOK: Book = Book(Mutex::new(Vec::new()));

impl Book {
    fn note(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl Observer for Book {
    fn armed(&self, deadline: Instant) {
        let ahead = deadline.saturating_duration_since(Instant::now());
        self.note(format!("armed {ahead:?} ahead"));
    }

    fn fired(&self, count: usize) {
        self.note(format!("fired {count}"));
    }

    fn cancelled(&self) {
        self.note("cancelled".to_owned());
        panic!("an observer may panic: nobody's drop is to unwind because of it");
    }
}

fn poll(timer: &mut Timer) -> bool {
    Pin::new(timer).poll(&mut Context::from_waker(Waker::noop())).is_ready()
}

#[test]
fn an_observer_is_told_of_timers_that_are_armed_fire_and_are_dropped() {
    within(Duration::from_secs(20), || {
        let clock = Clock::manual();
        let mut driver = TimerDriver::new(Parker::new(), clock.clone());
        let _entered = driver.timers().enter();
        let mut unseen = sleep(Duration::from_secs(1));
        assert!(!poll(&mut unseen));
        assert!(observe(Some(&BOOK)).is_none(), "there was none before");
        let mut timers = [3, 3, 9].map(|seconds| sleep(Duration::from_secs(seconds)));
        assert!(timers.iter_mut().all(|timer| !poll(timer)));
        assert!(!poll(&mut timers[2]), "a second poll arms nothing");
        assert_eq!(BOOK.take(), ["armed 3s ahead", "armed 3s ahead", "armed 9s ahead"]);

        clock.advance(Duration::from_secs(5));
        let mut ready = WakeBatch::new();
        driver.park(Some(Duration::ZERO), &mut ready);
        assert_eq!(BOOK.take(), ["fired 3"]);
        assert!(poll(&mut timers[0]));
        drop(timers);
        assert_eq!(BOOK.take(), ["cancelled"], "of three timers two had fired");

        assert!(observe(None).is_some());
        let mut after = sleep(Duration::from_secs(1));
        assert!(!poll(&mut after));
        drop(after);
        assert!(BOOK.take().is_empty(), "it was switched off");
    });
}
