//! Chapter 11, part 3: one future in a context of tokio's.

#![cfg(feature = "tokio-context")]

use std::future::{Future, pending, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::mpsc;
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

use rt_compat::{CompatExt, TokioCompat};
use rt_executor::block_on;
use rt_testkit::within;
use tokio::runtime::Handle;

const DEADLINE: Duration = Duration::from_secs(60);

/// Tells whether its polls and its drop were in a context of tokio's.
struct Witness {
    tell: mpsc::Sender<(&'static str, bool)>,
    is_done: bool,
}

fn witness(is_done: bool) -> (Witness, mpsc::Receiver<(&'static str, bool)>) {
    let (tell, told) = mpsc::channel();
    (Witness { tell, is_done }, told)
}

impl Future for Witness {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        self.tell.send(("poll", Handle::try_current().is_ok())).unwrap();
        if self.is_done { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        let _nobody = self.tell.send(("drop", Handle::try_current().is_ok()));
    }
}

fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(futures::task::noop_waker_ref()))
}

#[test]
fn a_future_is_polled_in_the_context_and_dropped_in_it_at_its_end() {
    let (witness, told) = witness(true);
    let mut future = pin!(witness.compat());
    assert!(poll_once(future.as_mut()).is_ready());
    assert_eq!(told.try_iter().collect::<Vec<_>>(), [("poll", true), ("drop", true)]);
    assert!(Handle::try_current().is_err(), "the context is left after a poll");
}

#[test]
fn a_future_that_is_given_up_is_dropped_in_the_context() {
    let (witness, told) = witness(false);
    let mut future = Box::pin(witness.compat());
    assert!(poll_once(future.as_mut()).is_pending());
    drop(future);
    assert_eq!(told.try_iter().collect::<Vec<_>>(), [("poll", true), ("drop", true)]);
}

#[test]
fn a_future_that_panics_is_dropped_in_the_context_and_leaves_it() {
    struct Panics(#[expect(dead_code, reason = "dropped with it")] Witness);
    impl Future for Panics {
        type Output = ();
        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
            panic!("as it was told")
        }
    }
    let (witness, told) = witness(false);
    let future = Panics(witness).compat();
    assert!(catch_unwind(AssertUnwindSafe(|| block_on(future))).is_err());
    assert_eq!(told.try_iter().collect::<Vec<_>>(), [("drop", true)]);
    assert!(Handle::try_current().is_err());
}

#[test]
fn tokios_timers_and_sockets_and_spawns_work_on_another_executor() {
    within(DEADLINE, || {
        let future = async {
            tokio::time::sleep(Duration::from_millis(1)).await;
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let addr = listener.local_addr().unwrap();
            let client = tokio::spawn(tokio::net::TcpStream::connect(addr));
            listener.accept().await.unwrap();
            client.await.unwrap().unwrap();
            6
        };
        assert_eq!(block_on(future.compat()), 6);
    });
}

#[test]
fn a_context_that_is_there_is_taken() {
    let theirs = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _entered = theirs.enter();
    let id = || async { Handle::current().id() };
    assert_eq!(block_on(id().compat()), theirs.handle().id());
    let other = TokioCompat::new().start().unwrap();
    assert_eq!(block_on(id().compat_on(other.handle().clone())), other.handle().id());
}

#[test]
#[should_panic(expected = "polled after its end")]
fn a_poll_after_the_end_panics() {
    let mut future = pin!(ready(()).compat());
    assert!(poll_once(future.as_mut()).is_ready());
    let _again = poll_once(future.as_mut());
}

#[test]
fn what_it_was_polled_with_is_what_wakes() {
    within(DEADLINE, || {
        let mut never = pin!(pending::<()>().compat());
        assert!(poll_once(never.as_mut()).is_pending());
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let thread = thread::spawn(move || sender.send(5));
        assert_eq!(block_on(receiver.compat()).unwrap(), 5);
        thread.join().unwrap().unwrap();
    });
}
