//! A token that stays until it is taken, on one thread.

use std::time::Duration;

use rt_waker::Parker;

fn main() {
    let (outer, inner) = (Parker::new(), Parker::new());
    let waker = outer.waker();
    waker.wake_by_ref();
    println!("the outer one is unparked");
    waker.wake();
    println!("and once more");
    if !inner.wait_timeout(Duration::from_millis(1)) {
        println!("the time of the inner one is up");
    }
    outer.wait();
    println!("the outer one has waited");
    if outer.try_take() {
        println!("a second token was there");
    } else {
        println!("there is no second token");
    }
}
