//! A poll that does not end is reported, once, while everything else goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use futures::{AsyncReadExt, AsyncWriteExt};
use rt::net::{TcpListener, TcpStream};
use rt::runtime::{Builder, LocalRuntime, Runtime};
use rt::task;
use rt::time::sleep;
use rt_testkit::within;

const LIMIT: Duration = Duration::from_secs(60);
const THRESHOLD: Duration = Duration::from_millis(100);
/// What the system may take longer than it should.
const SLACK: Duration = Duration::from_secs(5);

/// What was told of a stall.
#[derive(Debug)]
struct Told {
    name: Option<String>,
    line: u32,
    elapsed: Duration,
    worker: Option<usize>,
    thread: Option<String>,
    text: String,
}

fn watched(builder: &mut Builder) -> Receiver<Told> {
    let (sender, told) = mpsc::channel();
    builder.on_stall(move |stall| {
        let _test_is_over = sender.send(Told {
            name: stall.name().map(str::to_owned),
            line: stall.place().line(),
            elapsed: stall.elapsed(),
            worker: stall.worker(),
            thread: std::thread::current().name().map(str::to_owned),
            text: stall.to_string(),
        });
    });
    told
}

fn workers(workers: usize) -> (Runtime, Receiver<Told>) {
    let mut builder = Builder::new_multi_thread();
    let told = watched(builder.worker_threads(workers));
    (builder.build().unwrap(), told)
}

fn next(told: &Receiver<Told>) -> Told {
    told.recv_timeout(SLACK).expect("a poll that does not end is not reported")
}

/// Computes until it is told to stop: one poll.
fn compute_until(is_over: &AtomicBool) {
    while !is_over.load(Ordering::Relaxed) {
        std::thread::yield_now();
    }
}

#[test]
fn a_stall_is_told_with_its_name_and_place_while_it_goes_on() {
    within(LIMIT, || {
        let (runtime, told) = workers(2);
        let is_over = Arc::new(AtomicBool::new(false));
        let over = is_over.clone();
        let _entered = runtime.enter();
        let begin = Instant::now();
        let line = line!() + 1;
        let task = task::Builder::new().name("crunch").spawn(async move { compute_until(&over) });
        let stall = next(&told);
        let after = begin.elapsed();
        is_over.store(true, Ordering::Relaxed);
        println!("{}\ntold {after:?} after the poll began", stall.text);
        assert_eq!(stall.name.as_deref(), Some("crunch"), "a report names another task");
        assert_eq!(stall.line, line, "a report shows another place");
        assert!(stall.worker.is_some_and(|worker| worker < 2), "it was no worker: {stall:?}");
        assert!(stall.elapsed >= THRESHOLD, "reported too early: {stall:?}");
        assert!(after >= stall.elapsed, "it says {:?} after {after:?}", stall.elapsed);
        assert_eq!(stall.thread.as_deref(), Some("rt-watchdog"), "it holds up the monitor: [MO3]");
        let text = format!("task {} (\"crunch\"), spawned at ", task.id());
        assert!(stall.text.starts_with(&text), "what people read: {}", stall.text);
        runtime.block_on(task).unwrap();
    });
}

#[test]
fn tasks_timers_and_sockets_go_on_meanwhile() {
    within(LIMIT, || {
        let (runtime, told) = workers(2);
        let is_over = Arc::new(AtomicBool::new(false));
        let over = is_over.clone();
        runtime.block_on(async move {
            let stalls = rt::spawn(async move { compute_until(&over) });
            let mut rounds = 0;
            let stall = loop {
                rt::spawn(async {
                    sleep(Duration::from_millis(1)).await;
                    a_byte_there_and_back().await;
                })
                .await
                .unwrap();
                rounds += 1;
                if let Ok(stall) = told.try_recv() {
                    break stall;
                }
            };
            is_over.store(true, Ordering::Relaxed);
            stalls.await.unwrap();
            assert!(stall.elapsed >= THRESHOLD, "reported too early: {stall:?}");
            // 100 ms of rounds that take one: were they held up, it would be one round.
            assert!(rounds >= 3, "only {rounds} rounds: the stall holds others up");
        });
    });
}

async fn a_byte_there_and_back() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (mut server, _address) = listener.accept().await.unwrap();
    client.write_all(b"x").await.unwrap();
    let mut byte = [0];
    server.read_exact(&mut byte).await.unwrap();
    assert_eq!(&byte, b"x");
}

