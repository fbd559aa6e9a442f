//! `Builder::tokio_compat`: tokio's futures in tasks of ours, as they are.

#![cfg(all(feature = "macros", feature = "tokio-context"))]

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::sync::mpsc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::channel::oneshot;
use rt::compat::{CompatExt, TokioCompat};
use rt::runtime::{Builder, LocalRuntime, Runtime};
use rt_testkit::within;
use tokio::runtime::{Handle, Id};

const DEADLINE: Duration = Duration::from_secs(60);

fn theirs() -> Option<Id> {
    Handle::try_current().ok().map(|handle| handle.id())
}

fn builders() -> [Builder; 2] {
    let mut threads = Builder::new_multi_thread();
    threads.worker_threads(2);
    [Builder::new_current_thread(), threads]
}

fn with_tokio(mut builder: Builder) -> Runtime {
    builder.tokio_compat(TokioCompat::new()).build().unwrap()
}

/// What a thread of tokio's wakes.
async fn sleeps() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

#[test]
fn every_thread_of_the_runtime_is_in_one_context() {
    for builder in builders() {
        within(DEADLINE, move || {
            let runtime = with_tokio(builder);
            let id = runtime.block_on(async { theirs() });
            assert!(id.is_some(), "the thread that blocks");
            let here = async move { theirs() };
            let task = async move { rt::spawn(here).await.unwrap() };
            assert_eq!(runtime.block_on(task), id, "a task");
            let local = async { rt::spawn_local(async { theirs() }).await.unwrap() };
            assert_eq!(runtime.block_on(local), id, "a local task");
            let job = async { rt::spawn_blocking(theirs).await.unwrap() };
            assert_eq!(runtime.block_on(job), id, "a job that blocks");
            assert_eq!(runtime.handle().block_on(async { theirs() }), id, "`Handle::block_on`");
            assert_eq!(theirs(), None, "it is left");
            let entered = runtime.enter();
            assert_eq!(theirs(), id, "the guard of `enter`");
            drop(entered);
            assert_eq!(theirs(), None);
        });
    }
}

#[test]
fn a_worker_that_took_over_from_one_that_blocks_is_in_it_too() {
    within(DEADLINE, || {
        let mut builder = Builder::new_multi_thread();
        let runtime = with_tokio(builder.worker_threads(1).clone());
        let id = runtime.block_on(async { theirs() });
        let (sender, receiver) = mpsc::channel();
        let blocks = runtime.spawn(async move {
            rt::task::block_in_place(|| receiver.recv().unwrap()) // until another worker has run the other task
        });
        let other = runtime.spawn(async move { sender.send(theirs()).unwrap() });
        runtime.block_on(async {
            other.await.unwrap();
            assert_eq!(blocks.await.unwrap(), id);
        });
    });
}

#[test]
fn tokios_sockets_timers_and_tasks_work_beside_ours_in_one_task() {
    for builder in builders() {
        within(DEADLINE, move || {
            let runtime = with_tokio(builder);
            let task = runtime.spawn(async {
                sleeps().await;
                rt::time::sleep(Duration::from_millis(1)).await;
                let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
                let addr = listener.local_addr().unwrap();
                let ours = rt::spawn(async move { rt::net::TcpStream::connect(addr).await });
                let (server, _) = listener.accept().await.unwrap();
                let client = ours.await.unwrap().unwrap();
                assert_eq!(server.peer_addr().unwrap(), client.local_addr().unwrap());
                tokio::spawn(async { 6 }).await.unwrap()
            });
            assert_eq!(runtime.block_on(task).unwrap(), 6);
        });
    }
}

#[test]
fn a_local_runtime_has_it_as_well() {
    within(DEADLINE, || {
        let mut builder = Builder::new_current_thread();
        let runtime = builder.tokio_compat(TokioCompat::new()).build_local().unwrap();
        runtime.block_on(sleeps());
        let _entered = runtime.enter();
        assert!(theirs().is_some());
    });
}

