//! Who waits how long beside a loop that never gives way. `--nocapture` prints the figures.
//!
//! On two workers no longer than the monitor's bound, 20 ms, and a lot more for a machine that does other things too.
//! On one thread for ever, but where each await of the loop is `cooperative`.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use futures::{AsyncReadExt, AsyncWriteExt};
use rt::runtime::{Builder, Runtime};
use rt::task::coop::BUDGET;
use rt::task::yield_now;
use rt::time::sleep;
use rt_testkit::within;

use crate::side_by_side::ready::{AWAITS, Await, Ready, counted};

const DEADLINE: Duration = Duration::from_secs(60);

/// What the monitor promises, and what a busy machine may add.
const BOUND: Duration = Duration::from_millis(20);
const MERCY: Duration = Duration::from_millis(480);

/// How many of the others have got through.
#[derive(Clone, Default)]
struct Through(Arc<AtomicUsize>);

impl Through {
    fn count(&self) -> usize {
        self.0.load(Ordering::Acquire)
    }

    fn one(&self) {
        self.0.fetch_add(1, Ordering::Release);
    }
}

async fn is_due_in(pause: Duration) -> Duration {
    let due = Instant::now() + pause;
    sleep(pause).await;
    due.elapsed()
}

/// A server of echoes.
async fn echoes() -> SocketAddr {
    let listener = rt::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    rt::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            rt::spawn(async move {
                let mut byte = [0];
                while let Ok(()) = stream.read_exact(&mut byte).await {
                    stream.write_all(&byte).await.unwrap();
                }
            });
        }
    });
    addr
}

/// How long an echo takes, for a client that is in no runtime.
fn round_trip(stream: &mut TcpStream) -> Duration {
    let sent = Instant::now();
    stream.write_all(b"?").unwrap();
    stream.read_exact(&mut [0]).unwrap();
    sent.elapsed()
}

fn connect(addr: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(addr).unwrap();
    stream.set_nodelay(true).unwrap();
    round_trip(&mut stream); // it has been accepted
    stream
}

/// What the others waited for, each of them, while a loop went on until all had got through.
#[derive(Debug)]
struct Waits {
    spawned_by_it: Duration,
    spawned_outside: Duration,
    timer: Duration,
    socket: Duration,
    connection: Duration,
}

/// Lets the others try, beside a loop that ends only when all five have got through: a wait without end is one for
/// the deadline.
fn beside(runtime: &Runtime, mut ready: Ready, polls: &Arc<AtomicUsize>) -> Waits {
    let addr = runtime.block_on(runtime.spawn(echoes())).unwrap();
    let mut stream = connect(addr);
    let through = Through::default();
    let (begun, begins) = mpsc::channel();
    let (counts, until, counter) = (through.clone(), through.clone(), polls.clone());
    let rude = runtime.spawn(async move {
        sleep(Duration::from_millis(1)).await; // so that the worker that waited for timers and sockets is this one
        let spawned = Instant::now();
        let other = rt::spawn(async move {
            counts.one();
            spawned.elapsed()
        });
        begun.send(()).unwrap();
        let goes_on = async {
            while until.count() < 5 {
                ready.round(Await::AsItIs).await;
            }
        };
        counted(&counter, goes_on).await;
        other.await.unwrap()
    });
    begins.recv().unwrap();

    let (spawned, counts) = (Instant::now(), through.clone());
    let outside = runtime.spawn(async move {
        counts.one();
        spawned.elapsed()
    });
    let counts = through.clone();
    let timer = runtime.spawn(async move {
        let late = is_due_in(Duration::from_millis(5)).await;
        counts.one();
        late
    });
    let socket = round_trip(&mut stream);
    through.one();
    let asked = Instant::now();
    drop(connect(addr));
    let connection = asked.elapsed();
    through.one();
    let (spawned_by_it, spawned_outside, timer) = runtime
        .block_on(async { (rude.await.unwrap(), outside.await.unwrap(), timer.await.unwrap()) });
    Waits { spawned_by_it, spawned_outside, timer, socket, connection }
}

