//! Eight tasks of three classes, and each third poll an aged one: in which order are they polled?
use rt_executor::{Fifo, RunQueue};
use rt_priority::{Ageing, Lanes};
use rt_task::Builder;
use rt_task::Priority::{High, Low, Normal};
use rt_testkit::{ByHand, poll};

fn main() {
    let mut queue = Lanes::<Fifo>::aged(Ageing::every(3));
    for (class, number) in
        [(Low, 1), (Low, 2), (Normal, 1), (Normal, 2), (High, 1), (High, 2), (High, 3), (High, 4)]
    {
        let body = async move { println!("{class:?} {number} is polled") };
        let (task, _handle) = Builder::new().priority(class).spawn(body, ByHand::new());
        queue.push(task.expect("nobody refuses it")).expect("there is room");
    }
    while let Some(task) = queue.pop() {
        let _completed = poll(task);
    }
}
