//! Promise 10: who has nothing to do is not woken.
//!
//! Every way to wait is there at once, each on a thread of its own, after some work: what a first
//! poll, a timer or a spawn leaves running would be seen.

use std::error::Error;
use std::future::pending;
use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rt::net::{TcpListener, TcpStream};
use rt::parts::executor;
use rt::runtime::{Builder, LocalRuntime, Runtime};
use rt::time::{interval, sleep, timeout};

use crate::figure::Figure;
use crate::process;

/// What a runtime may still do after its last poll.
const SETTLING: Duration = Duration::from_secs(2);
const MILLI: Duration = Duration::from_millis(1);
const FAR: Duration = Duration::from_secs(365 * 86_400);

/// From two seconds after the last poll there is not a single wake-up.
pub(crate) fn nothing_to_do(watched: Duration) -> Result<Vec<Figure>, Box<dyn Error>> {
    for runtime in [Builder::new_current_thread().build()?, Runtime::new()?] {
        let runtime = Arc::new(runtime);
        let (second, third) = (runtime.clone(), runtime.handle().clone());
        thread::spawn(move || runtime.block_on(busy_then_idle()));
        thread::spawn(move || second.block_on(busy_then_idle()));
        thread::spawn(move || third.block_on(busy_then_idle()));
    }
    thread::spawn(|| LocalRuntime::new().map(|runtime| runtime.block_on(busy_then_idle())));
    thread::spawn(|| {
        executor::block_on(sleep(MILLI)); // by the thread in the background
        executor::block_on(timeout(FAR, pending::<()>()))
    });

    thread::sleep(SETTLING);
    let before = process::sleeps()?;
    thread::sleep(watched);
    let woken = process::sleeps()? - before;
    let what = format!(
        "wake-ups in {} s of {} threads with nothing to do",
        watched.as_secs(),
        process::threads()? - 1
    );
    Ok(vec![Figure::shown(what, woken as f64, "").at_most(0.0)])
}

/// Some tasks, some timers, and then nothing but waiting, with a timer that is far away.
async fn busy_then_idle() {
    for _ in 0..100 {
        let task = rt::spawn(sleep(MILLI / 100));
        let _ = timeout(MILLI, task).await;
    }
    let _never_done = rt::spawn(pending::<()>());
    let _never_read = rt::spawn(a_silent_connection());
    let _local = rt::spawn_local(pending::<()>());
    let _ = timeout(FAR, pending::<()>()).await;
}

/// Both ends wait for a byte.
async fn a_silent_connection() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let client = TcpStream::connect(listener.local_addr()?).await?;
    let (server, _address) = listener.accept().await?;
    let (one, two) = rt::join!(client.readable(), server.readable());
    one.and(two)
}

/// An interval of 1 Hz wakes the process at most five times a second.
pub(crate) fn once_a_second(watched: Duration) -> Result<Vec<Figure>, Box<dyn Error>> {
    let runtime = Runtime::new()?;
    thread::spawn(move || {
        runtime.block_on(async {
            let mut interval = interval(Duration::from_secs(1));
            loop {
                interval.tick().await;
            }
        })
    });
    // Between two ticks, so that as many are watched as there are seconds.
    thread::sleep(SETTLING + Duration::from_millis(500));
    let before = process::sleeps()?;
    thread::sleep(watched);
    let woken = (process::sleeps()? - before) as f64 / watched.as_secs_f64();
    Ok(vec![Figure::shown("wake-ups of an interval of 1 Hz", woken, "a second").at_most(5.0)])
}
