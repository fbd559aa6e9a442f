//! Chapter 7: the runtime on threads of its own.

#![allow(clippy::async_yields_async, reason = "what is made inside is awaited outside")]

use std::collections::HashSet;
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use futures::channel::oneshot;
use rt::runtime::{Builder, Handle, Runtime, RuntimeFlavor};
use rt::task::{JoinSet, yield_now};
use rt::time::{self, Instant, sleep, timeout};
use rt_testkit::{Tally, within};

const LIMIT: Duration = Duration::from_secs(60);

fn runtime(workers: usize) -> Runtime {
    Builder::new_multi_thread().worker_threads(workers).build().unwrap()
}

fn message<T>(misuse: impl FnOnce() -> T) -> String {
    let payload = catch_unwind(AssertUnwindSafe(misuse)).map(|_| ()).unwrap_err();
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref().cloned()).expect("a panic with words")
}

#[test]
fn a_runtime_is_multi_threaded_unless_it_is_asked_otherwise() {
    #[cfg(feature = "macros")]
    #[rt::main]
    async fn program() -> RuntimeFlavor {
        Handle::current().runtime_flavor()
    }
    within(LIMIT, || {
        let multi = RuntimeFlavor::MultiThread;
        assert_eq!(Runtime::new().unwrap().handle().runtime_flavor(), multi);
        assert_eq!(rt::block_on(async { Handle::current().runtime_flavor() }), multi);
        #[cfg(feature = "macros")]
        assert_eq!(program(), multi);
        let root = thread::current().id();
        let worker =
            rt::block_on(async { rt::spawn(async { thread::current().id() }).await.unwrap() });
        assert_ne!(worker, root, "a task ran on the thread that blocks");
    });
}

#[test]
fn tasks_run_on_workers_also_when_nobody_blocks() {
    within(LIMIT, || {
        let runtime = runtime(2);
        assert_eq!(runtime.handle().runtime_flavor(), RuntimeFlavor::MultiThread);
        let here = thread::current().id();
        let (ran, has_run) = mpsc::channel();
        drop(runtime.spawn(async move { ran.send(thread::current().id()).unwrap() }));
        assert_ne!(has_run.recv().unwrap(), here);
        let there = runtime.block_on(async { rt::spawn(async { thread::current().id() }).await });
        assert_ne!(there.unwrap(), here, "a root's thread ran somebody else's task");
        assert_eq!(runtime.block_on(async { thread::current().id() }), here);
    });
}

#[test]
fn several_threads_block_on_one_runtime_at_once() {
    within(LIMIT, || {
        let runtime = runtime(2);
        thread::scope(|scope| {
            for number in 0..8 {
                let runtime = &runtime;
                scope.spawn(move || {
                    let sum = runtime.block_on(async move {
                        let mut set: JoinSet<u32> =
                            (0..100).map(|each| async move { each * number }).collect();
                        let mut sum = 0;
                        while let Some(each) = set.join_next().await {
                            sum += each.unwrap();
                        }
                        sum
                    });
                    assert_eq!(sum, 4950 * number);
                });
            }
        });
    });
}

#[test]
fn timers_fire_on_workers_and_in_roots_and_never_early() {
    within(LIMIT, || {
        let runtime = runtime(2);
        runtime.block_on(async {
            let tasks: Vec<_> = (0..200)
                .map(|number| {
                    rt::spawn(async move {
                        let (start, duration) =
                            (Instant::now(), Duration::from_micros(100 * number));
                        sleep(duration).await;
                        assert!(start.elapsed() >= duration, "early");
                    })
                })
                .collect();
            let start = Instant::now();
            sleep(Duration::from_millis(5)).await;
            assert!(start.elapsed() >= Duration::from_millis(5), "early");
            for task in tasks {
                task.await.unwrap();
            }
        });
    });
}

#[test]
fn a_timer_of_a_task_fires_when_all_sleep_and_nobody_blocks() {
    within(LIMIT, || {
        for _ in 0..20 {
            let runtime = runtime(2);
            let (ran, has_run) = mpsc::channel();
            drop(runtime.spawn(async move {
                sleep(Duration::from_millis(2)).await;
                ran.send(()).unwrap();
            }));
            has_run.recv_timeout(LIMIT).expect("nobody looks at the timers");
        }
    });
}

