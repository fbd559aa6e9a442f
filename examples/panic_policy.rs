//! What a runtime does when a task panics: nothing but tell its joiner, unless the builder says otherwise.
//!
//! Run it with `cargo run --example panic_policy`. It prints
//!
//! ```text
//! isolate: 3 of 4 orders are served, the joiner of the fourth has "no order 3"
//! callback: told of order-3, spawned in examples/panic_policy.rs, "no order 3"; 3 served
//! shutdown: `block_on` panics, 0 of 4 stations are staffed, a later spawn is cancelled
//! ```

#![forbid(unsafe_code)]

use std::future::pending;
use std::io;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rt::runtime::{Builder, PanicPolicy, Runtime};
use rt::task::{self, JoinHandle};

const ORDERS: usize = 4;

fn runtime(policy: PanicPolicy) -> io::Result<Runtime> {
    Builder::new_multi_thread().worker_threads(2).on_task_panic(policy).build()
}

/// Nobody has ever seen the fourth order.
fn serve(order: usize) -> JoinHandle<usize> {
    let name = format!("order-{order}");
    task::Builder::new().name(&name).spawn(async move {
        assert!(order != 3, "no order {order}");
        order
    })
}

/// How many orders are served, and what the joiner of the bad one is told.
async fn serve_all() -> (usize, String) {
    let orders: Vec<_> = (0..ORDERS).map(serve).collect();
    let (mut served, mut told) = (0, String::new());
    for order in orders {
        match order.await {
            Ok(_) => served += 1,
            Err(error) => {
                let payload = error.into_panic();
                told = payload.downcast_ref::<String>().expect("`assert!` has a text").clone();
            }
        }
    }
    (served, told)
}

fn isolate() -> io::Result<()> {
    let (served, told) = runtime(PanicPolicy::Isolate)?.block_on(serve_all());
    assert_eq!((served, &*told), (3, "no order 3"));
    println!(
        "isolate: {served} of {ORDERS} orders are served, the joiner of the fourth has {told:?}"
    );
    Ok(())
}

fn callback() -> io::Result<()> {
    let book = Arc::new(Mutex::new(Vec::new()));
    let pages = book.clone();
    let policy = PanicPolicy::callback(move |panic| {
        let name = panic.name().unwrap_or("nobody").to_owned();
        let page = (name, panic.place().file(), panic.message().map(str::to_owned));
        pages.lock().expect("no writer panics").push(page);
    });
    let (served, _) = runtime(policy)?.block_on(serve_all());
    let pages = book.lock().expect("no writer panics");
    let [(name, file, Some(message))] = &pages[..] else { unreachable!("one panic, one call") };
    println!("callback: told of {name}, spawned in {file}, {message:?}; {served} served");
    assert_eq!((served, &**name), (3, "order-3"));
    Ok(())
}

/// Leaves its station when it is dropped.
struct Staff(Arc<AtomicUsize>);

impl Drop for Staff {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn shutdown() -> io::Result<()> {
    let runtime = runtime(PanicPolicy::Shutdown)?;
    let staffed = Arc::new(AtomicUsize::new(0));
    for _ in 0..ORDERS {
        staffed.fetch_add(1, Ordering::Relaxed);
        let staff = Staff(staffed.clone());
        let station = async move {
            let _staff = staff;
            pending::<()>().await;
        };
        drop(runtime.spawn(station));
    }
    // Nobody wakes this root: it ends because the runtime does.
    let root = async {
        drop(serve(3));
        pending::<()>().await;
    };
    let ended = catch_unwind(AssertUnwindSafe(|| runtime.block_on(root)));
    assert!(ended.is_err(), "a root went on in a runtime that is down");
    let late = runtime.spawn(async {});
    drop(runtime); // waits until the workers have left
    let staffed = staffed.load(Ordering::Relaxed);
    assert_eq!(staffed, 0);
    assert!(rt::parts::executor::block_on(late).is_err_and(|error| error.is_cancelled()));
    println!(
        "shutdown: `block_on` panics, {staffed} of {ORDERS} stations are staffed, a later spawn is \
         cancelled"
    );
    Ok(())
}

fn main() -> io::Result<()> {
    // Panics are what this is about: their messages would only be in the way.
    panic::set_hook(Box::new(|_| ()));
    isolate()?;
    callback()?;
    shutdown()
}
