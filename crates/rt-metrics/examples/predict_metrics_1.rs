//! What a trace writes down, by whom: the observer tells of spawns, aborts and ends, the probe of polls.
use rt_metrics::trace::{Outcome, Trace, What};
use rt_task::Builder;
use rt_testkit::{ByHand, poll_with_waker};

fn main() {
    let (trace, hand) = (Trace::new(100), ByHand::new());
    let spawn = |name: &str, future: std::pin::Pin<Box<dyn Future<Output = ()> + Send>>| {
        let (task, handle) = Builder::new().name(name).spawn(future, hand.clone());
        hand.push(task.expect("nobody closes the list"));
        handle
    };
    let (tell, told) = std::sync::mpsc::channel();
    let inner = hand.clone();
    let _first = spawn(
        "A",
        Box::pin(async move {
            let aborts: rt_task::JoinHandle<()> = told.recv().expect("it was sent before");
            aborts.abort();
            let (task, _) = Builder::new().name("C").spawn(async {}, inner.clone());
            inner.push(task.expect("nobody closes the list"));
        }),
    );
    let second = spawn("B", Box::pin(std::future::pending()));
    tell.send(second).expect("A has the other end");
    while let Some(task) = hand.pop() {
        let id = task.id();
        trace.record(Some(id), None, What::Polling);
        drop(poll_with_waker(task)); // nobody is woken here, so nobody comes back
        trace.record(Some(id), None, What::Polled(Outcome::Done));
    }
    print!("{}", trace.to_logical());
}
