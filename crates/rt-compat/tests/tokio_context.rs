//! `TokioCompat`: a tokio runtime behind threads that are not tokio's.

#![cfg(feature = "tokio-context")]

use std::cell::RefCell;
use std::env;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use rt_compat::{Compat, CompatExt, TokioCompat};
use rt_executor::block_on;
use rt_testkit::within;

const DEADLINE: Duration = Duration::from_secs(60);

#[test]
fn a_thread_that_entered_polls_tokios_futures_as_they_are() {
    within(DEADLINE, || {
        let tokio = TokioCompat::with_worker_threads(2).start().unwrap();
        let _entered = tokio.enter();
        let before = Instant::now();
        block_on(tokio::time::sleep(Duration::from_millis(3)));
        assert!(before.elapsed() >= Duration::from_millis(3));
        assert_eq!(block_on(tokio::spawn(async { 6 })).unwrap(), 6);
        assert_eq!(tokio.handle().metrics().num_workers(), 2);
    });
}

#[test]
fn the_users_runtime_stays_his() {
    within(DEADLINE, || {
        let theirs = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let context = TokioCompat::from(theirs.handle().clone()).start().unwrap();
        assert_eq!(context.handle().id(), theirs.handle().id());
        context.shutdown_timeout(Duration::MAX);
        assert_eq!(theirs.block_on(theirs.spawn(async { 6 })).unwrap(), 6, "it was shut down");
    });
}

#[test]
fn its_end_waits_for_jobs_and_for_so_long_at_most() {
    within(DEADLINE, || {
        let tokio = TokioCompat::new().start().unwrap();
        let (release, held) = mpsc::channel::<()>();
        let job = tokio.handle().spawn_blocking(move || held.recv());
        tokio.shutdown_timeout(Duration::from_millis(5)); // it does not wait for ever
        drop(release);
        drop(job);

        let tokio = TokioCompat::new().start().unwrap();
        let (begun, begins) = mpsc::channel();
        let job = tokio.handle().spawn_blocking(move || {
            begun.send(()).unwrap();
            thread::sleep(Duration::from_millis(50)); // its work
        });
        begins.recv().unwrap();
        drop(tokio);
        assert!(job.is_finished(), "the drop did not wait for the job");
    });
}

#[test]
fn it_may_end_inside_of_another_runtime_of_tokios() {
    within(DEADLINE, || {
        let outer = tokio::runtime::Builder::new_current_thread().build().unwrap();
        outer.block_on(async {
            drop(TokioCompat::new().start().unwrap()); // tokio's own drop panics here
            TokioCompat::new().start().unwrap().shutdown_timeout(Duration::ZERO);
        });
    });
}

#[test]
#[should_panic(expected = "give it one at least")]
fn no_thread_is_refused_where_it_is_asked_for() {
    let _never = TokioCompat::with_worker_threads(0);
}

#[test]
fn it_may_end_on_a_thread_of_its_own() {
    within(DEADLINE, || {
        let (ended, ends) = mpsc::channel();
        let tokio = TokioCompat::new().start().unwrap();
        let (handle, sender) = (tokio.handle().clone(), ended.clone());
        let _task = handle.spawn(async move {
            drop(tokio);
            sender.send(()).unwrap();
        });
        ends.recv().unwrap();
        let tokio = TokioCompat::new().start().unwrap();
        let _job = tokio.handle().clone().spawn_blocking(move || {
            drop(tokio);
            ended.send(()).unwrap();
        });
        ends.recv().unwrap();
    });
}

#[test]
fn a_future_may_be_dropped_when_tokios_thread_locals_are_gone() {
    type Kept = Compat<Pin<Box<dyn Future<Output = ()>>>>;
    thread_local! {
        static KEPT: RefCell<Option<Kept>> = const { RefCell::new(None) };
    }
    within(DEADLINE, || {
        thread::spawn(|| {
            KEPT.set(None); // so it is destroyed after tokio's
            let future: Pin<Box<dyn Future<Output = ()>>> = Box::pin(std::future::pending());
            let mut future = future.compat();
            let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
            assert!(Pin::new(&mut future).poll(&mut cx).is_pending());
            KEPT.set(Some(future));
        })
        .join()
        .unwrap(); // a panic there is the end of the process
    });
}

/// Says to a copy of this program that its threads shall have stacks for which there is no room.
const NO_THREADS: &str = "RT_TEST_NO_THREADS";

#[test]
fn that_there_is_no_thread_is_an_error() {
    if env::var_os(NO_THREADS).is_some() {
        // On the main thread, since there is no other.
        let error = TokioCompat::new().start().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
        return;
    }
    let name = "that_there_is_no_thread_is_an_error";
    let output = Command::new(env::current_exe().unwrap())
        .args([name, "--exact", "--nocapture", "--test-threads=1"])
        .env(NO_THREADS, "")
        .env("RUST_MIN_STACK", (1_u64 << 50).to_string())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
