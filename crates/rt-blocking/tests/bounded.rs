//! The bounded way in: who is refused, who waits, and in which order places are given.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use proptest::prelude::*;
use rt_blocking::{Config, Permit, Pool, Reserve};
use rt_testkit::CountingWaker;
use rt_toy::block_on;

fn within(body: impl FnOnce() + Send + 'static) {
    rt_testkit::within(Duration::from_secs(60), body);
}

fn of(capacity: usize) -> Pool {
    Config::new().max_threads(2).capacity(capacity).build()
}

fn poll(reserve: &mut Reserve, waker: &Waker) -> Poll<Permit> {
    Pin::new(reserve).poll(&mut Context::from_waker(waker)).map(|place| place.expect("it is open"))
}

fn permit(pool: &Pool) -> Permit {
    let Poll::Ready(permit) = poll(&mut pool.reserve(), Waker::noop()) else {
        panic!("no place, though one is free")
    };
    permit
}

#[test]
fn a_full_pool_refuses_and_hands_the_closure_back() {
    within(|| {
        let pool = of(2);
        let (gate, wait) = channel::<()>();
        let first = pool.try_spawn(move || wait.recv().unwrap_or(())).unwrap();
        let _second = permit(&pool);
        let text = String::from("mine");
        let refused = pool.try_spawn(move || text).unwrap_err();
        assert!(refused.is_full() && !refused.is_closed() && refused.no_thread().is_none());
        assert_eq!(refused.into_inner()(), "mine");
        drop(gate);
        block_on(first).unwrap();
        block_on(pool.try_spawn(|| ()).expect("the end of a job gives its place back")).unwrap();
    });
}

#[test]
fn jobs_that_were_not_asked_take_places_too() {
    within(|| {
        let pool = of(1);
        let (gate, wait) = channel::<()>();
        let first = pool.spawn(move || wait.recv().unwrap_or(())).unwrap();
        let second = pool.spawn(|| ()).expect("this way in has no bound");
        block_on(second).unwrap();
        assert!(pool.try_spawn(|| ()).unwrap_err().is_full());
        drop(gate);
        block_on(first).unwrap();
        block_on(pool.try_spawn(|| ()).unwrap()).unwrap();
    });
}

#[test]
fn a_place_that_is_given_back_goes_to_who_waits_longest() {
    within(|| {
        let pool = of(1);
        let mut held = Some(permit(&pool));
        let mut line: Vec<_> = (0..5)
            .map(|_| {
                let (waker, wakes) = CountingWaker::new();
                let mut reserve = pool.reserve();
                assert!(poll(&mut reserve, &waker).is_pending());
                (reserve, waker, wakes)
            })
            .collect();
        assert_eq!(pool.metrics().waiting_for_a_place, 5);
        for next in 0..line.len() {
            drop(held.take());
            assert!(pool.try_spawn(|| ()).unwrap_err().is_full(), "somebody overtook the line");
            let wakes: Vec<_> = line.iter().map(|(_, _, wakes)| wakes.count()).collect();
            let due: Vec<_> = (0..5).map(|number| usize::from(number <= next)).collect();
            assert_eq!(wakes, due, "not the one who waits longest, or more than one");
            let (reserve, waker, _) = &mut line[next];
            let Poll::Ready(permit) = poll(reserve, waker) else { panic!("woken for nothing") };
            held = Some(permit);
        }
    });
}

#[test]
fn a_permit_runs_a_job_with_its_place() {
    within(|| {
        let pool = of(1);
        let permit = permit(&pool);
        assert_eq!(pool.metrics().places_taken, 1);
        assert_eq!(block_on(permit.spawn(|| 5).unwrap()).unwrap(), 5);
        assert_eq!(pool.metrics().places_taken, 0, "a job took two places, or kept one");
    });
}

#[test]
fn the_end_of_a_job_wakes_who_waits() {
    within(|| {
        let pool = of(1);
        let (gate, wait) = channel::<()>();
        let _first = pool.try_spawn(move || wait.recv().unwrap_or(())).unwrap();
        let waiting = pool.clone();
        let other = thread::spawn(move || {
            let permit = block_on(waiting.reserve()).unwrap();
            block_on(permit.spawn(|| 9).unwrap()).unwrap()
        });
        while pool.metrics().waiting_for_a_place == 0 {
            thread::yield_now();
        }
        drop(gate);
        assert_eq!(other.join().unwrap(), 9);
    });
}

