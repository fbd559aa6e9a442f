//! Chapter 6, part 8b: what a runtime does when a task panics, on runtimes of every kind.

use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any, resume_unwind};
use std::process::Command;
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use rt::runtime::{Builder, Handle, LocalRuntime, PanicPolicy, Runtime};
use rt::task;
use rt_testkit::{Tally, within};

const LIMIT: Duration = Duration::from_secs(60);

fn each_kind(policy: &PanicPolicy, test: impl Fn(Runtime)) {
    for mut builder in [Builder::new_current_thread(), Builder::new_multi_thread()] {
        let runtime = builder.worker_threads(2).on_task_panic(policy.clone()).build();
        test(runtime.expect("threads can be created"));
    }
}

fn local(policy: PanicPolicy) -> LocalRuntime {
    Builder::new_current_thread().on_task_panic(policy).build_local().unwrap()
}

/// What a `block_on` panics with.
fn panic_of<T>(block_on: impl FnOnce() -> T) -> String {
    let Err(payload) = catch_unwind(AssertUnwindSafe(block_on)) else {
        panic!("`block_on` returned")
    };
    payload.downcast_ref::<String>().expect("it panics with a text").clone()
}

/// Collects what a callback is told.
fn book() -> (PanicPolicy, Arc<Mutex<Vec<String>>>) {
    let book = Arc::new(Mutex::new(Vec::new()));
    let told = book.clone();
    let policy = PanicPolicy::callback(move |panic| {
        let payload = panic.payload().downcast_ref::<u32>();
        let place = (panic.place().file().ends_with("panic_policy.rs"), panic.place().line());
        let text = format!("{:?} {place:?} {:?} {payload:?}", panic.name(), panic.message());
        told.lock().unwrap().push(text);
    });
    (policy, book)
}

#[test]
fn unless_the_builder_says_otherwise_a_panic_is_its_joiners_alone() {
    within(LIMIT, || {
        each_kind(&PanicPolicy::default(), |runtime| {
            let bad = runtime.spawn(async { resume_unwind(Box::new("oh")) });
            let _: &rt::task::JoinHandle<()> = &bad;
            let good = runtime.spawn(async { 1 });
            runtime.block_on(async {
                assert!(bad.await.unwrap_err().is_panic());
                assert_eq!(good.await.unwrap(), 1);
                assert_eq!(rt::spawn(async { 2 }).await.unwrap(), 2);
            });
        });
    });
}

#[test]
fn a_callback_is_told_name_place_and_payload_before_the_joiner() {
    within(LIMIT, || {
        let (policy, told) = book();
        each_kind(&policy, |runtime| {
            runtime.block_on(async {
                let line = line!() + 1;
                let task = task::Builder::new().name("loud").spawn(async { panic_any("oh") });
                let error = task.await.map(|()| unreachable!()).unwrap_err();
                assert_eq!(error.into_panic().downcast_ref(), Some(&"oh"), "it is the joiner's");
                let name = "Some(\"loud\")";
                let expected = format!("{name} (true, {line}) Some(\"oh\") None");
                assert_eq!(told.lock().unwrap().drain(..).collect::<Vec<_>>(), [expected]);

                let line = line!() + 1;
                let job = rt::spawn_blocking(|| panic_any(7_u32));
                job.await.map(|()| unreachable!()).unwrap_err();
                let expected = format!("None (true, {line}) None Some(7)");
                assert_eq!(told.lock().unwrap().drain(..).collect::<Vec<_>>(), [expected]);
            });
        });
    });
}

#[test]
fn a_callback_is_told_of_local_tasks_and_of_those_nobody_joins() {
    within(LIMIT, || {
        let (policy, told) = book();
        let count = || std::mem::take(&mut *told.lock().unwrap()).len();
        each_kind(&policy, |runtime| {
            runtime.block_on(async {
                let local = rt::task::spawn_local(async { panic_any(1_u32) });
                assert!(local.await.is_err());
            });
            assert_eq!(count(), 1, "a local task of a root");
            let on_worker =
                runtime.handle().runtime_flavor() == rt::runtime::RuntimeFlavor::MultiThread;
            if on_worker {
                let task = runtime.spawn(async {
                    let local = rt::task::spawn_local(async { panic_any(2_u32) });
                    assert!(local.await.is_err());
                });
                runtime.block_on(task).unwrap();
                assert_eq!(count(), 1, "a local task of a worker");
            }
            let tally = Tally::new();
            let witness = tally.witness();
            drop(runtime.spawn(async move {
                let _held = witness;
                panic_any(3_u32);
            }));
            runtime.block_on(async {
                while tally.dropped() == 0 {
                    task::yield_now().await;
                }
            });
            drop(runtime);
            assert_eq!(count(), 1, "a task that nobody joins");
        });
        let runtime = local(policy.clone());
        let task = runtime.spawn_local(async { panic_any(4_u32) });
        assert!(runtime.block_on(task).is_err());
        assert_eq!(count(), 1, "a task of a local runtime");
    });
}

