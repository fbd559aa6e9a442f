//! Where a task waits: asked of futures that know nothing of it.

use std::future::poll_fn;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use futures::channel::oneshot;
use futures::{AsyncReadExt, FutureExt};
use rt::net::{TcpListener, TcpStream};
use rt::runtime::{Builder, Handle, Runtime, TaskTrace};
use rt::task::{self, JoinHandle};
use rt::time::sleep;
use rt_testkit::within;

const LIMIT: Duration = Duration::from_secs(60);
const PATIENCE: Duration = Duration::from_secs(20);

fn trace<T>(handle: &Handle, task: &JoinHandle<T>) -> TaskTrace {
    let trace = handle.trace_task(task.id(), PATIENCE).expect("the task is alive and polled");
    println!("{trace}\n");
    trace
}

fn functions(trace: &TaskTrace) -> Vec<Vec<String>> {
    let paths = trace.paths().into_iter();
    paths.map(|path| path.into_iter().map(|frame| frame.function).collect()).collect()
}

#[track_caller]
fn assert_names(trace: &TaskTrace, path: usize, names: &[&str]) {
    let functions = functions(trace);
    let mut left = functions.get(path).expect("a place is missing").iter();
    for name in names {
        assert!(left.any(|function| function.ends_with(name)), "no {name} in {functions:#?}");
    }
}

/// Runs a body with each kind of runtime; somebody drives it.
fn on_both(body: impl Fn(&Handle) + Send + Clone + 'static) {
    let multi: Runtime = Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let (also, handle) = (body.clone(), multi.handle().clone());
    within(LIMIT, move || body(&handle));
    within(LIMIT, move || {
        let runtime = Builder::new_current_thread().build().unwrap();
        let handle = runtime.handle().clone();
        let (over, is_over) = oneshot::channel::<()>();
        let asks = std::thread::spawn(move || {
            also(&handle);
            drop(over);
        });
        let _ = runtime.block_on(is_over);
        asks.join().expect("what the thread that asks says");
    });
}

async fn wait_for_a_message(message: oneshot::Receiver<u32>) -> u32 {
    message.await.unwrap()
}

async fn ask_somebody(message: oneshot::Receiver<u32>) -> u32 {
    wait_for_a_message(message).await + 1
}

#[test]
#[cfg_attr(rt_sanitize, ignore = "built with line tables alone, where names are short")]
fn a_trace_names_the_functions_that_wait_and_the_task_goes_on() {
    on_both(|handle| {
        let (send, message) = oneshot::channel();
        let _entered = handle.enter();
        let task = task::Builder::new().name("asker").spawn(ask_somebody(message));
        let found = trace(handle, &task);
        assert_eq!(found.name(), Some("asker"), "another task was traced");
        assert!(!found.is_done(), "it waits");
        assert_names(&found, 0, &["waits::ask_somebody", "waits::wait_for_a_message"]);
        let path = &found.paths()[0];
        let location = path[0].location.as_deref().expect("tests are built with their lines");
        assert!(location.contains("tests/waits.rs:"), "where it waits is shown at {location}");
        let text = found.to_string();
        assert!(text.contains("waits in\n  waits::ask_somebody at "), "what people read: {text}");
        // Its waker is the real one: it is woken as ever.
        send.send(41).unwrap();
        assert_eq!(futures::executor::block_on(task).unwrap(), 42, "the task lost its waker");
    });
}

async fn wait_for_an_hour() {
    sleep(Duration::from_secs(3600)).await;
}

async fn read_a_byte() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let _client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (mut server, _address) = listener.accept().await.unwrap();
    server.read_exact(&mut [0]).await.unwrap();
}

/// Asks again until the task has got as far as that.
fn trace_until(handle: &Handle, task: &JoinHandle<()>, name: &str) -> TaskTrace {
    loop {
        let found = trace(handle, task);
        if found.paths().iter().flatten().any(|frame| frame.function.contains(name)) {
            return found;
        }
    }
}

