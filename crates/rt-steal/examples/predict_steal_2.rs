//! Three workers sleep, and somebody pushes, twice: who is woken, and by whom?
use std::sync::Arc;
use std::task::{Wake, Waker};

use rt_steal::{Idle, LastLook};

struct Worker(usize);

impl Wake for Worker {
    fn wake(self: Arc<Self>) {
        println!("    worker {} is woken", self.0);
    }
}

fn main() {
    let idle = Idle::new(3);
    let sleeping = [0, 1, 2].map(|worker| {
        idle.register(worker, Waker::from(Arc::new(Worker(worker))));
        idle.sleep(worker, None, || LastLook::Nothing)
    });
    let [zero, one, two] = sleeping;
    println!("two pushes");
    idle.notify();
    idle.notify();
    println!("worker 2 finds a task, and sees another");
    two.wake().expect("it was chosen").finish(|| true);
    println!("worker 0 gets up for a timer");
    let searches = zero.wake().is_some();
    println!("it searches: {searches}; a push");
    idle.notify();
    println!("worker 1 finds a task, and sees another");
    one.wake().expect("it was chosen").finish(|| true);
    println!("searching: {}, sleeping: {}", idle.searching(), idle.sleeping());
}