#[test]
fn the_users_runtime_is_taken_and_stays_his() {
    within(DEADLINE, || {
        let users = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let handle = users.handle().clone();
        let runtime = Builder::new_multi_thread().tokio_compat(handle).build().unwrap();
        assert_eq!(runtime.block_on(async { theirs() }), Some(users.handle().id()));
        drop(runtime);
        users.block_on(sleeps());
    });
}

#[test]
fn without_it_tokio_says_that_there_is_none_and_compat_helps() {
    within(DEADLINE, || {
        rt::block_on(async {
            assert_eq!(theirs(), None);
            assert!(rt::spawn(sleeps()).await.unwrap_err().is_panic());
            rt::spawn(sleeps().compat()).await.unwrap();
        });
    });
}

#[test]
fn a_builder_makes_a_runtime_behind_for_each() {
    within(DEADLINE, || {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(1).tokio_compat(TokioCompat::new());
        let (first, second) = (builder.build().unwrap(), builder.build().unwrap());
        let ids = [&first, &second].map(|runtime| runtime.block_on(async { theirs() }));
        assert_ne!(ids[0], ids[1]);
        drop(first);
        second.block_on(sleeps());
    });
}

/// Asks for the context when it is dropped.
struct Asks(Option<oneshot::Sender<Option<Id>>>);

impl Future for Asks {
    type Output = ();
    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }
}

impl Drop for Asks {
    fn drop(&mut self) {
        let _nobody = self.0.take().unwrap().send(theirs());
    }
}

fn asks() -> (Asks, oneshot::Receiver<Option<Id>>) {
    let (sender, receiver) = oneshot::channel();
    (Asks(Some(sender)), receiver)
}

#[test]
fn what_is_dropped_at_the_end_is_dropped_in_the_context() {
    for builder in builders() {
        for shuts_down in [false, true] {
            let builder = builder.clone();
            within(DEADLINE, move || {
                let runtime = with_tokio(builder);
                let id = runtime.block_on(async { theirs() });
                let (future, mut dropped) = asks();
                let _task = runtime.spawn(future);
                if shuts_down {
                    assert!(runtime.shutdown(DEADLINE).is_complete());
                } else {
                    drop(runtime);
                }
                assert_eq!(dropped.try_recv(), Ok(Some(id)));
            });
        }
    }
    for shuts_down in [false, true] {
        within(DEADLINE, move || {
            let mut builder = Builder::new_current_thread();
            let runtime: LocalRuntime =
                builder.tokio_compat(TokioCompat::new()).build_local().unwrap();
            let id = runtime.block_on(async { theirs() });
            let (future, mut dropped) = asks();
            let _task = runtime.spawn_local(future);
            if shuts_down {
                drop(runtime.shutdown(DEADLINE));
            } else {
                drop(runtime);
            }
            assert_eq!(dropped.try_recv(), Ok(Some(id)));
        });
    }
}

#[test]
fn the_end_waits_for_tokios_jobs_and_a_shutdown_for_so_long_at_most() {
    for builder in builders() {
        within(DEADLINE, move || {
            let (begun, begins) = mpsc::channel();
            let runtime = with_tokio(builder);
            let entered = runtime.enter();
            let job = tokio::task::spawn_blocking(move || {
                begun.send(()).unwrap();
                std::thread::sleep(Duration::from_millis(50)); // its work
            });
            drop(entered);
            begins.recv().unwrap();
            drop(runtime);
            assert!(job.is_finished(), "the drop did not wait for the job");
        });
    }
    within(DEADLINE, || {
        let (_release, held) = mpsc::channel::<()>();
        let runtime = with_tokio(Builder::new_multi_thread());
        let entered = runtime.enter();
        let _job = tokio::task::spawn_blocking(move || held.recv());
        drop(entered);
        runtime.shutdown_timeout(Duration::from_millis(20));
    });
}