#[test]
#[cfg_attr(rt_sanitize, ignore = "built with line tables alone, where names are short")]
fn a_timer_and_a_socket_are_named() {
    on_both(|handle| {
        let task = handle.spawn(wait_for_an_hour());
        let found = trace(handle, &task);
        assert_names(&found, 0, &["waits::wait_for_an_hour"]);
        let innermost = found.paths()[0].last().unwrap().function.clone();
        assert!(innermost.contains("rt_timer"), "it waits for a timer, not in {innermost}");
        task.abort();
        let task = handle.spawn(read_a_byte());
        let found = trace_until(handle, &task, "rt_io");
        assert_names(&found, 0, &["waits::read_a_byte"]);
        task.abort();
    });
}

async fn one(message: oneshot::Receiver<u32>) {
    let _ = message.await;
}

async fn other() {
    wait_for_an_hour().await;
}

async fn both(message: oneshot::Receiver<u32>) {
    let inner = async { rt::join!(one(message), other()) };
    rt::join!(inner, wait_for_an_hour());
}

#[test]
#[cfg_attr(rt_sanitize, ignore = "built with line tables alone, where names are short")]
fn each_branch_of_a_nested_join_is_a_path() {
    on_both(|handle| {
        let (_send, message) = oneshot::channel();
        let task = handle.spawn(both(message));
        let found = trace(handle, &task);
        assert_eq!(found.paths().len(), 3, "three things are awaited: {:#?}", functions(&found));
        // Each poll of a `join!` begins with another branch.
        let branch = |end: &str| {
            let ends = |path: &Vec<_>| path.iter().any(|name: &String| name.ends_with(end));
            functions(&found).iter().position(ends).expect("each branch is a path")
        };
        let (one, other) = (branch("::one"), branch("::other"));
        assert_names(&found, one, &["waits::both", "waits::one"]);
        assert_names(&found, other, &["waits::both", "waits::other", "waits::wait_for_an_hour"]);
        assert_names(&found, 3 - one - other, &["waits::both", "waits::wait_for_an_hour"]);
        let text = found.to_string();
        let lines = |function: &str| text.matches(&format!("{function} at tests/waits.rs")).count();
        let found = [lines("waits::both"), lines("waits::one"), lines("waits::wait_for_an_hour")];
        assert_eq!(found, [2, 1, 2], "what branches share is shown once: {text}");
        task.abort();
    });
}

#[test]
fn a_trace_is_one_real_poll_and_no_more() {
    on_both(|handle| {
        let polls = Arc::new(AtomicUsize::new(0));
        let counted = polls.clone();
        let (send, mut message) = oneshot::channel::<()>();
        let task = handle.spawn(poll_fn(move |cx| {
            counted.fetch_add(1, Ordering::Relaxed);
            message.poll_unpin(cx)
        }));
        while polls.load(Ordering::Relaxed) == 0 {
            std::thread::yield_now();
        }
        for traces in 1..=3 {
            let found = trace(handle, &task);
            assert_eq!(found.paths().len(), 1, "a poll clones one waker");
            assert_eq!(polls.load(Ordering::Relaxed), 1 + traces, "polls are made up, or lost");
        }
        send.send(()).unwrap();
        futures::executor::block_on(task).unwrap().unwrap();
        assert_eq!(polls.load(Ordering::Relaxed), 5, "the wake is one more");
    });
}

#[test]
fn what_is_ready_in_that_poll_is_done() {
    on_both(|handle| {
        let mut polls = 0;
        // Ready at its second poll, for which nobody wakes it.
        let task = handle.spawn(poll_fn(move |_| {
            polls += 1;
            if polls == 2 { Poll::Ready("done") } else { Poll::Pending }
        }));
        let mut found = trace(handle, &task);
        if !found.is_done() {
            assert!(found.paths().is_empty(), "it keeps no waker");
            found = trace(handle, &task);
        }
        assert!(found.is_done() && found.to_string().ends_with("is done"), "{found}");
        assert_eq!(futures::executor::block_on(task).unwrap(), "done", "a fake `Pending`");
    });
}

