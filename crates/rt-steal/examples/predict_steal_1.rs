//! Two workers and seven tasks: who polls what, and in which order?
use rt_executor::RunQueue;
use rt_steal::{Ring, Slot};
use rt_task::Task;
use rt_testkit::{ByHand, poll};

fn task(name: &'static str) -> Task {
    Task::new(async move { println!("    {name} is polled") }, ByHand::new()).0
}

fn main() {
    let (mut owner, mut thief, mut slot) = (Ring::new(), Ring::new(), Slot::new());
    for name in ["A", "B", "C", "D", "E"] {
        owner.push(task(name)).expect("there is room");
    }
    let first = owner.stealer().steal_into(&mut thief);
    for name in ["F", "G"] {
        if let Some(before) = slot.put(task(name)) {
            owner.push(before).expect("there is room");
        }
    }
    println!("the owner:");
    let next = slot.take().into_iter();
    next.chain(std::iter::from_fn(|| owner.pop())).for_each(|task| drop(poll(task)));
    println!("the thief:");
    let next = first.into_iter();
    next.chain(std::iter::from_fn(|| thief.pop())).for_each(|task| drop(poll(task)));
}