/// W3 of a root: its timeout does not wait for somebody's long poll.
#[test]
fn a_roots_timeout_holds_around_a_task_that_never_yields() {
    within(LIMIT, || {
        for workers in [1, 2] {
            let runtime = runtime(workers);
            let is_over = Arc::new(AtomicBool::new(false));
            let over = is_over.clone();
            let rude: Vec<_> = (0..workers)
                .map(|_| {
                    let over = over.clone();
                    runtime.spawn(async move {
                        while !over.load(Ordering::Relaxed) {
                            std::hint::spin_loop();
                        }
                    })
                })
                .collect();
            let late = runtime.block_on(timeout(Duration::from_millis(20), pending::<()>()));
            assert!(late.is_err());
            assert!(rude.iter().all(|task| !task.is_finished()));
            is_over.store(true, Ordering::Relaxed);
        }
    });
}

/// A timer and a spawn from outside while the worker that held the park computes.
#[test]
fn what_comes_while_the_parks_holder_computes_is_served_by_another() {
    within(LIMIT, || {
        let runtime = runtime(2);
        let (is_over, (began, has_begun)) = (Arc::new(AtomicBool::new(false)), mpsc::channel());
        let over = is_over.clone();
        let rude = runtime.spawn(async move {
            sleep(Duration::from_millis(1)).await; // so that whoever runs this was asleep
            began.send(()).unwrap();
            while !over.load(Ordering::Relaxed) {
                std::hint::spin_loop();
            }
        });
        has_begun.recv().unwrap();
        let (ran, has_run) = mpsc::channel();
        drop(runtime.spawn(async move {
            sleep(Duration::from_millis(1)).await;
            ran.send(()).unwrap();
        }));
        has_run.recv_timeout(LIMIT).expect("nobody looks at the timers");
        assert!(!rude.is_finished());
        is_over.store(true, Ordering::Relaxed);
        runtime.block_on(rude).unwrap();
    });
}

#[test]
fn a_local_task_of_a_worker_stays_there() {
    within(LIMIT, || {
        let runtime = runtime(3);
        for _ in 0..50 {
            let (waits, waited) = oneshot::channel::<()>();
            let task = runtime.spawn(async move {
                let home = thread::current().id();
                let shared = Rc::new(());
                let local = rt::spawn_local(async move {
                    for _ in 0..10 {
                        assert_eq!(thread::current().id(), home, "polled away from home");
                        yield_now().await;
                    }
                    waited.await.unwrap();
                    assert_eq!(thread::current().id(), home, "woken away from home");
                    drop(shared);
                });
                local.await.unwrap();
            });
            waits.send(()).unwrap();
            runtime.block_on(task).unwrap();
        }
    });
}

/// Says on which thread it is dropped.
struct AtHome {
    home: thread::ThreadId,
    is_dropped: Arc<AtomicBool>,
}

impl Drop for AtHome {
    fn drop(&mut self) {
        assert_eq!(thread::current().id(), self.home, "dropped away from home");
        self.is_dropped.store(true, Ordering::Relaxed);
    }
}

#[test]
fn local_tasks_of_workers_are_dropped_at_home_when_aborted_and_at_the_end() {
    within(LIMIT, || {
        let runtime = runtime(2);
        let dropped = [(); 2].map(|()| Arc::new(AtomicBool::new(false)));
        let inside = dropped.clone();
        let locals = runtime.block_on(async {
            let spawn = async move {
                let home = thread::current().id();
                inside.map(|is_dropped| {
                    let at_home = AtHome { home, is_dropped };
                    rt::spawn_local(async move {
                        let _at_home = at_home;
                        pending::<()>().await;
                    })
                })
            };
            rt::spawn(spawn).await.unwrap()
        });
        let [first, second] = locals;
        first.abort();
        assert!(runtime.block_on(first).unwrap_err().is_cancelled());
        assert!(dropped[0].load(Ordering::Relaxed));
        assert!(!dropped[1].load(Ordering::Relaxed));
        drop(runtime);
        assert!(dropped[1].load(Ordering::Relaxed), "a local task outlived its runtime");
        assert!(second.is_finished());
    });
}

