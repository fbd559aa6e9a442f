//! What stands at the desks of a team, and what was counted there. And what a probe hears of desks.

use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use rt_executor::{Probe, block_on};
use rt_steal::{CAPACITY, Shared, Team, Worker, step_aside};
use rt_testkit::within;
use rt_waker::Parker;

const LIMIT: Duration = Duration::from_secs(60);

/// Where its thread works, as it is told.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<Option<usize>>>>);

impl Probe for Told {
    fn placed(&mut self, desk: Option<usize>) {
        self.0.lock().unwrap().push(desk);
    }
}

/// A team of one worker, which runs on a thread of its own.
fn one_worker() -> (Team, Shared<Parker>, Told) {
    let (team, places) = Team::hire(1).unwrap();
    let (park, told) = (Shared::new(Parker::new()), Told::default());
    for place in places {
        let (park, told) = (park.another(), told.clone());
        thread::spawn(move || Worker::new(place, park, told, Told::default()).run());
    }
    (team, park, told)
}

fn end(team: &Team) {
    team.close();
    assert!(team.wait(Some(LIMIT)), "a worker does not leave");
}

#[test]
fn what_stands_at_a_desk_and_in_the_injector_is_seen_from_outside() {
    within(LIMIT, || {
        let (team, _places) = Team::hire(3).unwrap();
        let loads = team.loads();
        let handle = team.handle();
        drop([(); 5].map(|()| handle.spawn(async {})));
        let load = loads.read();
        assert_eq!((load.injector, load.delivered), (5, 5), "tasks from outside: {load:?}");
        assert_eq!(load.desks.len(), 3);
        drop(_places);

        let (team, _park, _) = one_worker();
        let (loads, handle) = (team.loads(), team.handle());
        let seen = team.handle().spawn(async move {
            drop([(); 5].map(|()| handle.spawn(async {})));
            loads.read()
        });
        let load = block_on(seen).unwrap();
        assert_eq!(load.desks[0].depth, 5, "one in the slot, four in the ring: {load:?}");
        assert_eq!((load.injector, load.delivered), (0, 1), "spawned inside: {load:?}");
        end(&team);
    });
}

#[test]
fn a_task_that_was_woken_last_runs_out_of_the_slot_and_is_counted() {
    within(LIMIT, || {
        let (team, _park, _) = one_worker();
        let (loads, handle) = (team.loads(), team.handle());
        block_on(team.handle().spawn(async move {
            for _ in 0..3 {
                handle.spawn(async {}).await.unwrap();
            }
        }))
        .unwrap();
        // Each child, and after the first two of them their parent: the fourth in a row goes behind the ring.
        let hits = loads.read().desks[0].slot_hits;
        assert!((4..=6).contains(&hits), "of three children and three wakes {hits} came out of it");
        end(&team);
    });
}

#[test]
fn a_ring_that_is_full_is_counted() {
    within(LIMIT, || {
        let (team, _park, _) = one_worker();
        let (loads, handle) = (team.loads(), team.handle());
        let overflows = || loads.read().desks[0].overflows;
        let spawn = |count: usize| {
            let handle = handle.clone();
            block_on(team.handle().spawn(async move {
                let tasks: Vec<_> = (0..count).map(|_| handle.spawn(async {})).collect();
                for task in tasks {
                    task.await.unwrap();
                }
            }))
            .unwrap();
        };
        spawn(CAPACITY + 1);
        assert_eq!(overflows(), 0, "the last one stands in the slot: there is room");
        spawn(CAPACITY + 2);
        assert_eq!(overflows(), 1);
        end(&team);
    });
}

#[test]
fn the_next_team_at_the_same_desks_counts_from_zero() {
    within(LIMIT, || {
        for round in 0..3 {
            let (team, _park, _) = one_worker();
            let (loads, handle) = (team.loads(), team.handle());
            block_on(team.handle().spawn(async move { handle.spawn(async {}).await.unwrap() }))
                .unwrap();
            let load = loads.read();
            assert_eq!(load.delivered, 1, "in round {round}: {load:?}");
            assert!((1..=2).contains(&load.desks[0].slot_hits), "in round {round}: {load:?}");
            end(&team);
        }
    });
}

#[test]
fn a_probe_is_told_at_which_desk_its_thread_works() {
    within(LIMIT, || {
        let (team, park, told) = one_worker();
        let second = Told::default();
        let (probe, park, handle) = (second.clone(), Mutex::new(park), team.handle());
        block_on(team.handle().spawn(async move {
            let is_left = step_aside(|spare| {
                let park = park.lock().unwrap().another();
                thread::spawn(move || {
                    Worker::<_, _, rt_steal::Ring>::spare(spare, park, probe, Told::default()).run()
                });
                true
            });
            assert!(is_left);
            let (sender, receiver) = mpsc::channel();
            drop(handle.spawn(async move { sender.send(()) }));
            receiver.recv().unwrap(); // the other one runs
        }))
        .unwrap();
        end(&team);
        let [first, second] = [told, second].map(|told| told.0.lock().unwrap().clone());
        assert_eq!(first[..2], [Some(0), None], "it has left its desk");
        assert_eq!(
            second.get(1),
            Some(&Some(0)),
            "it took the desk over, after it had none: {second:?}"
        );
    });
}
