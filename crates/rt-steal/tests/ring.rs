//! Chapter 7, parts 1 to 3: the ring. Its order, its bound, what a thief takes, what goes over.

use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use rt_executor::{RunQueue, Stealable};
use rt_steal::{CAPACITY, Ring, Stealer};
use rt_task::{Id, Task};
use rt_testkit::{ByHand, Tally};

fn within(body: impl FnOnce() + Send + 'static) {
    rt_testkit::within(Duration::from_secs(10), body);
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

/// Ends the threads of a test, also of one that fails.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

// 7.1: push and pop

#[test]
fn the_oldest_comes_out_first() {
    within(|| {
        for start in STARTS {
            let mut ring = Ring::starting_at(start);
            let ids = fill(&mut ring, 10);
            assert_eq!(
                (ring.len(), ring.is_empty()),
                (10, false),
                "[RG1] from {start}: a task is lost"
            );
            assert_eq!(drain(&mut ring), ids, "[RG1] from {start}: who came first waits longer");
            assert!(ring.is_empty() && ring.pop().is_none(), "[RG2] a task comes out twice");
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
            let back = ring.push(task).expect_err("[RG1] a task was overwritten");
            assert_eq!(back.id(), id, "[RG1] another task came back");
            assert!(!handle.is_finished(), "[RG1] the task that had no room was dropped");
            assert_eq!(ring.pop().map(|task| task.id()), Some(ids[0]), "[RG3] it was overwritten");
            ring.push(back).expect("[RG1] one place came free");
            let rest: Vec<Id> = ids.into_iter().skip(1).chain([id]).collect();
            assert_eq!(drain(&mut ring), rest, "[RG1] from {start}");
        }
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
                assert_eq!(
                    ring.pop().map(|task| task.id()),
                    Some(waiting.remove(0)),
                    "[RG1] order"
                );
            }
            assert_eq!(drain(&mut ring), waiting, "[RG1] from {start}");
        }
    });
}

#[test]
fn a_ring_that_is_dropped_cancels_what_is_in() {
    within(|| {
        let (mut ring, tally) = (Ring::default(), Tally::new());
        let spawn = |_| {
            let held = tally.witness();
            Task::new(async move { drop(held) }, ByHand::new())
        };
        let (tasks, handles): (Vec<_>, Vec<_>) = (0..5).map(spawn).unzip();
        tasks.into_iter().for_each(|task| ring.push(task).expect("[RG1] there is room"));
        let stealer: Stealer = ring.stealer();
        let seen = (stealer.len(), stealer.is_empty());
        assert_eq!(seen, (5, false), "[RG1] a worker sleeps beside a full ring");
        drop(ring);
        assert_eq!(tally.dropped(), 5, "a dropped ring leaks futures");
        assert!(handles.iter().all(|handle| handle.is_finished()), "a joiner hangs");
        assert!(stealer.is_empty(), "[RG2] a worker is woken for a ring that is gone");
    });
}

// 7.2: half of it for a thief

#[test]
fn a_thief_takes_the_older_half() {
    within(|| {
        for (len, taken) in [(0, 0), (1, 1), (2, 1), (3, 2), (10, 5), (CAPACITY, CAPACITY / 2)] {
            let (mut owner, mut thief) = (Ring::new(), Ring::new());
            let ids = fill(&mut owner, len);
            assert_eq!(thief.steal(&owner.stealer()), taken, "[RG4] of {len}: not half");
            assert_eq!(drain(&mut thief), ids[..taken], "[RG4] of {len}: others, or out of order");
            assert_eq!(drain(&mut owner), ids[taken..], "[RG2] of {len}: the owner's rest");
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
            assert_eq!(first.map(|task| task.id()), Some(ids[0]), "[RG4] the oldest waits on");
            assert_eq!(drain(&mut thief), ids[1..4], "[RG4] what was handed out is kept too");
            assert_eq!(drain(&mut owner), ids[4..], "[RG2] the owner's rest");
            assert!(owner.stealer().steal_into(&mut thief).is_none(), "[RG2] from an empty ring");
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
            assert_eq!(
                thief.steal(&owner.stealer()),
                room,
                "[RG4] a task of the thief is overwritten"
            );
            // What is handed out needs no room.
            let first = owner.stealer().steal_into(&mut thief);
            assert_eq!(first.map(|task| task.id()), Some(ids[room]), "[RG4] with room for {room}");
            kept.extend(&ids[..room]);
            assert_eq!(drain(&mut thief), kept, "[RG3] with room for {room}");
            assert_eq!(drain(&mut owner), ids[room + 1..], "[RG2] with room for {room}");
        }
    });
}

