//! What the compiler makes of an `async fn`: the same future twice, once written as `async fn`, once
//! by hand as an enum of states. Both leave the same trace.
//!
//! Run it with `cargo run --example by_hand`. It prints
//!
//! ```text
//! poll    async fn                            by hand
//! 1       knock at front                      knock at front
//! 2       front opens; knock at back          front opens; knock at back
//! 3       still waiting                       still waiting
//! 4       back opens; through both: 42        back opens; through both: 42
//! the same trace, in 4 polls each
//! ```

#![forbid(unsafe_code)]

use std::cell::RefCell;
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

thread_local! {
    static TRACE: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

fn note(what: String) {
    TRACE.with_borrow_mut(|trace| trace.push(what));
}

/// A leaf: a future that opens after so many further polls. A real one would give its waker to
/// whoever opens the door; this one knocks again at once.
struct Door {
    name: &'static str,
    waits: u32,
    has_knocked: bool,
}

impl Door {
    fn new(name: &'static str, waits: u32) -> Door {
        Door { name, waits, has_knocked: false }
    }
}

impl Future for Door {
    type Output = u32;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<u32> {
        if self.waits == 0 {
            note(format!("{} opens", self.name));
            return Poll::Ready(21);
        }
        let knocked = std::mem::replace(&mut self.has_knocked, true);
        note(if knocked { "still waiting".into() } else { format!("knock at {}", self.name) });
        self.waits -= 1;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// As one writes it.
async fn through_both() -> u32 {
    let first = Door::new("front", 1).await;
    let second = Door::new("back", 2).await;
    note(format!("through both: {}", first + second));
    first + second
}

/// As the compiler sees it: a state for each `.await`, holding what is needed later on; a poll goes
/// on where the last one stopped. It borrows nothing from itself, so it may move; see the example
/// `pinned` for one that may not.
enum ThroughBoth {
    Start,
    AtFront { front: Door },
    AtBack { first: u32, back: Door },
    Done,
}

impl Future for ThroughBoth {
    type Output = u32;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<u32> {
        loop {
            *self = match &mut *self {
                ThroughBoth::Start => ThroughBoth::AtFront { front: Door::new("front", 1) },
                ThroughBoth::AtFront { front } => {
                    // `ready!` is `.await` by hand: leave if the inner future is pending.
                    let first = ready!(Pin::new(front).poll(cx));
                    ThroughBoth::AtBack { first, back: Door::new("back", 2) }
                }
                ThroughBoth::AtBack { first, back } => {
                    let sum = *first + ready!(Pin::new(back).poll(cx));
                    note(format!("through both: {sum}"));
                    *self = ThroughBoth::Done;
                    return Poll::Ready(sum);
                }
                ThroughBoth::Done => panic!("polled after it was ready: poll it to the end, once"),
            }
        }
    }
}

/// What is noted in each poll of a future that a runtime runs.
fn polls<F: Future<Output = u32>>(future: F) -> Vec<String> {
    rt::block_on(async {
        let mut future = pin!(future);
        let mut polls = Vec::new();
        let output = std::future::poll_fn(|cx| {
            let polled = future.as_mut().poll(cx);
            polls.push(TRACE.take().join("; "));
            polled
        });
        assert_eq!(output.await, 42);
        polls
    })
}

fn main() {
    let (written, by_hand) = (polls(through_both()), polls(ThroughBoth::Start));
    println!("{:<8}{:<36}by hand", "poll", "async fn");
    for (at, (left, right)) in written.iter().zip(&by_hand).enumerate() {
        println!("{:<8}{left:<36}{right}", at + 1);
    }
    assert_eq!(written, by_hand);
    assert_eq!(
        written.len(),
        4,
        "one for the start, and one for each time that a door lets us wait"
    );
    println!("the same trace, in {} polls each", written.len());
}
