//! The ring: its order, its bound, what a thief takes, what goes over.

use std::future::pending;
use std::time::Duration;

use rt_executor::RunQueue;
use rt_steal::{CAPACITY, Injector, Ring, Stealable, Stealer};
use rt_task::{Id, Task};
use rt_testkit::{ByHand, Tally};

fn within(body: impl FnOnce() + Send + 'static) {
    rt_testkit::within(Duration::from_secs(60), body);
}

fn task() -> Task {
    Task::new(pending::<()>(), ByHand::new()).0
}

/// Pushes so many, and says who they are.
fn fill(ring: &mut Ring, count: usize) -> Vec<Id> {
    let push = |_| {
        let task = task();
        let id = task.id();
        ring.push(task).expect("there is room");
        id
    };
    (0..count).map(push).collect()
}

fn drain(ring: &mut Ring) -> Vec<Id> {
    std::iter::from_fn(|| ring.pop()).map(|task| task.id()).collect()
}

/// Where indices begin: at zero, and where they come round, with 32 bits and with 64.
const STARTS: [u64; 4] = [0, u32::MAX as u64 - 2, u64::MAX - 2, u64::MAX - CAPACITY as u64];

#[test]
fn the_oldest_comes_out_first() {
    within(|| {
        for start in STARTS {
            let mut ring = Ring::starting_at(start);
            let ids = fill(&mut ring, 10);
            assert_eq!((ring.len(), ring.is_empty()), (10, false), "from {start}");
            assert_eq!(drain(&mut ring), ids, "from {start}: out of order");
            assert!(ring.is_empty() && ring.pop().is_none());
        }
    });
}

#[test]
fn a_full_ring_hands_the_task_back() {
    within(|| {
        for start in STARTS {
            let mut ring = Ring::starting_at(start);
            let ids = fill(&mut ring, CAPACITY);
            let (task, handle) = Task::new(pending::<()>(), ByHand::new());
            let id = task.id();
            let back = ring.push(task).expect_err("it is full");
            assert_eq!(back.id(), id);
            assert!(!handle.is_finished(), "the task that had no room was dropped");
            assert_eq!(ring.pop().map(|task| task.id()), Some(ids[0]));
            ring.push(back).expect("one place came free");
            let rest: Vec<Id> = ids.into_iter().skip(1).chain([id]).collect();
            assert_eq!(drain(&mut ring), rest, "from {start}");
        }
    });
}

#[test]
fn a_thief_takes_the_older_half() {
    within(|| {
        for (len, taken) in [(0, 0), (1, 1), (2, 1), (3, 2), (10, 5), (CAPACITY, CAPACITY / 2)] {
            let (mut owner, mut thief) = (Ring::new(), Ring::new());
            let ids = fill(&mut owner, len);
            assert_eq!(thief.steal(&owner.stealer()), taken, "of {len}");
            assert_eq!(drain(&mut thief), ids[..taken], "of {len}: others, or out of order");
            assert_eq!(drain(&mut owner), ids[taken..], "of {len}: the owner's rest");
        }
    });
}

#[test]
fn the_first_of_the_stolen_is_handed_out() {
    within(|| {
        for start in STARTS {
            let (mut owner, mut thief) = (Ring::starting_at(start), Ring::starting_at(start ^ 1));
            let ids = fill(&mut owner, 7);
            let first = owner.stealer().steal_into(&mut thief);
            assert_eq!(first.map(|task| task.id()), Some(ids[0]), "the oldest waits on");
            assert_eq!(drain(&mut thief), ids[1..4]);
            assert_eq!(drain(&mut owner), ids[4..]);
            assert!(owner.stealer().steal_into(&mut thief).is_none(), "from an empty ring");
        }
    });
}

