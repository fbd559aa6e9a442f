//! A service that hangs, then fails, then answers: each attempt gets a limit of time, and between
//! two attempts the caller waits, each time twice as long.
//!
//! The clock stands still (`start_paused`) and jumps ahead whenever every task waits. So this takes
//! no time at all, and the times are the same to the millisecond in every run: the way to test code
//! that waits.
//!
//! Run it with `cargo run --example timeout_retry`. It prints
//!
//! ```text
//!     0 ms  attempt 1
//!  1000 ms  attempt 1: no answer within 1s; wait 200ms
//!  1200 ms  attempt 2
//!  1250 ms  attempt 2: the service said "busy"; wait 400ms
//!  1650 ms  attempt 3
//!  1700 ms  attempt 3: 42
//! 1700 ms of the program's time took less than a second of ours
//! ```

#![forbid(unsafe_code)]

use std::future::pending;
use std::io::{self, Write};

use rt::time::{Duration, Instant, sleep, timeout};

const LIMIT: Duration = Duration::from_secs(1);
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// Hangs when it is asked first, is busy the second time, and answers from then on.
async fn ask(attempt: u32) -> Result<u32, &'static str> {
    if attempt == 1 {
        pending::<()>().await;
    }
    sleep(Duration::from_millis(50)).await;
    if attempt == 2 { Err("busy") } else { Ok(42) }
}

async fn ask_until_answered(start: Instant, attempts: u32) -> Option<(u32, u32)> {
    let mut pause = FIRST_PAUSE;
    for attempt in 1..=attempts {
        say(start, &format!("attempt {attempt}"));
        // When the time is up, `timeout` drops the future: whatever it was at is cancelled.
        let failure = match timeout(LIMIT, ask(attempt)).await {
            Ok(Ok(answer)) => {
                say(start, &format!("attempt {attempt}: {answer}"));
                return Some((attempt, answer));
            }
            Ok(Err(error)) => format!("the service said {error:?}"),
            Err(_elapsed) => format!("no answer within {LIMIT:?}"),
        };
        say(start, &format!("attempt {attempt}: {failure}; wait {pause:?}"));
        sleep(pause).await;
        pause *= 2;
    }
    None
}

fn say(start: Instant, what: &str) {
    print(&format!("{:>5} ms  {what}", start.elapsed().as_millis()));
}

fn print(line: &str) {
    let _ = writeln!(io::stdout(), "{line}"); // who reads may have seen enough
}

#[rt::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let real = std::time::Instant::now();
    let start = Instant::now(); // of the runtime's clock
    let answer = ask_until_answered(start, 5).await;

    assert_eq!(answer, Some((3, 42)));
    let expected = LIMIT + FIRST_PAUSE + FIRST_PAUSE * 2 + Duration::from_millis(2 * 50);
    assert_eq!(start.elapsed(), expected, "one limit, two pauses, two answers, and nothing else");
    assert!(real.elapsed() < Duration::from_secs(1));
    let took = expected.as_millis();
    print(&format!("{took} ms of the program's time took less than a second of ours"));
}
