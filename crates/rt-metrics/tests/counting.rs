//! What threads count, and for whom.

use std::future::pending;
use std::hint::spin_loop;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use rt_executor::{Executor, Handle};
use rt_metrics::{Census, Meter, Roster, WorkerSnapshot};
use rt_task::{Polled, Task, coop};
use rt_testkit::{ByHand, poll, poll_with_waker, within};

const LIMIT: Duration = Duration::from_secs(60);

/// A meter of somebody who works there.
fn seated(roster: &Arc<Roster>, desk: usize) -> Meter {
    let mut meter = Meter::new(roster.clone());
    meter.sit(Some(desk));
    meter
}

/// Lets time go by.
fn pass(time: Duration) {
    let start = Instant::now();
    while start.elapsed() < time {
        spin_loop();
    }
}

fn worker(roster: &Roster, index: usize) -> WorkerSnapshot {
    roster.read().0[index].clone()
}

#[test]
fn polls_are_counted_by_what_came_of_them() {
    within(LIMIT, || {
        let roster = Arc::new(Roster::new(1));
        let mut meter = seated(&roster, 0);
        let outcomes = [
            Polled::Completed,
            Polled::Panicked,
            Polled::Panicked,
            Polled::Cancelled,
            Polled::Cancelled,
            Polled::Cancelled,
            Polled::Pending,
        ];
        outcomes.iter().for_each(|polled| meter.polled(polled));
        let (task, _handle) = Task::new_local(rt_executor::yield_now(), ByHand::new());
        meter.polled(&poll_with_waker(task));
        let seen = worker(&roster, 0);
        assert_eq!((seen.completed, seen.panicked, seen.cancelled, seen.requeued), (1, 2, 3, 1));
        assert_eq!(seen.polls, 8, "those that are pending are polls too");
    });
}

#[test]
fn what_else_a_probe_hears_is_counted() {
    within(LIMIT, || {
        let roster = Arc::new(Roster::new(2));
        let mut meter = seated(&roster, 1);
        meter.stolen(5);
        meter.stolen(1);
        meter.drained(7);
        meter.turned(9);
        meter.turned(4);
        let seen = worker(&roster, 1);
        assert_eq!((seen.steals, seen.stolen, seen.drained, seen.queue_depth), (2, 6, 7, 4));
        assert_eq!(worker(&roster, 0), WorkerSnapshot::new(), "the other worker did nothing");
    });
}

#[test]
fn a_wait_that_ends_for_nothing_is_counted_when_the_next_begins() {
    within(LIMIT, || {
        let roster = Arc::new(Roster::new(1));
        let mut meter = seated(&roster, 0);
        let mut see = |polls: u64| {
            (0..polls).for_each(|_| meter.polled(&Polled::Pending));
            meter.parking();
            let inside = worker(&roster, 0);
            meter.parked();
            let seen = worker(&roster, 0);
            assert_eq!(inside.unparks + 1, seen.unparks, "an odd sum says that it waits");
            (seen.parks, seen.noops)
        };
        assert_eq!(see(0), (1, 0), "nobody has woken it before its first wait");
        assert_eq!(see(0), (2, 1));
        assert_eq!(see(3), (3, 1));
        assert_eq!(see(0), (4, 2));
    });
}

#[test]
fn a_worker_is_busy_from_wait_to_wait() {
    within(LIMIT, || {
        let moment = Duration::from_millis(10);
        let roster = Arc::new(Roster::new(1));
        let busy = || worker(&roster, 0).busy;
        let meter = seated(&roster, 0);
        pass(moment);
        let first = busy();
        assert!(first >= moment, "it was busy for {first:?}, and still is");
        meter.parking();
        let second = busy();
        pass(moment);
        assert!(second >= first && busy() == second, "it was busy while it waited");
        meter.parked();
        pass(moment);
        assert!(busy() >= second + moment, "it is not busy after its wait");
        meter.rest();
        let third = busy();
        pass(moment);
        assert_eq!(busy(), third, "nobody drives");
        meter.wake();
        pass(moment);
        assert!(busy() >= third + moment);
    });
}

#[test]
fn what_a_budget_ends_is_counted_for_the_thread_that_polled() {
    within(LIMIT, || {
        let roster = Arc::new(Roster::new(1));
        let greedy = || async {
            loop {
                coop::consume_budget().await;
            }
        };
        // Before: not its own.
        let (task, _handle) = Task::new(greedy(), ByHand::new());
        let _again = poll_with_waker(task);
        let mut meter = seated(&roster, 0);
        let (task, _handle) = Task::new(greedy(), ByHand::new());
        let again = poll_with_waker(task);
        meter.polled(&again);
        meter.turned(0);
        assert_eq!(worker(&roster, 0).yields, 1);
        meter.rest();
        // On another thread, which has used up no budget yet.
        let Polled::Again(task) = again else { panic!("a greedy task is queued again") };
        let mut meter = thread::spawn(move || {
            meter.wake();
            meter.polled(&poll_with_waker(task));
            meter.rest();
            meter
        })
        .join()
        .unwrap();
        assert_eq!(worker(&roster, 0).yields, 2);
        meter.polled(&Polled::Pending);
        meter.wake();
        meter.parking();
        assert_eq!(worker(&roster, 0).yields, 2, "yields of one thread are counted for another");
    });
}