#[test]
fn a_ring_that_steals_from_itself_loses_nothing() {
    within(|| {
        let mut ring = Ring::new();
        let mut ids = fill(&mut ring, 5);
        let stealer = ring.stealer();
        assert_eq!(ring.steal(&stealer), 3, "[RG4] not half");
        ids.rotate_left(3);
        assert_eq!(drain(&mut ring), ids, "[RG2] the older half goes to the end");
    });
}

#[test]
fn what_lasts_is_what_stood_there_at_the_mark() {
    within(|| {
        for base in [0, u64::MAX - 3] {
            let mut ring = Ring::starting_at(base);
            fill(&mut ring, 5);
            let stealer = ring.stealer();
            let mark = stealer.mark();
            fill(&mut ring, 2);
            for popped in 0..7 {
                assert_eq!(stealer.lasts(mark), popped < 5, "from {base}, after {popped} polls");
                drop(ring.pop());
            }
            assert!(!stealer.lasts(mark), "an empty ring has something that lasts");
        }
    });
}

#[test]
fn a_ring_that_is_gone_has_nothing_to_steal() {
    within(|| {
        let (mut ring, mut thief) = (Ring::new(), Ring::new());
        fill(&mut ring, 5);
        let stealer = ring.stealer();
        drop(ring);
        assert!(stealer.steal_into(&mut thief).is_none(), "[RG2] a task is polled after its end");
        assert_eq!(thief.steal(&stealer), 0, "[RG2] a task is polled after its end");
        assert!(thief.is_empty(), "[RG2] a task is polled after its end");
    });
}

#[test]
fn between_an_owner_and_two_thieves_nothing_is_lost_and_nothing_comes_twice() {
    within(|| {
        let (mut ring, is_over) = (Ring::new(), AtomicBool::new(false));
        let stealer = ring.stealer();
        let (mut pushed, mut got): (Vec<Id>, Vec<Id>) = (Vec::new(), Vec::new());
        thread::scope(|scope| {
            let over = Over(&is_over);
            let thief = || {
                let (mut own, mut got) = (Ring::new(), Vec::new());
                while !is_over.load(Ordering::Relaxed) {
                    got.extend(stealer.steal_into(&mut own).map(|task| task.id()));
                    got.extend(drain(&mut own));
                }
                got
            };
            let thieves = [scope.spawn(thief), scope.spawn(thief)];
            for number in 0..20_000 {
                let task = task();
                let id = task.id();
                match ring.push(task) {
                    Ok(()) => pushed.push(id),
                    Err(_full) => got.extend(ring.pop().map(|task| task.id())),
                }
                if number % 3 == 0 {
                    got.extend(ring.pop().map(|task| task.id()));
                }
            }
            got.extend(drain(&mut ring));
            drop(over);
            got.extend(thieves.into_iter().flat_map(|thread| thread.join().expect("no panic")));
        });
        pushed.sort();
        got.sort();
        assert_eq!(got.len(), pushed.len(), "[RG2] a task was lost, or polled by two workers");
        assert!(got == pushed, "[RG2] a task was lost, or polled by two workers");
    });
}

// 7.3: what has no room

#[test]
fn a_full_ring_gives_its_older_half_away() {
    within(|| {
        for start in STARTS {
            let mut ring = Ring::starting_at(start);
            let mut ids = fill(&mut ring, CAPACITY);
            let over = ring.push(task()).expect_err("[RG1] it is full");
            let last = over.id();
            let mut over = ring.overflow(over);
            assert_eq!(over.len(), CAPACITY / 2 + 1, "[RG5] the next push takes the lock again");
            let over: Vec<Id> =
                std::iter::from_fn(|| over.pop_front()).map(|task| task.id()).collect();
            let kept = ids.split_off(CAPACITY / 2);
            ids.push(last);
            assert_eq!(over, ids, "[RG5] from {start}: the oldest go, in their order");
            assert_eq!(drain(&mut ring), kept, "[RG5] from {start}");
        }
    });
}

#[test]
fn a_task_stays_if_there_is_room_after_all() {
    within(|| {
        for len in [0, 1, CAPACITY - 1] {
            let mut ring = Ring::new();
            let mut ids = fill(&mut ring, len);
            let late = task();
            ids.push(late.id());
            let over = ring.overflow(late); // full a moment ago; then a thief came
            assert_eq!(over.len(), 0, "[RG5] with {len}: others wait for what this ring has");
            assert_eq!(drain(&mut ring), ids, "[RG5] with {len}: a task was lost");
        }
    });
}
