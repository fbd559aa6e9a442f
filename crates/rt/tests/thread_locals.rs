//! Chapter 7, part 9: thread-locals and statics, which end with their thread or with the process.

use std::future::{Future, pending, poll_fn};
use std::process::Command;
use std::sync::{Mutex, mpsc};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use rt::parts::executor::block_on;
use rt::runtime::{Builder, Handle, Runtime, RuntimeFlavor};
use rt::task::{JoinHandle, yield_now};
use rt::time::sleep;
use rt_testkit::{Tally, within};

const LIMIT: Duration = Duration::from_secs(60);

fn each_kind(test: impl Fn(Runtime)) {
    test(Builder::new_current_thread().build().unwrap());
    test(Builder::new_multi_thread().worker_threads(2).build().unwrap());
}

fn is_current(runtime: &Runtime) -> bool {
    runtime.handle().runtime_flavor() == RuntimeFlavor::CurrentThread
}

fn is_cancelled<T>(handle: JoinHandle<T>) -> bool {
    block_on(handle).is_err_and(|error| error.is_cancelled())
}

struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// A task that waits for ever, and does that when it is dropped.
fn waits_and_then(on_drop: impl FnMut() + Send + 'static) -> impl Future<Output = ()> + Send {
    let guard = OnDrop(on_drop);
    async move {
        let _guard = guard;
        pending::<()>().await;
    }
}