#[test]
fn a_task_may_drop_its_runtime_or_another() {
    for builder in builders() {
        within(DEADLINE, move || {
            let (inner, outer) = (with_tokio(builder.clone()), with_tokio(builder));
            outer.block_on(async {
                inner.spawn(sleeps());
                drop(inner);
            });
        });
    }
    within(DEADLINE, || {
        let (sender, receiver) = oneshot::channel::<Runtime>();
        let runtime = with_tokio(Builder::new_multi_thread());
        let task = runtime.spawn(async {
            drop(receiver.await.unwrap());
        });
        sender.send(runtime).unwrap();
        // It is over, or was cancelled by the end that it brought about.
        let _ended = futures::executor::block_on(task);
    });
}

#[rt::test(tokio_compat = true)]
async fn a_test_may_ask_for_it() {
    sleeps().await;
    rt::spawn(sleeps()).await.unwrap();
}

#[test]
fn a_main_may_ask_for_it() {
    #[rt::main(flavor = "multi_thread", worker_threads = 1, tokio_compat = true)]
    async fn program() -> u32 {
        sleeps().await;
        rt::spawn(async { tokio::spawn(async { 6 }).await.unwrap() }).await.unwrap()
    }
    within(DEADLINE, || assert_eq!(program(), 6));
}

#[test]
fn a_job_that_never_ran_is_dropped_in_the_context() {
    for shuts_down in [false, true] {
        within(DEADLINE, move || {
            let mut builder = Builder::new_current_thread();
            let runtime = builder
                .max_blocking_threads(1)
                .tokio_compat(TokioCompat::new())
                .build_local()
                .unwrap();
            let id = runtime.block_on(async { theirs() });
            let ((begun, begins), (release, held)) = (mpsc::channel(), mpsc::channel::<()>());
            let _runs = runtime.handle().spawn_blocking(move || {
                begun.send(()).unwrap();
                let _released = held.recv();
            });
            begins.recv().unwrap();
            let (waits, mut dropped) = asks();
            let _waits = runtime.handle().spawn_blocking(move || drop(waits));
            let handle = runtime.handle().clone();
            let releases = std::thread::spawn(move || {
                // Until the pool is closed, and takes no job any more.
                while !handle.spawn_blocking(|| {}).is_finished() {
                    std::thread::yield_now();
                }
                drop(release);
            });
            if shuts_down {
                drop(runtime.shutdown(DEADLINE));
            } else {
                drop(runtime);
            }
            releases.join().unwrap();
            assert_eq!(dropped.try_recv(), Ok(Some(id)));
        });
    }
}

#[test]
fn a_task_of_tokios_may_drop_the_runtime_that_it_stands_behind() {
    for builder in builders() {
        within(DEADLINE, move || {
            let (ended, ends) = mpsc::channel();
            let runtime = with_tokio(builder);
            let tokio = runtime.block_on(async { Handle::current() });
            let _task = tokio.spawn(async move {
                drop(runtime);
                ended.send(()).unwrap();
            });
            ends.recv().unwrap();
        });
    }
}

#[test]
fn runtimes_of_a_thread_local_end_with_it() {
    thread_local! {
        static OWNED: RefCell<Option<Runtime>> = const { RefCell::new(None) };
        static LOCAL: RefCell<Option<LocalRuntime>> = const { RefCell::new(None) };
        static HANDLE: RefCell<Option<Uses>> = const { RefCell::new(None) };
    }
    struct Uses(rt::runtime::Handle);
    impl Drop for Uses {
        fn drop(&mut self) {
            let _entered = self.0.enter();
            self.0.block_on(async {});
        }
    }
    for builder in builders() {
        within(DEADLINE, || {
            std::thread::spawn(move || {
                // Destroyed after those of tokio.
                OWNED.set(None);
                LOCAL.set(None);
                HANDLE.set(None);
                let runtime = with_tokio(builder);
                runtime.spawn(sleeps());
                runtime.block_on(sleeps());
                HANDLE.set(Some(Uses(runtime.handle().clone())));
                OWNED.set(Some(runtime));
                let mut builder = Builder::new_current_thread();
                let local = builder.tokio_compat(TokioCompat::new()).build_local().unwrap();
                local.block_on(sleeps());
                LOCAL.set(Some(local));
            })
            .join()
            .unwrap(); // a panic there is the end of the process
        });
    }
}