#[test]
fn a_callback_may_panic_itself_and_spawn() {
    within(LIMIT, || {
        let (sender, ran) = mpsc::channel();
        let policy = PanicPolicy::callback(move |_| {
            let sender = sender.clone();
            drop(rt::spawn(async move { sender.send(()).unwrap() }));
            panic!("in the callback");
        });
        let runtime = Builder::new_multi_thread().on_task_panic(policy).build().unwrap();
        let task = runtime.spawn(async { resume_unwind(Box::new("oh")) });
        let _: &rt::task::JoinHandle<()> = &task;
        assert!(runtime.block_on(task).unwrap_err().is_panic(), "the joiner hangs or is misled");
        ran.recv().expect("the callback runs in the context of the runtime");
    });
}

#[test]
fn with_shutdown_a_panic_cancels_all_and_every_block_on_panics() {
    within(LIMIT, || {
        each_kind(&PanicPolicy::Shutdown, |runtime| {
            let tally = Tally::new();
            let other = runtime.spawn({
                let witness = tally.witness();
                async move {
                    let _held = witness;
                    pending::<()>().await;
                }
            });
            let ready = Arc::new(Barrier::new(3));
            let handle = runtime.handle().clone();
            thread::scope(|scope| {
                // Roots that nothing else would wake.
                let by_runtime = scope.spawn(|| {
                    let root = async {
                        ready.wait();
                        pending::<()>().await;
                    };
                    panic_of(|| runtime.block_on(root))
                });
                let by_handle = scope.spawn(|| {
                    let root = async {
                        ready.wait();
                        pending::<()>().await;
                    };
                    panic_of(|| handle.block_on(root))
                });
                ready.wait();
                drop(runtime.spawn(async { resume_unwind(Box::new("oh")) }));
                for message in [by_runtime.join().unwrap(), by_handle.join().unwrap()] {
                    assert!(message.contains("`PanicPolicy::Shutdown`"), "{message}");
                    assert!(message.contains("panicked: oh"), "{message}");
                }
            });
            let message = panic_of(|| runtime.block_on(async {}));
            assert!(message.contains("panicked: oh"), "a later root runs: {message}");
            let late = runtime.spawn(async {});
            let job = runtime.spawn_blocking(|| ());
            drop(runtime);
            assert_eq!(tally.dropped(), 1, "a task outlived the runtime");
            for handle in [other, late, job] {
                assert!(rt::parts::executor::block_on(handle).unwrap_err().is_cancelled());
            }
        });
    });
}

#[test]
fn with_shutdown_a_local_runtime_comes_down_too() {
    within(LIMIT, || {
        let runtime = local(PanicPolicy::Shutdown);
        drop(runtime.spawn_local(async { resume_unwind(Box::new("oh")) }));
        assert!(panic_of(|| runtime.block_on(pending::<()>())).contains("panicked: oh"));
    });
}

#[test]
fn with_shutdown_a_job_that_panics_brings_the_runtime_down_and_local_tasks_of_workers_end() {
    within(LIMIT, || {
        let tally = Tally::new();
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .on_task_panic(PanicPolicy::Shutdown)
            .build()
            .unwrap();
        let witness = tally.witness();
        let spawner = runtime.spawn(async move {
            drop(task::spawn_local(async move {
                let _held = witness;
                pending::<()>().await;
            }));
        });
        runtime.block_on(spawner).unwrap();
        drop(runtime.spawn_blocking(|| resume_unwind(Box::new("a job"))));
        assert!(panic_of(|| runtime.block_on(pending::<()>())).contains("panicked: a job"));
        while tally.dropped() == 0 {
            thread::yield_now(); // the workers leave by themselves, though the runtime is there
        }
    });
}

#[test]
fn with_shutdown_a_root_that_ended_before_is_not_woken() {
    within(LIMIT, || {
        let runtime =
            Builder::new_current_thread().on_task_panic(PanicPolicy::Shutdown).build().unwrap();
        for _ in 0..3 {
            runtime.block_on(async { task::yield_now().await });
        }
        let handle: Handle = runtime.handle().clone();
        drop(runtime);
        // The policy is the runtime's, and is gone with it.
        handle.block_on(async { task::yield_now().await });
    });
}