/// Uses whatever a runtime keeps for a thread.
fn uses_thread_locals(handle: &Handle) {
    let _is_inside = Handle::try_current().is_ok();
    let _entered = handle.enter();
    drop(handle.spawn(async { rt::task::yield_now().await }));
    drop(handle.spawn_blocking(|| ()));
    let mut timer = Box::pin(sleep(Duration::from_secs(60)));
    assert!(timer.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    let woken = handle.spawn(poll_fn(|cx| {
        cx.waker().wake_by_ref();
        Poll::<()>::Pending
    }));
    woken.abort();
    drop((timer, woken));
    assert_eq!(block_on(async { 7 }), 7);
}

/// Destructors of thread-locals run before or after those of the runtime: of both orders one each.
struct UsesAtTheEnd(Handle, mpsc::Sender<()>);

impl Drop for UsesAtTheEnd {
    fn drop(&mut self) {
        // A panic here would be the end of the process.
        uses_thread_locals(&self.0);
        self.1.send(()).unwrap();
    }
}

thread_local! {
    static FIRST: Mutex<Option<UsesAtTheEnd>> = const { Mutex::new(None) };
    static LAST: Mutex<Option<UsesAtTheEnd>> = const { Mutex::new(None) };
    static OWNED: Mutex<Option<Runtime>> = const { Mutex::new(None) };
}

fn keep(
    key: &'static thread::LocalKey<Mutex<Option<UsesAtTheEnd>>>,
    handle: &Handle,
    says: &mpsc::Sender<()>,
) {
    key.with(|key| *key.lock().unwrap() = Some(UsesAtTheEnd(handle.clone(), says.clone())));
}

/// tokio #593, #4973.
#[test]
fn thread_locals_may_be_used_while_they_are_destroyed() {
    within(LIMIT, || {
        each_kind(|runtime| {
            let (handle, (says, hears)) = (runtime.handle().clone(), mpsc::channel());
            let used = handle.clone();
            let root = thread::spawn(move || {
                keep(&FIRST, &used, &says);
                runtime.block_on(runtime.spawn(yield_now())).unwrap();
                keep(&LAST, &used, &says);
                runtime // its thread ends first
            });
            let runtime = root.join().expect("a destructor panicked");
            assert_eq!(hears.iter().count(), 2, "a destructor did not come to its end");
            drop((runtime, handle));
        });
    });
}

#[test]
fn thread_locals_of_workers_and_of_threads_that_block_may_use_the_runtime_that_ends() {
    within(LIMIT, || {
        each_kind(|runtime| {
            let (handle, (says, hears)) = (runtime.handle().clone(), mpsc::channel());
            let (used, to) = (handle.clone(), says.clone());
            let job = runtime.spawn_blocking(move || keep(&FIRST, &used, &to));
            runtime.block_on(job).unwrap();
            let mut expected = 1;
            if !is_current(&runtime) {
                expected = 2;
                let (used, to) = (handle.clone(), says.clone());
                runtime.block_on(runtime.spawn(async move { keep(&LAST, &used, &to) })).unwrap();
            }
            drop((runtime, says));
            assert_eq!(hears.iter().count(), expected);
        });
    });
}

#[test]
fn a_runtime_may_be_dropped_in_the_destructor_of_a_thread_local() {
    within(LIMIT, || {
        for is_first in [true, false] {
            each_kind(|runtime| {
                let (tally, handle) = (Tally::new(), runtime.handle().clone());
                let held = tally.witness();
                let spawner = handle.clone();
                let task = runtime.spawn(waits_and_then(move || {
                    let _held = &held;
                    drop(spawner.spawn(async {}));
                    // A thread whose context is destroyed is in no runtime, and says so.
                    let here = Handle::try_current();
                    drop(here.map(|handle| handle.spawn(async {})));
                }));
                let thread = thread::spawn(move || {
                    // Registered before the thread-locals of the runtime, it is destroyed behind them.
                    OWNED.with(|owned| {
                        if is_first {
                            *owned.lock().unwrap() = Some(runtime);
                        } else {
                            runtime.block_on(yield_now());
                            *owned.lock().unwrap() = Some(runtime);
                        }
                    });
                });
                thread.join().expect("a destructor panicked");
                assert_eq!(tally.dropped(), 1, "the runtime was forgotten");
                assert!(is_cancelled(task));
                assert!(is_cancelled(handle.spawn(async {})));
            });
        }
    });
}

static AT_EXIT: Mutex<Vec<Runtime>> = Mutex::new(Vec::new());

unsafe extern "C" {
    safe fn atexit(handler: extern "C" fn()) -> i32;
}

extern "C" fn drop_them_all() {
    // The thread-locals of this thread are gone.
    let all = std::mem::take(&mut *AT_EXIT.lock().unwrap());
    let handles: Vec<_> = all.iter().map(|runtime| runtime.handle().clone()).collect();
    drop(all);
    let is_gone = |handle: &Handle| is_cancelled(handle.spawn(async {}));
    println!("all are gone: {}", handles.iter().all(is_gone));
}

#[test]
#[ignore = "the next test runs it"]
fn a_program_with_runtimes_in_a_static() {
    let way = std::env::var("RT_TEST_WAY").unwrap_or_default();
    each_kind(|runtime| {
        drop(runtime.spawn(waits_and_then(|| println!("a future was dropped"))));
        drop(runtime.spawn(async {
            loop {
                sleep(Duration::from_micros(10)).await;
            }
        }));
        runtime.block_on(yield_now());
        AT_EXIT.lock().unwrap().push(runtime);
    });
    if way == "dropped" {
        assert_eq!(atexit(drop_them_all), 0);
    }
    std::process::exit(7);
}

/// Rust drops no static. A destructor that C calls at the end of the process does.
#[test]
fn a_process_may_end_with_runtimes_in_statics_dropped_or_not() {
    within(LIMIT, || {
        for (way, futures, last) in [("left", 0, false), ("dropped", 2, true)] {
            let output = Command::new(std::env::current_exe().unwrap())
                .args([
                    "--exact",
                    "--ignored",
                    "--nocapture",
                    "a_program_with_runtimes_in_a_static",
                ])
                .env("RT_TEST_WAY", way)
                .output()
                .unwrap();
            let (text, errors) =
                (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            assert_eq!(output.status.code(), Some(7), "{way}: {text}{errors}");
            assert_eq!(text.matches("a future was dropped").count(), futures, "{way}: {text}");
            assert_eq!(text.contains("all are gone: true"), last, "{way}: {text}{errors}");
        }
    });
}
