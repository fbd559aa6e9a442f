//! Two tasks take turns on one thread: a task runs until it waits, and while it waits the other one runs.
//!
//! Run it with `cargo run --example hello`. It prints, with 20 ms or a little more (never less)
//!
//! ```text
//! main: both are spawned, none has run yet
//! kettle: on the stove
//! cup: on the table
//! main: tea is ready, after 20 ms
//! ```

#![forbid(unsafe_code)]

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use rt::time::{Duration, Instant, sleep};

/// What was said, in order.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<Vec<&'static str>>>);

impl Said {
    fn say(&self, who: &'static str, what: &str) {
        let _ = writeln!(io::stdout(), "{who}: {what}"); // who reads may have seen enough
        self.0.lock().expect("nobody panics while they speak").push(who);
    }
}

#[rt::main(flavor = "current_thread")]
async fn main() {
    let start = Instant::now();
    let said = Said::default();

    // A spawned task runs when the current one waits, whether or not its handle is awaited.
    let kettle = rt::spawn({
        let said = said.clone();
        async move {
            said.say("kettle", "on the stove");
            sleep(Duration::from_millis(20)).await;
            "tea"
        }
    });
    let cup = rt::spawn({
        let said = said.clone();
        async move { said.say("cup", "on the table") }
    });
    said.say("main", "both are spawned, none has run yet");

    // Awaiting a handle gives the output, or the reason why there is none: a panic, an abort.
    cup.await.expect("it does not panic");
    let drink = kettle.await.expect("it does not panic");
    said.say("main", &format!("{drink} is ready, after {} ms", start.elapsed().as_millis()));

    assert!(start.elapsed() >= Duration::from_millis(20), "a timer is never early");
    let order = said.0.lock().expect("nobody panics while they speak").clone();
    assert_eq!(order, ["main", "kettle", "cup", "main"]);
}
