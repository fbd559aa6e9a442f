//! What a wake is, and what it is not.

use std::future::poll_fn;
use std::task::Poll;

use rt_toy::block_on;

fn main() {
    let mut polls = 0;
    block_on(poll_fn(|cx| {
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
    println!("block_on returns after {polls} polls");
}