#[test]
fn an_abort_in_the_queue_gives_the_place_back() {
    within(|| {
        let pool = Config::new().max_threads(1).capacity(2).build();
        let (gate, wait) = channel::<()>();
        let (runs, has_begun) = channel();
        let _first = pool.try_spawn(move || {
            runs.send(()).unwrap();
            wait.recv().unwrap_or(())
        });
        has_begun.recv().unwrap();
        let queued = pool.try_spawn(|| ()).unwrap();
        let mut waiting = pool.reserve();
        assert!(poll(&mut waiting, Waker::noop()).is_pending());
        queued.abort();
        assert!(poll(&mut waiting, Waker::noop()).is_ready(), "an aborted job keeps its place");
        drop(gate);
    });
}

#[test]
fn who_leaves_the_line_is_not_missed() {
    within(|| {
        let pool = of(1);
        let held = permit(&pool);
        let (mut first, mut second) = (pool.reserve(), pool.reserve());
        let (waker, wakes) = CountingWaker::new();
        assert!(poll(&mut first, Waker::noop()).is_pending());
        assert!(poll(&mut second, &waker).is_pending());
        drop(first);
        drop(held);
        assert_eq!(wakes.count(), 1, "the place went to somebody who had left");
        assert!(poll(&mut second, &waker).is_ready());
    });
}

#[test]
fn a_place_that_was_granted_and_not_taken_goes_to_the_next() {
    within(|| {
        let pool = of(1);
        let held = permit(&pool);
        let (mut first, mut second) = (pool.reserve(), pool.reserve());
        let (waker, wakes) = CountingWaker::new();
        assert!(poll(&mut first, Waker::noop()).is_pending());
        assert!(poll(&mut second, &waker).is_pending());
        drop(held); // granted to the first
        assert_eq!(wakes.count(), 0);
        drop(first); // who leaves without having seen it
        assert_eq!(wakes.count(), 1, "the place is lost, and the line waits for ever");
        assert!(poll(&mut second, &waker).is_ready());
    });
}

#[test]
fn the_newest_waker_is_woken() {
    within(|| {
        let pool = of(1);
        let held = permit(&pool);
        let mut waiting = pool.reserve();
        let (old, old_wakes) = CountingWaker::new();
        let (new, new_wakes) = CountingWaker::new();
        assert!(poll(&mut waiting, &old).is_pending());
        assert!(poll(&mut waiting, &new).is_pending());
        drop(held);
        assert_eq!((old_wakes.count(), new_wakes.count()), (0, 1));
    });
}

/// A waker that panics wherever it may.
struct Bomb;

impl Wake for Bomb {
    fn wake(self: Arc<Self>) {
        panic!("woken");
    }
}

impl Drop for Bomb {
    fn drop(&mut self) {
        if !thread::panicking() {
            panic!("dropped");
        }
    }
}

#[test]
fn a_waker_that_panics_costs_no_place() {
    within(|| {
        let pool = of(1);
        let mut held = Some(permit(&pool));
        let bomb = Waker::from(Arc::new(Bomb));
        // Woken: the place is his all the same.
        let mut waiting = pool.reserve();
        assert!(poll(&mut waiting, &bomb).is_pending());
        drop(held.take());
        let Poll::Ready(permit) = poll(&mut waiting, Waker::noop()) else { panic!("not woken") };
        // Replaced: who waits goes on waiting.
        let mut waiting = pool.reserve();
        assert!(poll(&mut waiting, &bomb).is_pending());
        drop(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(bomb))));
        assert!(poll(&mut waiting, Waker::noop()).is_pending());
        drop(permit);
        assert!(poll(&mut waiting, Waker::noop()).is_ready());
        assert_eq!(pool.metrics().places_taken, 0);
    });
}

#[test]
fn close_sends_the_line_home() {
    within(|| {
        let pool = of(1);
        let held = permit(&pool);
        let mut waiting = pool.reserve();
        let (waker, wakes) = CountingWaker::new();
        assert!(poll(&mut waiting, &waker).is_pending());
        pool.close();
        assert_eq!(wakes.count(), 1, "who waits for a place in a closed pool waits for ever");
        let mut cx = Context::from_waker(&waker);
        let Poll::Ready(Err(closed)) = Pin::new(&mut waiting).poll(&mut cx) else {
            panic!("a place in a closed pool")
        };
        assert!(closed.to_string().contains("closed"));
        assert!(block_on(pool.reserve()).is_err());
        assert!(pool.try_spawn(|| ()).unwrap_err().is_closed());
        assert!(block_on(held.spawn(|| ()).unwrap()).unwrap_err().is_cancelled());
        assert_eq!(pool.metrics().places_taken, 0);
    });
}

