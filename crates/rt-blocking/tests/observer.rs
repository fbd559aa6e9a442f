//! Who is told what becomes of each job.

use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use rt_blocking::{Config, Observer};
use rt_task::{Builder, TaskRef};
use rt_testkit::within;

#[derive(Clone, Default)]
struct Book(Arc<Mutex<Vec<String>>>);

impl Book {
    fn note(&self, what: &str, job: &TaskRef) {
        let name = job.name().unwrap_or("nameless");
        self.0.lock().unwrap().push(format!("{what} {name}"));
    }
}

impl Observer for Book {
    fn queued(&self, job: &TaskRef) {
        self.note("queued", job);
        panic!("an observer may panic: no job is lost because of it");
    }

    fn started(&self, job: &TaskRef) {
        self.note("started", job);
        panic!("an observer may panic: the job runs all the same");
    }

    fn ended(&self, job: &TaskRef) {
        assert!(job.is_done(), "it is told when that is seen");
        self.note("ended", job);
        panic!("an observer may panic: the thread takes the next job");
    }
}

#[test]
fn an_observer_is_told_of_jobs_that_are_queued_run_and_end() {
    within(Duration::from_secs(20), || {
        let book = Book::default();
        let pool = Config::new().max_threads(1).observer(book.clone()).build();
        let (gate, wait) = mpsc::channel::<()>();
        let spawn = |name, job: Box<dyn FnOnce() + Send>| {
            pool.spawn_with(Builder::new().name(name), job).expect("a thread can be created")
        };
        let first = spawn("first", Box::new(move || assert!(wait.recv().is_err())));
        let second = spawn("second", Box::new(|| ()));
        let aborted = spawn("aborted", Box::new(|| unreachable!("it was aborted")));
        aborted.abort();
        drop(gate);
        rt_toy::block_on(async {
            first.await.unwrap();
            second.await.unwrap();
            assert!(aborted.await.unwrap_err().is_cancelled());
        });
        pool.join(Duration::MAX);
        let told = book.0.lock().unwrap().clone();
        let of = |name: &str| -> Vec<&str> {
            let lines = told.iter().filter_map(|line| line.split_once(' '));
            lines.filter(|(_, whose)| *whose == name).map(|(what, _)| what).collect()
        };
        assert_eq!(of("first"), ["queued", "started", "ended"]);
        assert_eq!(of("second"), ["queued", "started", "ended"]);
        assert_eq!(of("aborted"), ["queued"], "it never ran");
    });
}