#[test]
fn dropping_the_runtime_drops_every_future() {
    within(LIMIT, || {
        let (runtime, tally) = (runtime(2), Tally::new());
        let handles: Vec<_> = (0..100)
            .map(|number| {
                let held = tally.witness();
                runtime.spawn(async move {
                    let _held = held;
                    if number % 2 == 0 {
                        sleep(Duration::MAX).await;
                    }
                    pending::<()>().await;
                })
            })
            .collect();
        drop(runtime);
        assert_eq!(tally.dropped(), 100);
        assert!(handles.iter().all(rt::task::JoinHandle::is_finished));
    });
}

#[test]
fn a_spawn_on_a_runtime_that_is_gone_is_cancelled() {
    within(LIMIT, || {
        let handle = runtime(2).handle().clone();
        let next = runtime(2); // most likely the same workers' desks
        let task = handle.spawn(async { 1 });
        assert!(next.block_on(task).unwrap_err().is_cancelled());
        assert_eq!(next.block_on(next.spawn(async { 2 })).unwrap(), 2);
    });
}

#[test]
fn a_runtime_may_be_dropped_by_a_task_of_its_own() {
    within(LIMIT, || {
        let runtime = runtime(2);
        let handle = runtime.handle().clone();
        let (waits, waited) = oneshot::channel();
        let (dropped, is_dropped) = mpsc::channel();
        drop(handle.spawn(async move {
            let runtime: Runtime = waited.await.unwrap();
            drop(runtime);
            dropped.send(()).unwrap();
        }));
        assert!(waits.send(runtime).is_ok());
        is_dropped.recv_timeout(LIMIT).expect("it waits for itself");
        assert!(rt::block_on(handle.spawn(async {})).unwrap_err().is_cancelled());
    });
}

#[test]
fn shutdowns_do_not_wait_for_a_poll_that_goes_on() {
    within(LIMIT, || {
        for in_background in [false, true] {
            let runtime = runtime(1);
            let ((began, has_begun), (go, may_go)) = (mpsc::channel(), mpsc::channel::<()>());
            let stuck = runtime.spawn(async move {
                began.send(()).unwrap();
                may_go.recv().unwrap();
            });
            has_begun.recv().unwrap();
            if in_background {
                runtime.shutdown_background();
            } else {
                runtime.shutdown_timeout(Duration::from_millis(1));
            }
            assert!(!stuck.is_finished(), "a poll can not be interrupted");
            go.send(()).unwrap();
            rt::block_on(stuck).unwrap(); // its last poll was ready
        }
    });
}

#[test]
fn shutdown_timeout_of_an_idle_runtime_ends_it() {
    within(LIMIT, || {
        let runtime = runtime(2);
        let waits = runtime.spawn(pending::<()>());
        runtime.shutdown_timeout(LIMIT);
        assert!(waits.is_finished());
    });
}

#[test]
fn a_runtime_is_dropped_while_its_thread_unwinds() {
    within(LIMIT, || {
        let tally = Tally::new();
        let held = tally.witness();
        let unwound = catch_unwind(AssertUnwindSafe(|| {
            let runtime = runtime(2);
            drop(runtime.spawn(async move {
                let _held = held;
                pending::<()>().await;
            }));
            std::panic::resume_unwind(Box::new("oh"));
        }));
        assert!(unwound.is_err());
        assert_eq!(tally.dropped(), 1);
    });
}

#[test]
fn a_runtime_may_live_in_a_thread_local() {
    thread_local! {
        static RUNTIME: Runtime = runtime(1);
    }
    within(LIMIT, || {
        let thread = thread::spawn(|| {
            RUNTIME.with(|runtime| {
                drop(runtime.spawn(pending::<()>()));
                runtime.block_on(runtime.spawn(async { 3 })).unwrap()
            })
        });
        assert_eq!(thread.join().unwrap(), 3);
    });
}

#[test]
fn names_of_threads() {
    within(LIMIT, || {
        let named = |builder: &mut Builder| {
            let runtime = builder.worker_threads(1).build().unwrap();
            let name = async { thread::current().name().map(str::to_owned) };
            runtime.block_on(runtime.spawn(name)).unwrap().unwrap()
        };
        assert_eq!(named(&mut Builder::new_multi_thread()), "rt-worker-0");
        assert_eq!(named(Builder::new_multi_thread().thread_name("mine")), "mine");
    });
}