#[test]
fn a_million_waits_race_with_cancels_and_no_place_is_lost() {
    within(|| {
        const ROUNDS: usize = 250_000;
        let pool = of(2);
        let (inside, barrier) = (Arc::new(AtomicUsize::new(0)), Arc::new(Barrier::new(4)));
        let threads: Vec<_> = (0..4)
            .map(|number| {
                let (pool, inside, barrier) = (pool.clone(), inside.clone(), barrier.clone());
                thread::spawn(move || {
                    barrier.wait();
                    for round in 0..ROUNDS {
                        let mut reserve = pool.reserve();
                        let Poll::Ready(permit) = poll(&mut reserve, Waker::noop()) else {
                            // In line, and out again at every state of the line.
                            if (round + number).is_multiple_of(64) {
                                let permit = block_on(reserve).unwrap();
                                drop(permit);
                            }
                            continue;
                        };
                        let others = inside.fetch_add(1, Ordering::Relaxed);
                        assert!(others < 2, "three have a place, and there are two");
                        inside.fetch_sub(1, Ordering::Relaxed);
                        drop(permit);
                    }
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        let metrics = pool.metrics();
        assert_eq!((metrics.places_taken, metrics.waiting_for_a_place), (0, 0));
    });
}

/// What one may do with places.
#[derive(Clone, Copy, Debug)]
enum Step {
    Reserve,
    Poll(usize),
    Leave(usize),
    GiveBack(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::Reserve),
        3 => (0..8_usize).prop_map(Step::Poll),
        2 => (0..8_usize).prop_map(Step::Leave),
        3 => (0..8_usize).prop_map(Step::GiveBack),
    ]
}

/// The same, in ten lines: a count and a queue of names.
#[derive(Default)]
struct Model {
    taken: usize,
    line: VecDeque<u64>,
    granted: Vec<u64>,
}

impl Model {
    fn give_back(&mut self) {
        match self.line.pop_front() {
            Some(name) => self.granted.push(name),
            None => self.taken -= 1,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn places_behave_as_a_count_and_a_queue(
        capacity in 1..4_usize,
        steps in proptest::collection::vec(step(), 0..60),
    ) {
        let pool = of(capacity);
        let mut model = Model::default();
        let mut waiting: Vec<(u64, Reserve)> = Vec::new();
        let mut permits = Vec::new();
        let mut names = 0..;
        for step in steps {
            match step {
                Step::Reserve => {
                    let name = names.next().expect("there is no end of them");
                    let mut reserve = pool.reserve();
                    let is_free = model.taken < capacity;
                    match poll(&mut reserve, Waker::noop()) {
                        Poll::Ready(permit) => {
                            prop_assert!(is_free);
                            model.taken += 1;
                            permits.push(permit);
                        }
                        Poll::Pending => {
                            prop_assert!(!is_free);
                            model.line.push_back(name);
                            waiting.push((name, reserve));
                        }
                    }
                }
                Step::Poll(which) if which < waiting.len() => {
                    let name = waiting[which].0;
                    let is_granted = model.granted.contains(&name);
                    let polled = poll(&mut waiting[which].1, Waker::noop());
                    prop_assert_eq!(polled.is_ready(), is_granted);
                    if let Poll::Ready(permit) = polled {
                        model.granted.retain(|&granted| granted != name);
                        drop(waiting.remove(which));
                        permits.push(permit);
                    }
                }
                Step::Leave(which) if which < waiting.len() => {
                    let (name, reserve) = waiting.remove(which);
                    drop(reserve);
                    if model.granted.contains(&name) {
                        model.granted.retain(|&granted| granted != name);
                        model.give_back();
                    }
                    model.line.retain(|&waits| waits != name);
                }
                Step::GiveBack(which) if which < permits.len() => {
                    drop(permits.swap_remove(which));
                    model.give_back();
                }
                Step::Poll(_) | Step::Leave(_) | Step::GiveBack(_) => {}
            }
            let metrics = pool.metrics();
            prop_assert_eq!(metrics.places_taken, model.taken);
            prop_assert_eq!(metrics.waiting_for_a_place, model.line.len());
        }
    }
}
