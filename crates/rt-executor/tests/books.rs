//! What an executor counts, for who keeps books: its tasks, its turns, its end.

use std::cell::RefCell;
use std::future::pending;
use std::rc::Rc;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use rt_executor::{AtEnd, Executor, Fifo, Lease, Probe, yield_now};
use rt_task::Tally;
use rt_testkit::within;
use rt_waker::Parker;

const DEADLINE: Duration = Duration::from_secs(20);

/// Keeps the last tallies of those who end.
#[derive(Default)]
struct Books(Mutex<Vec<Tally>>);

impl AtEnd for Books {
    fn ended(&self, lease: Lease) {
        self.0.lock().unwrap().push(lease.tally());
    }
}

/// Spawned, completed, cancelled, panicked, alive.
fn see(tally: Tally) -> [u64; 5] {
    [tally.spawned, tally.completed, tally.cancelled, tally.panicked, tally.alive]
}

#[test]
fn an_executor_counts_its_tasks_by_how_they_end() {
    within(DEADLINE, || {
        let executor = Executor::new();
        let lease = executor.handle().lease();
        let waits = executor.spawn(pending::<()>());
        let panics = executor.spawn(async { std::panic::resume_unwind(Box::new("oh")) });
        let completes = executor.spawn(async {});
        assert_eq!(see(lease.tally()), [3, 0, 0, 0, 3]);
        executor.run(async {
            completes.await.unwrap();
            let panicked: Result<(), _> = panics.await;
            assert!(panicked.is_err());
        });
        assert_eq!(see(lease.tally()), [3, 1, 0, 1, 1]);
        waits.abort();
        executor.run_ready();
        assert_eq!(see(lease.tally()), [3, 1, 1, 1, 0]);
    });
}

#[test]
fn who_keeps_the_books_is_told_the_last_numbers_once_and_before_the_site_is_anothers() {
    within(DEADLINE, || {
        let books = Arc::new(Books::default());
        let executor = Executor::new();
        let lease = executor.local_handle().lease();
        lease.at_end(books.clone());
        let _waits = executor.spawn(pending::<()>());
        assert_eq!(books.0.lock().unwrap().len(), 0, "told before the end");
        drop(executor);
        let told: Vec<_> = books.0.lock().unwrap().iter().copied().map(see).collect();
        assert_eq!(told, [[1, 0, 1, 0, 0]], "the last numbers of an executor are lost");

        // The same place in memory: its end is none of the first one's.
        let next = Executor::new();
        let _other = next.spawn(pending::<()>());
        assert_eq!(lease.tally(), Tally::default(), "an executor that is over counts another's");
        drop(next);
        assert_eq!(books.0.lock().unwrap().len(), 1, "told of the end of another executor");
    });
}

#[test]
fn books_that_panic_keep_no_executor_from_its_end() {
    within(DEADLINE, || {
        struct Burning;
        impl AtEnd for Burning {
            fn ended(&self, _lease: Lease) {
                std::panic::resume_unwind(Box::new("oh"));
            }
        }
        let executor = Executor::new();
        executor.handle().lease().at_end(Arc::new(Burning));
        let waits = executor.spawn(pending::<()>());
        drop(executor);
        assert!(waits.is_finished());
    });
}

/// Notes how many wait after each turn.
struct Turns(Rc<RefCell<Vec<usize>>>);

impl Probe for Turns {
    fn turned(&mut self, waiting: usize) {
        self.0.borrow_mut().push(waiting);
    }
}

#[test]
fn the_probe_is_told_after_each_turn_how_many_wait() {
    within(DEADLINE, || {
        let turns = Rc::new(RefCell::new(Vec::new()));
        let executor = Executor::with(Parker::new(), Fifo::new(), Turns(turns.clone()));
        let tasks: Vec<_> = (0..100).map(|_| executor.spawn(yield_now())).collect();
        executor.run(async {
            for task in tasks {
                task.await.unwrap();
            }
        });
        // A turn is 64 polls: of 200 in all, with the first 64 tasks back behind the other 36.
        assert_eq!(*turns.borrow(), [100, 72, 8, 0]);
    });
}

#[test]
fn the_numbers_are_read_from_any_thread() {
    within(DEADLINE, || {
        let executor = Executor::new();
        let lease = executor.handle().lease();
        let (sender, receiver) = mpsc::channel();
        let _waits = executor.spawn(pending::<()>());
        let reader = thread::spawn(move || sender.send(see(lease.tally())).unwrap());
        reader.join().unwrap();
        assert_eq!(receiver.recv().unwrap(), [1, 0, 0, 0, 1]);
    });
}
