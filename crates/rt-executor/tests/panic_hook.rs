//! Who is told of a panic, beside the joiner; and an executor that is closed from elsewhere.

use std::future::pending;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rt_executor::{Executor, OnPanic, block_on};
use rt_task::JoinHandle;
use rt_testkit::{Tally, within};

const DEADLINE: Duration = Duration::from_secs(20);

#[derive(Clone, Default)]
struct Book(Arc<Mutex<Vec<&'static str>>>);

impl Book {
    fn hook(&self) -> OnPanic {
        let book = self.clone();
        Arc::new(move |_, payload| {
            book.0.lock().unwrap().push(payload.downcast_ref::<&str>().unwrap());
        })
    }

    fn told(&self) -> Vec<&'static str> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

fn panics(executor: &Executor, text: &'static str) -> JoinHandle<()> {
    executor.spawn(async move { resume_unwind(Box::new(text)) })
}

#[test]
fn each_executor_has_a_hook_of_its_own_and_the_last_one_counts() {
    within(DEADLINE, || {
        let (one, two) = (Executor::new(), Executor::new());
        let (first, second, other) = (Book::default(), Book::default(), Book::default());
        one.handle().on_panic(first.hook());
        one.local_handle().on_panic(second.hook());
        two.handle().on_panic(other.hook());
        assert!(one.run(panics(&one, "one")).unwrap_err().is_panic());
        assert!(two.run(panics(&two, "two")).unwrap_err().is_panic());
        assert_eq!(first.told(), Vec::<&str>::new(), "a hook that was replaced");
        assert_eq!((second.told(), other.told()), (vec!["one"], vec!["two"]));
    });
}

#[test]
fn a_hook_ends_with_its_executor_though_another_takes_the_same_site() {
    within(DEADLINE, || {
        let book = Book::default();
        let gone = Executor::new();
        let handle = gone.handle();
        handle.on_panic(book.hook());
        drop(gone);
        let next = Executor::new();
        handle.on_panic(book.hook()); // too late: it is nobody's handle
        assert!(next.run(panics(&next, "not yours")).unwrap_err().is_panic());
        assert_eq!(book.told(), Vec::<&str>::new(), "the hook of a runtime that is gone is told");
        assert_eq!(Arc::strong_count(&book.0), 1, "a hook outlives its executor");
    });
}

#[test]
fn who_closes_an_executor_from_elsewhere_cancels_its_tasks_and_lets_none_in() {
    within(DEADLINE, || {
        let executor = Executor::new();
        let tally = Tally::new();
        let witness = tally.witness();
        let task = executor.spawn(async move {
            let _held = witness;
            pending::<()>().await;
        });
        let done = executor.spawn(async {});
        executor.run(done).unwrap();
        let handle = executor.handle();
        let closed = thread::spawn(move || handle.close()).join().unwrap();
        let ids: Vec<_> = closed.iter().map(|task| task.id()).collect();
        assert_eq!(ids, [task.id()], "who was alive");
        assert_eq!(tally.dropped(), 0, "it was dropped on another thread");
        assert!(executor.run(task).unwrap_err().is_cancelled());
        assert_eq!(tally.dropped(), 1);
        assert!(block_on(executor.spawn(async {})).unwrap_err().is_cancelled());
        assert!(executor.handle().is_closed());
        assert_eq!(executor.run(async { 7 }), 7, "its own thread still runs a root");
    });
}