#[test]
#[ignore = "the body of another test, in a process of its own"]
fn a_program_whose_task_panics() {
    let runtime = Builder::new_multi_thread().on_task_panic(PanicPolicy::Abort).build().unwrap();
    let task = task::Builder::new().name("fatal");
    let _entered = runtime.enter();
    let task = task.spawn(async { resume_unwind(Box::new("oh")) });
    let _ = runtime.block_on(task);
}

#[test]
fn with_abort_the_process_ends_and_says_why() {
    within(LIMIT, || {
        let test = std::env::current_exe().unwrap();
        let arguments = ["a_program_whose_task_panics", "--exact", "--ignored", "--nocapture"];
        let output = Command::new(test).args(arguments).output().unwrap();
        assert!(!output.status.success(), "the process went on");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("(\"fatal\"), spawned at "), "{said}");
        assert!(said.contains("panicked: oh: the process is aborted"), "{said}");
    });
}

#[test]
fn the_callback_goes_with_its_runtime() {
    within(LIMIT, || {
        let held = Arc::new(());
        let policy = PanicPolicy::callback({
            let held = held.clone();
            move |_| drop(held.clone())
        });
        each_kind(&policy, |runtime| {
            runtime.block_on(async { task::spawn_local(async {}).await.unwrap() });
        });
        drop(policy);
        assert_eq!(Arc::strong_count(&held), 1, "a callback outlives its runtime");
    });
}

#[test]
fn a_callback_may_end_its_runtime_and_does_not_wait_for_its_own_task_or_job() {
    within(LIMIT, || {
        for is_job in [false, true] {
            let slot = Arc::new(Mutex::new(None::<Runtime>));
            let (sender, report) = mpsc::channel();
            let held = slot.clone();
            let policy = PanicPolicy::callback(move |_| {
                let runtime = held.lock().unwrap().take().unwrap();
                sender.send(runtime.shutdown(LIMIT)).unwrap();
            });
            let runtime = Builder::new_multi_thread().on_task_panic(policy).build().unwrap();
            let handle = runtime.handle().clone();
            *slot.lock().unwrap() = Some(runtime);
            if is_job {
                drop(handle.spawn_blocking(|| resume_unwind(Box::new("oh"))));
            } else {
                drop(handle.spawn(async { resume_unwind(Box::new("oh")) }));
            }
            let report = report.recv().unwrap();
            assert!(report.is_complete(), "job {is_job}: it waits for itself: {report}");
        }
    });
}

#[test]
fn with_shutdown_the_last_worker_may_drop_the_runtime() {
    /// Dropped with the thread-locals of a worker.
    struct Last(Arc<Mutex<Option<Runtime>>>, mpsc::Sender<()>);
    impl Drop for Last {
        fn drop(&mut self) {
            let runtime = self.0.lock().unwrap().take();
            drop(runtime);
            self.1.send(()).unwrap();
        }
    }
    thread_local! {
        static LAST: std::cell::RefCell<Option<Last>> = const { std::cell::RefCell::new(None) };
    }
    within(LIMIT, || {
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .on_task_panic(PanicPolicy::Shutdown)
            .build()
            .unwrap();
        let handle = runtime.handle().clone();
        let (done, is_done) = mpsc::channel();
        let slot = Arc::new(Mutex::new(Some(runtime)));
        drop(handle.spawn(async move {
            LAST.with(|last| *last.borrow_mut() = Some(Last(slot, done)));
            resume_unwind(Box::new("oh"));
        }));
        is_done.recv().expect("a worker joins itself");
    });
}

#[test]
fn the_first_hook_of_a_thread_may_drop_the_runtime() {
    static SLOT: Mutex<Option<Runtime>> = Mutex::new(None);
    within(LIMIT, || {
        let (done, is_done) = mpsc::channel();
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .on_thread_start(move || {
                let runtime = SLOT.lock().unwrap().take();
                if runtime.is_some() {
                    drop(runtime);
                    done.send(()).unwrap();
                }
            })
            .build()
            .unwrap();
        let handle = runtime.handle().clone();
        runtime.block_on(runtime.spawn(async {})).unwrap();
        *SLOT.lock().unwrap() = Some(runtime);
        // A fresh thread takes the worker's place.
        drop(handle.spawn(async {
            task::block_in_place(|| thread::sleep(Duration::from_millis(50)));
        }));
        is_done.recv().expect("a thread waits for itself");
    });
}
