//! Chapter 6, part 9: the end of a runtime, and what it says of those who were alive.

use std::future::pending;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use rt::runtime::{Builder, LocalRuntime, PanicPolicy, Runtime, ShutdownReport, TaskState};
use rt::task;
use rt_testkit::{Tally, within};

const LIMIT: Duration = Duration::from_secs(60);
const LONG: Duration = Duration::from_secs(30);

fn workers(workers: usize) -> Runtime {
    Builder::new_multi_thread().worker_threads(workers).build().unwrap()
}

fn each_kind(test: impl Fn(Runtime)) {
    test(Builder::new_current_thread().build().unwrap());
    test(workers(2));
}

fn counts(report: &ShutdownReport) -> (usize, usize, usize) {
    (report.completed, report.cancelled, report.left.len())
}

/// Says that it began, and goes on until the sender is dropped.
fn gate() -> (mpsc::Receiver<()>, mpsc::Sender<()>, impl FnOnce() + Send + 'static) {
    let ((begun, has_begun), (gate, wait)) = (mpsc::channel(), mpsc::channel::<()>());
    let body = move || {
        begun.send(()).unwrap();
        let _is_over = wait.recv();
    };
    (has_begun, gate, body)
}

/// Opens a gate when the runtime is closed: a spawn is refused then.
fn open_when_closed(runtime: &Runtime, gates: Vec<mpsc::Sender<()>>) -> thread::JoinHandle<()> {
    let handle = runtime.handle().clone();
    thread::spawn(move || {
        while !rt::parts::executor::block_on(async {
            let probe = handle.spawn(pending::<()>());
            probe.abort();
            probe.is_finished() // at once only if it was refused
        }) {
            thread::yield_now();
        }
        drop(gates);
    })
}

#[test]
fn an_idle_runtime_has_nothing_to_report() {
    within(LIMIT, || {
        each_kind(|runtime| {
            runtime.block_on(async { rt::spawn(async {}).await.unwrap() });
            let report = runtime.shutdown(LONG);
            assert_eq!(counts(&report), (0, 0, 0));
            assert!(report.is_complete());
            assert_eq!(report.to_string(), "0 completed, 0 cancelled, 0 left");
        });
    });
}

#[test]
fn tasks_that_wait_are_cancelled_and_counted_local_ones_too() {
    within(LIMIT, || {
        each_kind(|runtime| {
            let tally = Tally::new();
            let waits = || {
                let witness = tally.witness();
                async move {
                    let _held = witness;
                    pending::<()>().await;
                }
            };
            let mut expected = 3;
            for _ in 0..3 {
                drop(runtime.spawn(waits()));
            }
            if runtime.handle().runtime_flavor() == rt::runtime::RuntimeFlavor::MultiThread {
                let local = waits();
                let spawner = runtime.spawn(async { drop(task::spawn_local(local)) });
                runtime.block_on(spawner).unwrap();
                expected += 1;
            }
            let report = runtime.shutdown(LONG);
            assert_eq!(counts(&report), (0, expected, 0));
            assert_eq!(tally.dropped(), expected, "they are gone when the report is there");
        });
    });
}

#[test]
fn a_poll_that_goes_on_may_complete_and_so_may_a_job() {
    within(LIMIT, || {
        let runtime =
            Builder::new_multi_thread().worker_threads(1).max_blocking_threads(1).build().unwrap();
        let (task_begun, task_gate, body) = gate();
        let completes = runtime.spawn(async move { body() });
        let (job_begun, job_gate, body) = gate();
        let job = runtime.spawn_blocking(body);
        let queued = runtime.spawn_blocking(|| unreachable!("it is cancelled in the queue"));
        task_begun.recv().unwrap();
        job_begun.recv().unwrap();
        let waits = runtime.spawn(pending::<()>());
        let opener = open_when_closed(&runtime, vec![task_gate, job_gate]);
        let report = runtime.shutdown(LONG);
        opener.join().unwrap();
        // The probes of the opener are aborted while they wait, and counted.
        assert_eq!((report.completed, report.left.len()), (2, 0), "{report}");
        assert!(report.cancelled >= 2, "{report}");
        rt::parts::executor::block_on(async {
            completes.await.unwrap();
            job.await.unwrap();
            assert!(waits.await.unwrap_err().is_cancelled());
            assert!(queued.await.is_err_and(|error| error.is_cancelled()));
        });
    });
}

