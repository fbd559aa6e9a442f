//! Why a future must not move once it was polled: it may hold a reference into itself.
//!
//! An async block that keeps a borrow across an `.await` stores both, the value and the reference to
//! it, in one place: the future. Were it moved, the reference would point to where the value was.
//! `Pin` is the promise that it is not moved, and the compiler holds one to it.
//!
//! Run it with `cargo run --example pinned`. It prints addresses like
//!
//! ```text
//! the future is at   0x7ffc1c3a9d40, 24 bytes long
//! its value is at    0x7ffc1c3a9d44, inside of the future
//! its reference says 0x7ffc1c3a9d44, also after the wait
//! on the heap        0x55d6a7f3cb10 before the box is moved, 0x55d6a7f3cb10 after it
//! ```

#![forbid(unsafe_code)]

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

/// Where the value is, and where the reference to it points, seen before and after a wait.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    value: usize,
    before: usize,
    after: usize,
}

/// Holds `value` and `reference`, which borrows it, while it waits.
async fn self_referential() -> Seen {
    let value = [1u8, 2, 3];
    let reference = &value[1];
    let before = address(reference);
    rt::task::yield_now().await; // here the future is left alone, with both in it
    assert_eq!(*reference, 2, "the reference still finds the value");
    Seen { value: address(&value[1]), before, after: address(reference) }
}

fn address<T>(place: &T) -> usize {
    std::ptr::from_ref(place).addr()
}

/// Polls twice: once up to the wait, once to the end.
fn run(mut future: Pin<&mut impl Future<Output = Seen>>) -> Seen {
    let mut cx = Context::from_waker(Waker::noop());
    assert!(future.as_mut().poll(&mut cx).is_pending(), "it waits with its borrow");
    match future.as_mut().poll(&mut cx) {
        Poll::Ready(seen) => seen,
        Poll::Pending => unreachable!("it yields once"),
    }
}

fn main() {
    // Before the first poll a future may move: nothing in it points to anything in it yet.
    let made_here = self_referential();
    let moved_here = made_here;

    // `pin!` takes it, and gives a reference that does not let it go again.
    let size = size_of_val(&moved_here);
    let mut pinned = pin!(moved_here);
    let start = address(&*pinned);
    let seen = run(pinned.as_mut());
    println!("the future is at   {start:#x}, {size} bytes long");
    println!("its value is at    {:#x}, inside of the future", seen.value);
    println!("its reference says {:#x}, also after the wait", seen.after);
    assert!((start..start + size).contains(&seen.value), "the value lies in the future");
    assert_eq!((seen.before, seen.after), (seen.value, seen.value));

    // Taking it out of its pin to move it is refused. This line
    //
    //     let moved = *pinned;
    //
    // gives
    //
    //     error[E0507]: cannot move out of dereference of `Pin<&mut impl Future<Output = Seen>>`
    //
    // and swapping it with another one, `std::mem::swap(&mut *pinned, &mut other)`,
    //
    //     error[E0596]: cannot borrow data in dereference of `Pin<&mut impl Future<Output = Seen>>`
    //                   as mutable
    //
    // There is a way round in `unsafe` code, `Pin::get_unchecked_mut`: its caller promises not to
    // move what it gets.

    // In a box the future stays where it is, and the box, a pointer, may go anywhere. So it is with
    // a task: `spawn` puts the future into one allocation, and what moves is a pointer to it.
    let boxed = Box::pin(self_referential());
    let before = address(&*boxed);
    let mut moved = boxed;
    let after = address(&*moved);
    println!("on the heap        {before:#x} before the box is moved, {after:#x} after it");
    assert_eq!(before, after);
    let seen = run(moved.as_mut());
    assert_eq!((seen.before, seen.after), (seen.value, seen.value));

    let seen = rt::block_on(async { rt::spawn(self_referential()).await });
    let seen = seen.expect("it does not panic");
    assert_eq!((seen.before, seen.after), (seen.value, seen.value));
}