#[test]
fn as_many_workers_as_the_builder_says() {
    within(LIMIT, || {
        let runtime = runtime(4);
        let threads = Arc::new(Mutex::new(HashSet::new()));
        // Four at once: each needs a worker of its own.
        let meet = Arc::new(std::sync::Barrier::new(4));
        let tasks: Vec<_> = (0..4)
            .map(|_| {
                let (threads, meet) = (threads.clone(), meet.clone());
                runtime.spawn(async move {
                    meet.wait();
                    threads.lock().unwrap().insert(thread::current().id());
                })
            })
            .collect();
        tasks.into_iter().for_each(|task| runtime.block_on(task).unwrap());
        assert_eq!(threads.lock().unwrap().len(), 4);
    });
}

#[test]
fn a_number_of_workers_that_is_none_is_an_error() {
    for workers in [0, 1025] {
        let error = Builder::new_multi_thread().worker_threads(workers).build().unwrap_err();
        let text = format!(
            "`Builder::worker_threads` is {workers}: it must be a number of threads from 1 to 1024"
        );
        assert_eq!(error.to_string(), text);
    }
}

#[test]
#[ignore = "the next test runs it"]
fn a_program_that_builds_a_runtime() {
    match Builder::new_multi_thread().build() {
        Ok(runtime) => {
            let tasks = (0..3).map(|_| runtime.spawn(async { thread::current().id() }));
            drop(tasks.collect::<Vec<_>>());
            println!("built");
        }
        Err(error) => println!("{error}"),
    }
}

#[test]
fn the_environment_says_how_many_workers_unless_the_builder_does() {
    within(LIMIT, || {
        let says = |workers: &str| {
            let output = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "--ignored", "--nocapture", "a_program_that_builds_a_runtime"])
                .env("RT_WORKER_THREADS", workers)
                .output()
                .unwrap();
            String::from_utf8(output.stdout).unwrap()
        };
        assert!(says("2").contains("built"));
        let wrong = [("0", "0"), ("99999", "99999"), ("many", "\"many\""), ("", "\"\"")];
        for (given, named) in wrong {
            let text =
                format!("RT_WORKER_THREADS is {named}: it must be a number of threads from 1");
            assert!(says(given).contains(&text), "{}", says(given));
        }
    });
}

#[test]
fn bad_use_on_a_worker_gets_a_message() {
    within(LIMIT, || {
        let runtime = runtime(1);
        let on_worker =
            |misuse: fn()| runtime.block_on(runtime.spawn(async move { message(misuse) })).unwrap();
        let nested = on_worker(|| Handle::current().block_on(async {}));
        assert!(nested.starts_with("`Handle::block_on` inside of a runtime: "), "{nested}");
        let pause = on_worker(time::pause);
        assert!(pause.starts_with("`time::pause`: time is stopped for one thread only"), "{pause}");
        let root = runtime.block_on(async { message(time::pause) });
        assert!(root.starts_with("`time::pause`: time is stopped for one thread only"), "{root}");
        let build = message(|| Builder::new_multi_thread().start_paused(true).build());
        assert!(build.starts_with("`Builder::start_paused`: time is stopped"), "{build}");
    });
}

#[test]
fn hooks_are_told_of_threads_and_may_panic() {
    within(LIMIT, || {
        let told = [(); 4].map(|()| Arc::new(AtomicUsize::new(0)));
        let [start, stop, park, unpark] = told.clone().map(|count| {
            move || {
                count.fetch_add(1, Ordering::Relaxed);
                std::panic::resume_unwind(Box::new("a hook"));
            }
        });
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(2).on_thread_start(start).on_thread_stop(stop);
        let runtime = builder.on_thread_park(park).on_thread_unpark(unpark).build().unwrap();
        runtime.block_on(async {
            rt::spawn(sleep(Duration::from_millis(1))).await.unwrap();
        });
        drop(runtime);
        let [start, stop, park, unpark] = told.map(|count| count.load(Ordering::Relaxed));
        assert_eq!((start, stop), (2, 2));
        assert!(park >= 1 && park == unpark, "{park} parks, {unpark} of them ended");
    });
}