#[test]
fn a_thief_takes_no_more_than_it_has_room_for() {
    within(|| {
        for room in [0, 1, 3] {
            let (mut owner, mut thief) = (Ring::new(), Ring::new());
            let mut kept = fill(&mut thief, CAPACITY - room);
            let ids = fill(&mut owner, CAPACITY);
            assert_eq!(thief.steal(&owner.stealer()), room);
            // What is handed out needs no room.
            let first = owner.stealer().steal_into(&mut thief);
            assert_eq!(first.map(|task| task.id()), Some(ids[room]), "with room for {room}");
            kept.extend(&ids[..room]);
            assert_eq!(drain(&mut thief), kept, "with room for {room}");
            assert_eq!(drain(&mut owner), ids[room + 1..], "with room for {room}");
        }
    });
}

#[test]
fn a_ring_that_steals_from_itself_loses_nothing() {
    within(|| {
        let mut ring = Ring::new();
        let mut ids = fill(&mut ring, 5);
        let stealer = ring.stealer();
        assert_eq!(ring.steal(&stealer), 3);
        ids.rotate_left(3);
        assert_eq!(drain(&mut ring), ids, "the older half goes to the end");
    });
}

#[test]
fn a_full_ring_gives_its_older_half_to_the_injector() {
    within(|| {
        for start in STARTS {
            let (mut ring, injector) = (Ring::starting_at(start), Injector::new());
            let ids = fill(&mut ring, CAPACITY);
            let over = task();
            let last = over.id();
            ring.push_or_overflow(over, &injector).expect("the injector is open");
            assert_eq!(injector.len(), CAPACITY / 2 + 1);
            let mut injected = injector.pop_batch(usize::MAX, |waiting| waiting.highest());
            let injected: Vec<Id> =
                std::iter::from_fn(|| injected.pop_front()).map(|task| task.id()).collect();
            let mut expected = ids[..CAPACITY / 2].to_vec();
            expected.push(last);
            assert_eq!(injected, expected, "from {start}: the oldest go, in their order");
            assert_eq!(drain(&mut ring), ids[CAPACITY / 2..], "from {start}");
        }
    });
}

#[test]
fn a_ring_with_room_leaves_the_injector_alone() {
    within(|| {
        let (mut ring, injector) = (Ring::new(), Injector::new());
        for _ in 0..CAPACITY {
            ring.push_or_overflow(task(), &injector).expect("there is room");
        }
        assert_eq!((ring.len(), injector.len()), (CAPACITY, 0));
    });
}

#[test]
fn what_goes_over_comes_back_from_a_closed_injector() {
    within(|| {
        let (mut ring, injector) = (Ring::new(), Injector::new());
        injector.close();
        fill(&mut ring, CAPACITY);
        let back = ring.push_or_overflow(task(), &injector).expect_err("it is closed");
        assert_eq!(back.len(), CAPACITY / 2 + 1, "tasks were lost at a shutdown");
        assert_eq!((ring.len(), injector.len()), (CAPACITY / 2, 0));
    });
}

#[test]
fn a_ring_that_is_dropped_cancels_what_is_in_and_leaves_its_thieves_an_empty_one() {
    within(|| {
        let (mut ring, tally) = (Ring::default(), Tally::new());
        let spawn = |_| {
            let held = tally.witness();
            Task::new(async move { drop(held) }, ByHand::new())
        };
        let (tasks, handles): (Vec<_>, Vec<_>) = (0..5).map(spawn).unzip();
        tasks.into_iter().for_each(|task| ring.push(task).expect("there is room"));
        let stealer: Stealer = ring.stealer();
        assert_eq!((stealer.len(), stealer.is_empty()), (5, false));
        drop(ring);
        assert_eq!(tally.dropped(), 5, "a dropped ring leaks futures");
        assert!(handles.iter().all(|handle| handle.is_finished()), "a joiner hangs");
        assert!(stealer.is_empty() && stealer.steal_into(&mut Ring::new()).is_none());
    });
}

#[test]
fn a_ring_goes_round_many_times() {
    within(|| {
        for start in STARTS {
            let mut ring = Ring::starting_at(start);
            let mut waiting = fill(&mut ring, CAPACITY - 3);
            for _ in 0..5 * CAPACITY {
                waiting.extend(fill(&mut ring, 1));
                assert_eq!(ring.pop().map(|task| task.id()), Some(waiting.remove(0)));
            }
            assert_eq!(drain(&mut ring), waiting, "from {start}");
        }
    });
}
