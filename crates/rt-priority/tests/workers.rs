//! Workers of chapter 7 whose queues are lanes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rt_executor::block_on;
use rt_priority::{Ageing, Lanes};
use rt_steal::{Ring, Shared, Team, Worker, step_aside};
use rt_task::Builder;
use rt_task::Priority::{self, High, Low};
use rt_testkit::within;
use rt_waker::Parker;

const LIMIT: Duration = Duration::from_secs(60);

fn start(every: u32) -> (Team, Shared<Parker>, JoinHandle<()>) {
    let queue = || Lanes::<Ring>::aged(Ageing::every(every));
    let (team, mut places) = Team::hire_with(1, queue).expect("a team can be hired");
    let park = Shared::new(Parker::new());
    team.share(&park);
    let (place, at) = (places.remove(0), park.another());
    (team, park, thread::spawn(move || Worker::new(place, at, (), ()).run()))
}

fn end(team: &Team, worker: JoinHandle<()>) {
    team.close();
    assert!(team.wait(Some(LIMIT)), "a worker does not leave");
    worker.join().expect("it does not panic");
}

#[test]
fn a_worker_polls_by_the_rule_of_its_lanes() {
    within(LIMIT, || {
        for every in [2, 3, 100] {
            let (team, _park, worker) = start(every);
            let (order, handle) = (Arc::new(Mutex::new(Vec::new())), team.handle());
            let seen = order.clone();
            let spawns = team.handle().spawn(async move {
                [Low, Low, High, High, High].map(|class| {
                    let seen = seen.clone();
                    let task = async move { seen.lock().unwrap().push(class) };
                    handle.spawn_with(Builder::new().priority(class), task)
                })
            });
            block_on(async {
                for task in spawns.await.unwrap() {
                    task.await.unwrap();
                }
            });
            let expected: &[Priority] = match every {
                2 => &[High, Low, High, Low, High],
                3 => &[High, High, Low, High, Low],
                _ => &[High, High, High, Low, Low],
            };
            assert_eq!(*order.lock().unwrap(), expected, "every {every}, at a desk used before");
            end(&team, worker);
        }
    });
}

#[test]
fn who_makes_a_spare_with_another_type_of_queue_is_told_so() {
    within(LIMIT, || {
        let (team, park, worker) = start(16);
        let message = team.handle().spawn(async move {
            let mut message = None;
            let is_left = step_aside(|spare| {
                let worker = || drop(Worker::<_, (), Ring>::spare(spare, park, (), ()));
                message = catch_unwind(AssertUnwindSafe(worker)).err();
                false
            });
            assert!(!is_left, "the desk was left to nobody");
            message.and_then(|message| message.downcast_ref::<&str>().copied())
        });
        let message = block_on(message).unwrap().expect("a queue of another type was taken");
        assert!(message.contains("name the type that the places"), "{message}");
        end(&team, worker);
    });
}
