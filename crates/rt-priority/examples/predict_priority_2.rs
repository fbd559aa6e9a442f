//! A class that changes while its task stands in a queue: from when on does it count?
use rt_executor::{Executor, Fifo};
use rt_priority::{Ageing, Lanes};
use rt_task::Builder;
use rt_task::Priority::{self, High, Low, Normal};
use rt_testkit::woken_at_once;
use rt_waker::Parker;

fn main() {
    let lanes = Lanes::new(Ageing::every(1_000), Fifo::new);
    let executor = Executor::with(Parker::new(), lanes, ());
    let handle = executor.local_handle();
    let spawn = |name: &'static str, class: Priority| {
        handle.spawn_with(Builder::new().priority(class), async move {
            println!("{name} begins");
            woken_at_once().await;
            println!("{name} goes on");
        })
    };
    executor.run(async {
        let (a, b, c) = (spawn("A", Low), spawn("B", Low), spawn("C", Normal));
        a.set_priority(High);
        b.set_priority(Normal);
        println!("all are in the queue");
        for task in [a, b, c] {
            task.await.expect("nobody panics");
        }
    });
}