#[test]
fn who_changes_desks_leaves_what_was_counted_there() {
    within(LIMIT, || {
        let roster = Arc::new(Roster::new(2));
        let mut meter = seated(&roster, 0);
        meter.stolen(1);
        meter.turned(3);
        meter.sit(Some(1));
        meter.stolen(10);
        meter.sit(None);
        meter.polled(&Polled::Pending);
        meter.parking(); // of one who is no worker: not counted
        meter.sit(Some(0));
        meter.stolen(100);
        let (workers, elsewhere) = roster.read();
        assert_eq!((workers[0].stolen, workers[1].stolen), (101, 10));
        assert_eq!((elsewhere.polls, elsewhere.parks, elsewhere.busy), (1, 0, Duration::ZERO));
        assert_eq!(workers[0].queue_depth, 0, "what waited stays, and its thread has gone");
        drop(meter);
        let (workers, _) = roster.read();
        assert_eq!(
            (workers[0].stolen, workers[1].stolen),
            (101, 10),
            "they are lost with the thread"
        );
    });
}

#[test]
fn the_probes_of_one_thread_count_as_one() {
    within(LIMIT, || {
        let roster = Arc::new(Roster::new(1));
        let mut one = seated(&roster, 0);
        let mut two = one.clone();
        one.parking();
        one.parked();
        two.polled(&Polled::Pending); // else the next wait would be one for nothing
        one.parking();
        assert_eq!((worker(&roster, 0).polls, worker(&roster, 0).noops), (1, 0));
        one.leave();
        one.polled(&Polled::Pending);
        assert_eq!(worker(&roster, 0).polls, 1, "it counts for a worker that it has left");
        one.share(&two);
        drop(two);
        one.polled(&Polled::Pending);
        assert_eq!(worker(&roster, 0).polls, 2);
    });
}

#[test]
fn who_is_no_worker_counts_with_its_first_poll_and_costs_nothing_before() {
    within(LIMIT, || {
        let roster = Arc::new(Roster::new(1));
        for polls in 1..=100 {
            let mut meter = Meter::new(roster.clone());
            meter.parking();
            meter.parked();
            meter.polled(&Polled::Completed);
            assert_eq!(roster.read().1.completed, polls);
        }
        assert_eq!(roster.read().1.parks, 0);
    });
}

#[test]
fn numbers_never_go_back_while_threads_come_go_and_change_desks() {
    within(LIMIT, || {
        let (roster, is_over) = (Arc::new(Roster::new(2)), Arc::new(AtomicBool::new(false)));
        let start = Arc::new(Barrier::new(3));
        let threads = [0, 1].map(|number| {
            let (roster, start) = (roster.clone(), start.clone());
            thread::spawn(move || {
                start.wait();
                for round in 0..2000 {
                    let mut meter = seated(&roster, (round + number) % 2);
                    meter.polled(&Polled::Pending);
                    meter.parking();
                    meter.parked();
                    meter.sit([None, Some(0), Some(1)][round % 3]);
                    meter.polled(&Polled::Completed);
                }
            })
        });
        let watcher = thread::spawn({
            let (roster, is_over) = (roster.clone(), is_over.clone());
            move || {
                let mut before = roster.read();
                while !is_over.load(Ordering::Relaxed) {
                    let now = roster.read();
                    for index in 0..2 {
                        let (earlier, later) = (&before.0[index], &now.0[index]);
                        assert!(later.polls >= earlier.polls, "polls of worker {index} go back");
                        assert!(later.busy >= earlier.busy, "worker {index} was busy, and was not");
                    }
                    before = now;
                }
            }
        });
        start.wait();
        for thread in threads {
            thread.join().unwrap();
        }
        is_over.store(true, Ordering::Relaxed);
        watcher.join().unwrap();
        let (workers, elsewhere) = roster.read();
        let polls = workers[0].polls + workers[1].polls + elsewhere.polls;
        assert_eq!(polls, 2 * 2 * 2000, "each poll is counted once");
    });
}

#[test]
fn a_census_counts_each_task_once_wherever_it_lives_and_after_its_executor() {
    struct Books(Census);
    impl rt_executor::AtEnd for Books {
        fn ended(&self, lease: rt_executor::Lease) {
            self.0.remove(lease);
        }
    }
    within(LIMIT, || {
        let books = Arc::new(Books(Census::new()));
        let count = |handle: Handle, is_main: bool| {
            let lease = handle.lease();
            if is_main {
                books.0.add_main(lease)
            } else {
                books.0.add(lease)
            }
            lease.at_end(books.clone());
        };
        let see = || {
            let tally = books.0.tally();
            (tally.spawned, tally.completed, tally.cancelled, tally.alive)
        };
        let main = Executor::new();
        count(main.handle(), true);
        main.run(main.spawn(async {})).unwrap();
        for round in 1..=3 {
            let other = Executor::new();
            count(other.handle(), false);
            let _waits = other.spawn(pending::<()>());
            assert_eq!(see(), (1 + round, 1, round - 1, 1));
            drop(other);
            assert_eq!(see(), (1 + round, 1, round, 0), "the last numbers are lost");
        }
        let (_, lists) = books.0.read();
        assert_eq!(
            (lists.len(), lists[0].spawned),
            (1, 1),
            "local tasks are in no list of the main"
        );
        drop(main);
        let (tally, lists) = books.0.read();
        assert_eq!((tally.spawned, lists[0].completed), (4, 1));
    });
}

#[test]
fn a_poll_of_a_task_that_completes_is_what_the_meter_says() {
    within(LIMIT, || {
        let roster = Arc::new(Roster::new(1));
        let mut meter = seated(&roster, 0);
        let (task, _handle) = Task::new(async {}, ByHand::new());
        meter.polled(&poll(task));
        assert_eq!(worker(&roster, 0).completed, 1);
    });
}
