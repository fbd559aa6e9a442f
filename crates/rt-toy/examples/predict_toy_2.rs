//! What a wake is, and what it is not.

use std::future::poll_fn;
use std::task::Poll;

use rt_toy::{Executor, spawn, yield_now};

fn main() {
    Executor::new().run(async {
        let mut polls = 0;
        let woken = spawn(poll_fn(move |cx| {
            polls += 1;
            println!("poll {polls} begins");
            match polls {
                1 => (0..3).for_each(|_| cx.waker().wake_by_ref()),
                2 => cx.waker().wake_by_ref(),
                _ => return Poll::Ready(()),
            }
            println!("poll {polls} says Pending");
            Poll::Pending
        }));
        let other = spawn(async {
            println!("the other task runs");
            yield_now().await;
            println!("the other task runs again");
        });
        println!("the root waits");
        woken.await.expect("it does not panic");
        println!("the root goes on");
        other.await.expect("it does not panic");
    });
}