#[test]
fn who_asks_during_the_last_poll_is_answered_when_that_is_over() {
    within(LIMIT, || {
        let runtime = Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let (begun, has_begun) = mpsc::channel();
        let (end, ends) = mpsc::channel();
        let task = runtime.spawn(async move {
            begun.send(()).unwrap();
            ends.recv().unwrap();
        });
        has_begun.recv().unwrap();
        let (handle, id) = (runtime.handle().clone(), task.id());
        let asks = thread::spawn(move || handle.trace_task(id, 60 * LIMIT));
        while !rt_task::is_watched() {
            thread::yield_now();
        }
        end.send(()).unwrap();
        match asks.join().unwrap() {
            Ok(found) => assert!(found.is_done(), "it waits for nothing any more"),
            Err(error) => assert!(error.is_gone(), "another test was watched: {error}"),
        }
    });
}

#[test]
fn a_future_that_clones_its_waker_for_ever_is_traced_within_bounds() {
    within(LIMIT, || {
        let runtime = Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let task = runtime.spawn(poll_fn(|cx| {
            (0..10_000).for_each(|_| drop(cx.waker().clone()));
            Poll::<()>::Pending
        }));
        let found = trace(runtime.handle(), &task);
        assert_eq!(found.backtraces().len(), 256, "places that are kept");
    });
}

#[test]
fn who_can_not_be_answered_is_told_why() {
    within(LIMIT, || {
        let runtime = Builder::new_current_thread().build().unwrap();
        let handle = runtime.handle().clone();
        let task = runtime.spawn(std::future::pending::<()>());
        let id = task.id();
        let brief = Duration::from_millis(10);
        let error = handle.trace_task(id, brief).unwrap_err();
        assert!(error.is_timed_out(), "nobody runs the task: {error}");
        runtime.block_on(async {
            let error = handle.trace_task(id, PATIENCE).unwrap_err();
            assert!(error.is_would_block(), "it would wait for itself: {error}");
            let asks = handle.clone();
            let job = rt::spawn_blocking(move || asks.trace_task(id, PATIENCE));
            assert!(!job.await.unwrap().unwrap().is_done(), "a job may ask");
        });
        task.abort();
        let _ = runtime.block_on(task);
        let error = handle.trace_task(id, PATIENCE).unwrap_err();
        assert!(error.is_gone(), "the task is no more: {error}");
    });
}

#[test]
#[cfg_attr(rt_sanitize, ignore = "built with line tables alone, where names are short")]
fn the_only_worker_asks_about_others_and_not_about_its_own_local_tasks() {
    within(LIMIT, || {
        let runtime = Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let handle = runtime.handle().clone();
        let asks = runtime.spawn(async move {
            let waits = rt::spawn(wait_for_an_hour());
            let found = trace(&handle, &waits);
            assert_names(&found, 0, &["waits::wait_for_an_hour"]);
            let local = rt::spawn_local(wait_for_an_hour());
            let error = handle.trace_task(local.id(), PATIENCE).unwrap_err();
            assert!(error.is_would_block(), "it would wait for itself: {error}");
            local.id()
        });
        let local = runtime.block_on(asks).unwrap();
        let found = runtime.handle().trace_task(local, PATIENCE);
        println!("{}", found.expect("from elsewhere a worker's local task is traced"));
    });
}

#[test]
fn several_ask_at_once_and_all_are_answered() {
    within(LIMIT, || {
        let runtime = Builder::new_multi_thread().worker_threads(2).build().unwrap();
        let tasks: Vec<_> = (0..4).map(|_| runtime.spawn(wait_for_an_hour())).collect();
        std::thread::scope(|scope| {
            for asker in 0..8 {
                let (handle, task) = (runtime.handle(), &tasks[asker % 4]);
                scope.spawn(move || {
                    for _ in 0..50 {
                        let found = handle.trace_task(task.id(), PATIENCE).unwrap();
                        assert!(!found.backtraces().is_empty(), "an answer is lost");
                    }
                });
            }
        });
    });
}

#[test]
fn a_task_that_asks_where_it_waits_itself_is_told_at_once() {
    within(LIMIT, || {
        let runtime = Builder::new_multi_thread().worker_threads(2).build().unwrap();
        let task = runtime.spawn(async {
            let begin = std::time::Instant::now();
            let handle = Handle::current();
            let asked = handle.trace_task(task::id(), Duration::from_secs(30));
            (asked.is_err(), begin.elapsed())
        });
        let (is_err, took) = runtime.block_on(task).unwrap();
        assert!(is_err && took < Duration::from_secs(10), "it waits for itself: {took:?}");
    });
}