#[test]
fn who_would_not_stop_is_named_with_place_state_and_age() {
    within(LIMIT, || {
        let runtime = workers(1);
        let before = Instant::now();
        let ((begun, gate, body), line) = (gate(), line!() + 3);
        let stuck = {
            let _entered = runtime.enter();
            task::Builder::new().name("stuck").spawn(async move { body() })
        };
        begun.recv().unwrap();
        let behind = runtime.spawn(pending::<()>());
        // Long enough for the monitor to see the poll: it looks every 8 ms.
        while before.elapsed() < Duration::from_millis(100) {
            thread::yield_now();
        }
        let report = runtime.shutdown(Duration::from_millis(20));
        assert_eq!(counts(&report), (0, 0, 2), "{report}");
        assert!(!report.is_complete());
        let left = |id| report.left.iter().find(|left| left.id == id).expect("it is reported");
        let poll = left(stuck.id());
        assert_eq!((poll.name.as_deref(), poll.state), (Some("stuck"), TaskState::Running));
        assert_eq!((poll.place.file(), poll.place.line()), (file!(), line));
        let most = before.elapsed();
        assert!(poll.age >= Duration::from_millis(40) && poll.age <= most, "{:?}", poll.age);
        let queued = left(behind.id());
        assert_eq!((queued.name.as_deref(), queued.state), (None, TaskState::Queued));
        assert!(queued.age >= Duration::from_millis(20), "{:?}", queued.age);
        let text = report.to_string();
        assert!(text.starts_with("0 completed, 0 cancelled, 2 left\n  task "), "{text}");
        assert!(text.contains("(\"stuck\"), spawned at ") && text.contains(", in a poll for "));
        drop(gate);
        rt::parts::executor::block_on(async {
            stuck.await.unwrap(); // nobody waited, and it came to its end all the same
            assert!(behind.await.unwrap_err().is_cancelled());
        });
    });
}

#[test]
fn who_blocks_in_place_or_in_a_local_task_is_named_with_an_age_since_the_shutdown() {
    within(LIMIT, || {
        let runtime = workers(2);
        let (begun, gate_of_place, body) = gate();
        let in_place = runtime.spawn(async move { task::block_in_place(body) });
        begun.recv().unwrap();
        let (begun, gate_of_local, body) = gate();
        let spawner = runtime.spawn(async { Some(task::spawn_local(async move { body() })) });
        begun.recv().unwrap();
        let local = rt::parts::executor::block_on(spawner).unwrap().unwrap();
        let start = Instant::now();
        let report = runtime.shutdown(Duration::from_millis(20));
        let most = start.elapsed();
        let mut left: Vec<_> = report.left.iter().map(|left| (left.id, left.state)).collect();
        left.sort_by_key(|left| left.0);
        let mut expected = [in_place.id(), local.id()].map(|id| (id, TaskState::Running));
        expected.sort_by_key(|left| left.0);
        assert_eq!(left, expected, "{report}");
        let ages = report.left.iter().map(|left| left.age);
        assert!(ages.clone().all(|age| age >= Duration::from_millis(20)), "{report}");
        assert!(ages.clone().all(|age| age <= most), "{report}, in {most:?}");
        drop((gate_of_place, gate_of_local));
        for handle in [in_place, local] {
            rt::parts::executor::block_on(handle).unwrap();
        }
    });
}

#[test]
fn a_job_that_would_not_stop_is_named() {
    within(LIMIT, || {
        each_kind(|runtime| {
            let (begun, gate, body) = gate();
            let job = {
                let _entered = runtime.enter();
                task::Builder::new().name("disk").spawn_blocking(body)
            };
            begun.recv().unwrap();
            let report = runtime.shutdown(Duration::from_millis(10));
            assert_eq!(counts(&report), (0, 0, 1), "{report}");
            let left = &report.left[0];
            assert_eq!((left.name.as_deref(), left.state), (Some("disk"), TaskState::Blocking));
            assert!(left.age >= Duration::from_millis(10));
            drop(gate);
            rt::parts::executor::block_on(job).unwrap();
        });
    });
}

#[test]
fn in_a_task_of_its_own_a_shutdown_waits_for_nobody_and_does_not_count_itself() {
    within(LIMIT, || {
        let runtime = workers(2);
        let (sender, report) = mpsc::channel();
        let waits = runtime.spawn(pending::<()>());
        let handle = runtime.handle().clone();
        let shuts = handle.spawn(async move {
            sender.send(runtime.shutdown(LONG)).unwrap();
        });
        let report = report.recv().unwrap();
        assert_eq!(report.completed, 0, "{report}");
        assert!(report.left.iter().all(|left| left.id != shuts.id()), "{report}");
        assert_eq!(report.cancelled + report.left.len(), 1, "{report}");
        rt::parts::executor::block_on(async {
            assert!(waits.await.unwrap_err().is_cancelled());
            shuts.await.unwrap();
        });
    });
}