#[test]
fn a_handle_blocks_on_any_thread_and_its_timers_are_the_runtimes() {
    within(LIMIT, || {
        let runtime = runtime(1);
        let handle = runtime.handle().clone();
        let other = thread::spawn(move || {
            handle.block_on(async {
                let start = Instant::now();
                sleep(Duration::from_millis(2)).await;
                assert!(start.elapsed() >= Duration::from_millis(2), "early");
                rt::spawn(async { 9 }).await.unwrap()
            })
        });
        assert_eq!(other.join().unwrap(), 9);
    });
}

/// Ticks every few milliseconds, for ever.
fn ticker(runtime: &Runtime) -> Arc<AtomicUsize> {
    let ticks = Arc::new(AtomicUsize::new(0));
    let counted = ticks.clone();
    drop(runtime.spawn(async move {
        loop {
            sleep(Duration::from_millis(2)).await;
            counted.fetch_add(1, Ordering::Relaxed);
        }
    }));
    ticks
}

/// Waits until it has ticked twice more; that needs somebody who looks at the timers.
fn goes_on(ticks: &AtomicUsize) {
    let before = ticks.load(Ordering::Relaxed);
    while ticks.load(Ordering::Relaxed) < before + 2 {
        thread::yield_now();
    }
}

#[test]
fn timers_go_on_when_a_root_ends_that_looked_after_them() {
    within(LIMIT, || {
        let runtime = runtime(2);
        let ticks = ticker(&runtime);
        for _ in 0..20 {
            runtime.block_on(sleep(Duration::from_millis(3)));
            goes_on(&ticks);
        }
    });
}

#[test]
fn timers_go_on_while_a_root_computes_that_looked_after_them() {
    within(LIMIT, || {
        let runtime = runtime(2);
        let ticks = ticker(&runtime);
        for _ in 0..10 {
            runtime.block_on(async {
                sleep(Duration::from_millis(3)).await;
                goes_on(&ticks); // computes, for all that the runtime knows
            });
        }
    });
}

#[test]
fn what_a_local_task_spawns_before_it_computes_is_run_by_another_worker() {
    within(LIMIT, || {
        let runtime = runtime(2);
        let ticks = ticker(&runtime);
        let task = runtime.spawn(async move {
            let local = rt::spawn_local(async move {
                let (ran, has_run) = mpsc::channel();
                drop(rt::spawn(async move { ran.send(()).unwrap() }));
                has_run.recv_timeout(LIMIT).expect("it stands behind a poll, and nobody sees it");
                goes_on(&ticks);
            });
            local.await.unwrap();
        });
        runtime.block_on(task).unwrap();
    });
}

#[test]
fn all_roots_are_called_when_only_one_of_them_can_look() {
    within(LIMIT, || {
        let runtime = Arc::new(runtime(1));
        let is_over = Arc::new(AtomicBool::new(false));
        let computes = |over: Arc<AtomicBool>| async move {
            while !over.load(Ordering::Relaxed) {
                std::hint::spin_loop();
            }
        };
        drop(runtime.spawn(computes(is_over.clone())));
        let (sleeper, over) = (runtime.clone(), is_over.clone());
        let waits = thread::spawn(move || {
            sleeper.block_on(async {
                for _ in 0..5 {
                    sleep(Duration::from_millis(2)).await;
                }
            });
            over.store(true, Ordering::Relaxed);
        });
        runtime.block_on(computes(is_over)); // in a poll, and never woken
        waits.join().unwrap();
    });
}

#[test]
fn a_build_that_fails_leaves_nothing_behind_for_the_next_one() {
    within(LIMIT, || {
        for _ in 0..3 {
            let mut builder = Builder::new_multi_thread();
            let failed = builder.worker_threads(5).thread_stack_size(1 << 46).build();
            assert!(failed.is_err(), "a stack of 64 TiB");
            let next = runtime(5); // at the same desks
            assert_eq!(next.block_on(next.spawn(async { 1 })).unwrap(), 1);
        }
    });
}