#[test]
fn a_stall_is_told_once_and_the_next_poll_of_the_task_anew() {
    within(LIMIT, || {
        let mut builder = Builder::new_multi_thread();
        let told = watched(builder.worker_threads(2).stall_threshold(Duration::from_millis(20)));
        let runtime = builder.build().unwrap();
        let (go_on, next_poll) = mpsc::channel();
        let task = runtime.spawn(async move {
            for _ in 0..2 {
                next_poll.recv().unwrap(); // blocks its worker: one poll
                task::yield_now().await;
            }
        });
        let _first = next(&told);
        let silence = told.recv_timeout(Duration::from_millis(200));
        assert!(silence.is_err(), "one poll is reported twice: {silence:?}");
        go_on.send(()).unwrap();
        let _second = next(&told);
        go_on.send(()).unwrap();
        runtime.block_on(task).unwrap();
        assert!(told.try_recv().is_err(), "a stall that is over is reported");
    });
}

#[test]
fn who_blocks_in_place_is_not_told_of() {
    within(LIMIT, || {
        let mut builder = Builder::new_multi_thread();
        let told = watched(builder.worker_threads(1).stall_threshold(Duration::from_millis(20)));
        let runtime = builder.build().unwrap();
        let blocks = || task::block_in_place(|| std::thread::sleep(Duration::from_millis(200)));
        runtime.block_on(runtime.spawn(async move { blocks() })).unwrap();
        let local = runtime.spawn(async move {
            drop(rt::spawn_local(async move { blocks() }));
        });
        runtime.block_on(local).unwrap();
        drop(runtime);
        let stalls: Vec<_> = told.try_iter().collect();
        assert!(stalls.is_empty(), "what is meant to block is reported: {stalls:?}");
    });
}

#[test]
fn a_local_task_of_a_worker_is_told_of_by_its_name() {
    within(LIMIT, || {
        let (runtime, told) = workers(1);
        let is_over = Arc::new(AtomicBool::new(false));
        let over = is_over.clone();
        let task = runtime.spawn(async move {
            drop(rt::spawn_local(async {})); // polled in the same turn, and no stall
            let stalls = async move { compute_until(&over) };
            task::Builder::new().name("local crunch").spawn_local(stalls).await.unwrap();
        });
        let stall = next(&told);
        is_over.store(true, Ordering::Relaxed);
        assert_eq!(stall.name.as_deref(), Some("local crunch"), "a report names another task");
        assert_eq!(stall.worker, Some(0), "a report shows another worker");
        assert!(stall.elapsed >= THRESHOLD, "reported too early: {stall:?}");
        runtime.block_on(task).unwrap();
    });
}

#[test]
fn a_current_thread_runtime_is_watched_where_asked() {
    within(LIMIT, || {
        let mut builder = Builder::new_current_thread();
        let told = watched(builder.stall_threshold(Duration::from_millis(20)));
        let runtime = builder.build().unwrap();
        let is_told = Arc::new(AtomicBool::new(false));
        let over = is_told.clone();
        let reader = std::thread::spawn(move || {
            let stalls = [next(&told), next(&told)];
            is_told.store(true, Ordering::Relaxed);
            stalls
        });
        runtime.block_on(async move {
            sleep(Duration::from_millis(50)).await; // asleep, the thread is in no poll
            let stalls = async { std::thread::sleep(Duration::from_millis(200)) };
            task::Builder::new().name("one").spawn(stalls).await.unwrap();
            let stalls = async move { compute_until(&over) };
            task::Builder::new().name("two").spawn_local(stalls).await.unwrap();
        });
        let stalls = reader.join().unwrap();
        let names: Vec<_> = stalls.iter().map(|stall| stall.name.as_deref().unwrap()).collect();
        assert_eq!(names, ["one", "two"], "tasks of a current-thread runtime and of its session");
        assert_eq!(stalls[0].worker, None, "it has no workers");
    });
}

#[test]
fn a_local_runtime_is_watched_where_asked() {
    within(LIMIT, || {
        let mut builder = Builder::new_current_thread();
        let told = watched(builder.stall_threshold(Duration::from_millis(20)));
        let runtime: LocalRuntime = builder.build_local().unwrap();
        let is_told = Arc::new(AtomicBool::new(false));
        let over = is_told.clone();
        let reader = std::thread::spawn(move || {
            let stall = next(&told);
            is_told.store(true, Ordering::Relaxed);
            stall
        });
        let task = runtime.spawn_local(async move { compute_until(&over) });
        runtime.block_on(task).unwrap();
        assert!(reader.join().unwrap().elapsed >= Duration::from_millis(20), "reported too early");
    });
}