#[test]
fn in_a_task_of_its_own_a_shutdown_waits_for_no_job_either() {
    within(LIMIT, || {
        let runtime = workers(2);
        let (sender, report) = mpsc::channel();
        let handle = runtime.handle().clone();
        let shuts = handle.clone().spawn(async move {
            // A job that waits for this very task.
            let (begun, gate, body) = gate();
            let job = handle.spawn_blocking(body);
            begun.recv().unwrap();
            let report = runtime.shutdown(Duration::MAX);
            drop(gate);
            sender.send((report, job)).unwrap();
        });
        let (report, job) = report.recv().unwrap();
        assert_eq!((report.left.len(), report.left[0].state), (1, TaskState::Blocking), "{report}");
        rt::parts::executor::block_on(async {
            job.await.unwrap();
            shuts.await.unwrap();
        });
    });
}

#[test]
fn in_a_job_of_its_own_a_shutdown_waits_for_the_others() {
    within(LIMIT, || {
        each_kind(|runtime| {
            let (sender, report) = mpsc::channel();
            let waits = runtime.spawn(pending::<()>());
            let handle = runtime.handle().clone();
            let job = handle.spawn_blocking(move || sender.send(runtime.shutdown(LONG)).unwrap());
            let report = report.recv().unwrap();
            assert_eq!(counts(&report), (0, 1, 0), "{report}");
            rt::parts::executor::block_on(async {
                assert!(waits.await.unwrap_err().is_cancelled());
                job.await.unwrap();
            });
        });
    });
}

#[test]
fn a_panic_in_a_drop_counts_as_an_end_and_a_spawn_in_a_drop_is_cancelled() {
    struct OnDrop<F: FnMut()>(F);
    impl<F: FnMut()> Drop for OnDrop<F> {
        fn drop(&mut self) {
            (self.0)();
        }
    }
    within(LIMIT, || {
        each_kind(|runtime| {
            let (sender, late) = mpsc::channel();
            let spawns = OnDrop(move || sender.send(rt::spawn(async {})).unwrap());
            let panics = OnDrop(|| std::panic::resume_unwind(Box::new("in the drop")));
            drop(runtime.spawn(async move {
                let _spawns = spawns;
                pending::<()>().await;
            }));
            drop(runtime.spawn(async move {
                let _panics = panics;
                pending::<()>().await;
            }));
            let report = runtime.shutdown(LONG);
            assert_eq!(counts(&report), (1, 1, 0), "{report}");
            let late = late.recv().unwrap();
            assert!(rt::parts::executor::block_on(late).unwrap_err().is_cancelled());
        });
    });
}

#[test]
fn a_local_runtime_drops_its_tasks_at_once_and_waits_for_jobs_for_so_long() {
    within(LIMIT, || {
        let runtime = LocalRuntime::new().unwrap();
        let tally = Tally::new();
        let witness = tally.witness();
        drop(runtime.spawn_local(async move {
            let _held = witness;
            pending::<()>().await;
        }));
        let (begun, gate, body) = gate();
        let job = runtime.handle().spawn_blocking(body);
        begun.recv().unwrap();
        let report = runtime.shutdown(Duration::from_millis(10));
        assert_eq!(counts(&report), (0, 1, 1), "{report}");
        assert_eq!((tally.dropped(), report.left[0].state), (1, TaskState::Blocking));
        drop(gate);
        rt::parts::executor::block_on(job).unwrap();
        LocalRuntime::new().unwrap().shutdown_background();
    });
}

#[test]
fn after_a_policy_has_brought_the_runtime_down_the_report_has_who_would_not_stop_local_ones_too() {
    within(LIMIT, || {
        let runtime = Builder::new_multi_thread()
            .worker_threads(3)
            .on_task_panic(PanicPolicy::Shutdown)
            .build()
            .unwrap();
        let (begun, gate_of_stuck, body) = gate();
        let stuck = runtime.spawn(async move { body() });
        begun.recv().unwrap();
        let (begun, gate_of_local, body) = gate();
        let spawner = runtime.spawn(async { Some(task::spawn_local(async move { body() })) });
        begun.recv().unwrap();
        let local = rt::parts::executor::block_on(spawner).unwrap().unwrap();
        drop(runtime.spawn(async { std::panic::resume_unwind(Box::new("oh")) }));
        let root = std::panic::AssertUnwindSafe(|| runtime.block_on(pending::<()>()));
        assert!(std::panic::catch_unwind(root).is_err());
        let report = runtime.shutdown(Duration::from_millis(10));
        let left: Vec<_> = report.left.iter().map(|left| left.id).collect();
        assert_eq!(left, [stuck.id(), local.id()], "{report}");
        drop((gate_of_stuck, gate_of_local));
        for handle in [stuck, local] {
            rt::parts::executor::block_on(handle).unwrap();
        }
    });
}