/// Spawns in the hook the first time that a thread parks.
fn spawning_hook() -> (impl Fn() + Send + Sync + 'static, mpsc::Receiver<()>) {
    let (ran, has_run) = mpsc::channel();
    let is_first = AtomicBool::new(true);
    let hook = move || {
        if Handle::try_current().is_ok() && is_first.swap(false, Ordering::Relaxed) {
            let ran = ran.clone();
            drop(rt::spawn(async move { ran.send(()).unwrap() }));
        }
    };
    (hook, has_run)
}

#[test]
fn what_a_hook_spawns_before_a_thread_waits_runs_first() {
    within(LIMIT, || {
        let (hook, has_run) = spawning_hook();
        let mut builder = Builder::new_multi_thread();
        let runtime = builder.worker_threads(1).on_thread_park(hook).build().unwrap();
        has_run.recv_timeout(LIMIT).expect("the worker sleeps over it");
        drop(runtime);
        let (hook, has_run) = spawning_hook();
        let runtime = Builder::new_current_thread().on_thread_park(hook).build().unwrap();
        let (end, ends) = oneshot::channel::<()>();
        let waits = thread::spawn(move || {
            has_run.recv_timeout(LIMIT).expect("the thread sleeps over it");
            end.send(()).unwrap();
        });
        runtime.block_on(ends).unwrap();
        waits.join().unwrap();
    });
}

#[test]
fn the_first_hook_of_a_thread_is_in_the_context_of_the_runtime() {
    within(LIMIT, || {
        let (told, tells) = mpsc::channel();
        let hook = move || told.send(Handle::try_current().is_ok()).unwrap();
        let mut builder = Builder::new_multi_thread();
        let runtime = builder.worker_threads(1).on_thread_start(hook).build().unwrap();
        assert!(tells.recv().unwrap());
        drop(runtime);
    });
}

#[test]
fn a_runtime_dropped_by_a_task_of_its_own_waits_for_no_job() {
    within(LIMIT, || {
        let runtime = Arc::new(runtime(1));
        let handle = runtime.handle().clone();
        let (waits, waited) = oneshot::channel();
        let task = handle.spawn(async move {
            let runtime: Arc<Runtime> = waited.await.unwrap();
            drop(runtime);
        });
        let (blocking, (began, has_begun)) = (handle.clone(), mpsc::channel());
        let job = handle.spawn_blocking(move || {
            began.send(()).unwrap();
            blocking.block_on(task).unwrap();
        });
        has_begun.recv().unwrap();
        assert!(waits.send(runtime).is_ok());
        rt::block_on(job).unwrap();
    });
}

#[test]
fn a_shutdown_with_a_timeout_does_not_wait_for_a_hook() {
    within(LIMIT, || {
        let (go, may_go) = mpsc::channel::<()>();
        let may_go = Mutex::new(may_go);
        let hook = move || assert!(may_go.lock().unwrap().recv().is_err());
        let mut builder = Builder::new_multi_thread();
        let runtime = builder.worker_threads(1).on_thread_stop(hook).build().unwrap();
        runtime.shutdown_timeout(Duration::from_millis(50));
        drop(go); // only now the hook can end
    });
}

#[test]
fn pause_reaches_no_other_runtime_than_that_of_the_guard() {
    within(LIMIT, || {
        let other = Builder::new_current_thread().build().unwrap();
        let runtime = runtime(1);
        let said = runtime.block_on(async {
            let _entered = other.enter();
            message(time::pause)
        });
        assert!(said.starts_with("`time::pause`: time is stopped for one thread only"), "{said}");
    });
}

#[test]
fn a_function_names_each_thread() {
    within(LIMIT, || {
        let count = AtomicUsize::new(0);
        let name = move || format!("number-{}", count.fetch_add(1, Ordering::Relaxed));
        let mut builder = Builder::new_multi_thread();
        let runtime = builder.worker_threads(1).thread_name_fn(name).build().unwrap();
        let name = || thread::current().name().unwrap().to_owned();
        let worker = runtime.block_on(runtime.spawn(async move { name() })).unwrap();
        let job = runtime.block_on(runtime.spawn_blocking(name)).unwrap();
        assert_eq!((worker.as_str(), job.as_str()), ("number-0", "number-1"));
        let zero = Builder::new_multi_thread().worker_threads(1).thread_name("a\0b").build();
        assert!(zero.unwrap_err().to_string().contains("has a zero byte in it"));
    });
}