#[test]
fn on_two_workers_a_loop_that_is_always_ready_delays_no_task_timer_or_socket() {
    for ready in Ready::all() {
        within(DEADLINE, move || {
            let name = ready.name();
            let runtime = Builder::new_multi_thread().worker_threads(2).build().unwrap();
            let polls = Arc::new(AtomicUsize::new(0));
            let waits = beside(&runtime, ready, &polls);
            println!("{waits:?} beside {name}");
            assert_eq!(polls.load(Ordering::Relaxed), 1, "the loop gave way: nothing was shown");
            let Waits { spawned_by_it, spawned_outside, timer, socket, connection } = waits;
            for (what, waited) in [
                ("a task that the loop's spawned", spawned_by_it),
                ("a task from outside", spawned_outside),
                ("a timer", timer),
                ("an answer over a socket", socket),
                ("a connection", connection),
            ] {
                assert!(waited <= BOUND + MERCY, "{what} waited for {waited:?} beside {name}");
            }
        });
    }
}

#[test]
fn on_one_thread_a_loop_that_is_always_ready_lets_nobody_have_a_turn() {
    for mut ready in Ready::all() {
        within(DEADLINE, move || {
            let runtime = Builder::new_current_thread().build().unwrap();
            let name = ready.name();
            runtime
                .block_on(runtime.spawn(async move {
                    let addr = echoes().await;
                    let mut stream = rt::spawn_blocking(move || connect(addr)).await.unwrap();
                    let through = Through::default();
                    let others = others(&through);
                    let polls = AtomicUsize::new(0);
                    let goes_on = async {
                        stream.write_all(b"?").unwrap();
                        let begun = Instant::now();
                        for _ in 0..20_000 {
                            ready.round(Await::AsItIs).await;
                        }
                        while begun.elapsed() < Duration::from_millis(10) {
                            ready.round(Await::AsItIs).await; // by now the timer is due
                        }
                    };
                    counted(&polls, goes_on).await;
                    stream.set_nonblocking(true).unwrap();
                    let answer = stream.read(&mut [0]).map_err(|error| error.kind());
                    assert_eq!(answer, Err(std::io::ErrorKind::WouldBlock), "a socket was served");
                    assert_eq!(through.count(), 0, "a task or a timer had a turn beside {name}");
                    assert_eq!(polls.load(Ordering::Relaxed), 1, "the loop gave way");
                    others.await;
                    assert_eq!(through.count(), 2, "they had none when the loop was over, either");
                }))
                .unwrap();
        });
    }
}

/// A task that is ready and a timer that is due in a millisecond.
fn others(through: &Through) -> impl Future<Output = ()> + use<> {
    let (task, timer) = (through.clone(), through.clone());
    let task = rt::spawn(async move { task.one() });
    let timer = rt::spawn(async move {
        sleep(Duration::from_millis(1)).await;
        timer.one();
    });
    async {
        task.await.unwrap();
        timer.await.unwrap();
    }
}

#[test]
fn on_one_thread_a_loop_whose_awaits_are_cooperative_lets_all_have_their_turns() {
    for mut ready in Ready::all() {
        within(DEADLINE, move || {
            let runtime = Builder::new_current_thread().build().unwrap();
            let name = ready.name();
            runtime
                .block_on(runtime.spawn(async move {
                    let addr = echoes().await;
                    let through = Through::default();
                    let client = through.clone();
                    let client = thread::spawn(move || {
                        drop(connect(addr));
                        client.one();
                    });
                    let others = others(&through);
                    while through.count() < 3 {
                        ready.round(Await::Cooperative).await; // for ever, if one of them has no turn
                    }
                    others.await;
                    client.join().unwrap();

                    // How often: another task has a turn each time the budget of a poll is spent.
                    let turns = Arc::new(AtomicUsize::new(0));
                    let takes = turns.clone();
                    let other = rt::spawn(async move {
                        loop {
                            takes.fetch_add(1, Ordering::Relaxed);
                            yield_now().await;
                        }
                    });
                    let rounds = 100 * BUDGET / AWAITS;
                    for _ in 0..rounds {
                        ready.round(Await::Cooperative).await;
                    }
                    other.abort();
                    let turns = turns.load(Ordering::Relaxed);
                    assert!(
                        (99..=101).contains(&turns),
                        "{turns} turns, for 100 budgets of {name}"
                    );
                }))
                .unwrap();
        });
    }
}