#[test]
fn nothing_is_told_of_polls_that_are_short_or_not_watched() {
    within(LIMIT, || {
        let (runtime, told) = workers(2);
        let mut builder = Builder::new_multi_thread();
        let untold = watched(builder.worker_threads(1).no_stall_watchdog());
        let unwatched = builder.build().unwrap();
        let short = runtime.spawn(async {
            for _ in 0..20 {
                std::thread::sleep(Duration::from_millis(10));
                task::yield_now().await;
            }
        });
        let long = unwatched.spawn(async { std::thread::sleep(Duration::from_millis(200)) });
        runtime.block_on(short).unwrap();
        unwatched.block_on(long).unwrap();
        // A machine that stops for 90 ms makes a poll of 10 ms one of 100.
        let stalls: Vec<_> = told.try_iter().filter(|stall| stall.elapsed < THRESHOLD).collect();
        assert!(stalls.is_empty(), "a short poll is reported: {stalls:?}");
        assert!(untold.try_recv().is_err(), "reported although nobody is to watch");
    });
}

#[test]
fn a_hook_that_panics_or_blocks_keeps_no_runtime_from_going_on() {
    within(LIMIT, || {
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = calls.clone();
        let (told, all) = mpsc::channel();
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .stall_threshold(Duration::from_millis(10))
            .on_stall(move |_| {
                counted.fetch_add(1, Ordering::Relaxed);
                let _ = told.send(());
                std::panic::resume_unwind(Box::new("a faulty hook"));
            })
            .build()
            .unwrap();
        for _ in 0..2 {
            let task = runtime.spawn(async { std::thread::sleep(Duration::from_millis(300)) });
            runtime.block_on(task).unwrap();
        }
        for _ in 0..2 {
            all.recv_timeout(SLACK).expect("a panic of the hook ends all reports");
        }
        assert_eq!(calls.load(Ordering::Relaxed), 2, "one call a stall");
    });
}

#[test]
fn a_local_task_of_a_thread_without_a_place_is_told_of_also_while_all_others_sleep() {
    within(LIMIT, || {
        let (runtime, told) = workers(1);
        let (go, wait) = futures::channel::oneshot::channel::<()>();
        let (over, is_over) = mpsc::channel::<()>();
        runtime
            .block_on(runtime.spawn(async move {
                let stalls = async move {
                    wait.await.unwrap();
                    let _ = is_over.recv();
                };
                drop(task::Builder::new().name("left behind").spawn_local(stalls));
                task::block_in_place(|| std::thread::sleep(Duration::from_millis(50)));
            }))
            .unwrap();
        std::thread::sleep(Duration::from_millis(300)); // all sleep, and so does the monitor
        go.send(()).unwrap();
        let stall = told.recv_timeout(SLACK);
        drop(over);
        let name = stall.expect("the monitor sleeps while a thread without a place polls").name;
        assert_eq!(name.as_deref(), Some("left behind"), "a report names another task");
    });
}

#[test]
fn a_report_that_had_to_wait_does_not_make_the_poll_longer() {
    within(LIMIT, || {
        let (sender, told) = mpsc::channel();
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .stall_threshold(Duration::from_millis(30))
            .on_stall(move |stall| {
                let _ = sender.send(stall.elapsed());
                std::thread::sleep(Duration::from_millis(400)); // others' reports wait
            })
            .build()
            .unwrap();
        let block = || async {
            std::thread::sleep(Duration::from_millis(120));
            rt::time::sleep(Duration::from_secs(1)).await; // it lives on
        };
        let tasks = [runtime.spawn(block()), runtime.spawn(block())];
        for _ in 0..2 {
            let elapsed = told.recv_timeout(SLACK).expect("nobody is told");
            assert!(elapsed < Duration::from_millis(400), "120 ms are told as {elapsed:?}");
        }
        for task in tasks {
            runtime.block_on(task).unwrap();
        }
    });
}

#[test]
fn a_thread_that_does_not_drive_is_watched_from_its_first_poll_on() {
    within(LIMIT, || {
        let mut builder = Builder::new_current_thread();
        let told = watched(builder.stall_threshold(Duration::from_millis(20)));
        let runtime = Arc::new(builder.build().unwrap());
        let (drives, is_over) = (runtime.clone(), Arc::new(AtomicBool::new(false)));
        let (end, is_ended) = futures::channel::oneshot::channel::<()>();
        let driver = std::thread::spawn(move || _ = drives.block_on(is_ended));
        std::thread::sleep(Duration::from_millis(200)); // it sleeps, and so does the monitor
        let over = is_over.clone();
        let waits = std::thread::spawn(move || {
            let stalls = async move { compute_until(&over) };
            runtime.block_on(async { rt::spawn_local(stalls).await.unwrap() });
        });
        let stall = told.recv_timeout(SLACK);
        is_over.store(true, Ordering::Relaxed);
        drop(end);
        waits.join().unwrap();
        driver.join().unwrap();
        stall.expect("the monitor sleeps while a thread polls that has not waited yet");
    });
}
