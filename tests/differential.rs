//! The same random program on the toy of chapter 1 and on `rt`: it must come to the same result, and
//! where no time is involved its steps must come in the same order.
//!
//! `RT_PROGRAMS` programs of each kind (default 300), from the seed `RT_SEED`, which is printed.

use std::env;
use std::fmt::Debug;
use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::str::FromStr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures::channel::oneshot;
use rt_testkit::within;

type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// What a program needs of a runtime.
trait Platform: 'static {
    fn run(root: Boxed<u64>) -> u64;
    /// `None` if the task panicked.
    fn spawn(task: Boxed<u64>) -> Boxed<Option<u64>>;
    fn yield_now() -> Boxed<()>;
    fn sleep(duration: Duration) -> Boxed<()>;
}

struct Toy;

impl Platform for Toy {
    fn run(root: Boxed<u64>) -> u64 {
        rt_toy::Executor::new().run(root)
    }

    fn spawn(task: Boxed<u64>) -> Boxed<Option<u64>> {
        Box::pin(rt_toy::spawn(task))
    }

    fn yield_now() -> Boxed<()> {
        Box::pin(rt_toy::yield_now())
    }

    fn sleep(duration: Duration) -> Boxed<()> {
        Box::pin(rt_toy::sleep(duration))
    }
}

struct Rt;

impl Platform for Rt {
    fn run(root: Boxed<u64>) -> u64 {
        let runtime = rt::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async { rt::spawn(root).await.unwrap() })
    }

    fn spawn(task: Boxed<u64>) -> Boxed<Option<u64>> {
        let handle = rt::spawn(task);
        Box::pin(async { handle.await.ok() })
    }

    fn yield_now() -> Boxed<()> {
        Box::pin(rt::task::yield_now())
    }

    fn sleep(duration: Duration) -> Boxed<()> {
        Box::pin(rt::time::sleep(duration))
    }
}

/// What a task does, step by step. A tree: each task but the root stands in the one that spawns it.
#[derive(Clone, Debug)]
struct Task {
    name: u64,
    steps: Vec<Step>,
}

#[derive(Clone, Debug)]
enum Step {
    Yield,
    Sleep(Duration),
    Spawn(Task),
    /// Spawns a task that answers before it is done, and waits for the answer.
    Ask(Task),
    /// Sends the answer, in a task that was asked; elsewhere nothing.
    Answer,
    /// Waits for the task that was spawned first of those not joined yet.
    JoinFirst,
    JoinLast,
    /// Detaches the task that was spawned last. Its end is seen in the log alone.
    Detach,
    Panic,
}

/// Numbers that look random, from a seed: SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

/// A program with at most `room` more tasks.
fn program(random: &mut Random, has_time: bool, depth: u64, room: &mut u64) -> Task {
    let name = random.next();
    let mut steps = Vec::new();
    for _ in 0..random.below(8) + 1 {
        let may_spawn = depth < 4 && *room > 0;
        steps.push(match random.below(16) {
            0..=4 if may_spawn => {
                *room -= 1;
                Step::Spawn(program(random, has_time, depth + 1, room))
            }
            5..=6 if may_spawn => {
                *room -= 1;
                Step::Ask(program(random, has_time, depth + 1, room))
            }
            7..=8 => Step::JoinFirst,
            9 => Step::JoinLast,
            10 => Step::Answer,
            11..=12 if has_time => Step::Sleep(Duration::from_micros(random.below(4) * 150)),
            13 if !has_time => Step::Detach,
            14 if depth > 0 && random.below(4) == 0 => Step::Panic,
            _ => Step::Yield,
        });
    }
    Task { name, steps }
}

/// Which task took which step, in order.
type Steps = Vec<(u64, usize)>;
type Log = Arc<Mutex<Steps>>;

/// What a program computed, and how.
type Outcome = (u64, Steps);

/// The task as a future: what it computes depends on all that it joined and was told.
fn future<P: Platform>(
    task: Task,
    mut answer: Option<oneshot::Sender<u64>>,
    log: Log,
) -> Boxed<u64> {
    Box::pin(async move {
        let mut value = task.name;
        let mut children = std::collections::VecDeque::new();
        for (index, step) in task.steps.into_iter().enumerate() {
            log.lock().unwrap().push((task.name, index));
            match step {
                Step::Yield => P::yield_now().await,
                Step::Sleep(duration) => P::sleep(duration).await,
                Step::Spawn(child) => {
                    children.push_back(P::spawn(future::<P>(child, None, log.clone())));
                }
                Step::Ask(child) => {
                    let (sender, receiver) = oneshot::channel();
                    children.push_back(P::spawn(future::<P>(child, Some(sender), log.clone())));
                    value = mix(value, receiver.await.ok());
                }
                Step::Answer => drop(answer.take().map(|answer| answer.send(value))),
                Step::JoinFirst => {
                    if let Some(child) = children.pop_front() {
                        value = mix(value, child.await);
                    }
                }
                Step::JoinLast => {
                    if let Some(child) = children.pop_back() {
                        value = mix(value, child.await);
                    }
                }
                Step::Detach => drop(children.pop_back()),
                Step::Panic => {
                    // Else they would be detached: how far they come is a matter of time.
                    for child in children.drain(..) {
                        child.await;
                    }
                    resume_unwind(Box::new("a step"));
                }
            }
        }
        for child in children {
            value = mix(value, child.await);
        }
        value
    })
}

fn mix(value: u64, other: Option<u64>) -> u64 {
    (value ^ other.unwrap_or(0x5EED)).wrapping_mul(0x0100_0000_01B3).rotate_left(17)
}

fn run<P: Platform>(task: Task) -> Outcome {
    let log = Log::default();
    let value = P::run(future::<P>(task, None, log.clone()));
    // What was detached and is not done is dropped with the runtime: it may still be in the log.
    let steps = log.lock().unwrap().clone();
    (value, steps)
}

fn setting<T: FromStr<Err: Debug>>(name: &str, default: T) -> T {
    env::var(name).map_or(default, |value| value.parse().unwrap())
}

fn seed() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let seed = setting("RT_SEED", now.as_secs() ^ u64::from(now.subsec_nanos()));
    println!("RT_SEED={seed}");
    seed
}

fn compare(has_time: bool, check: fn(&Task, Outcome, Outcome)) {
    let (seed, programs) = (seed(), setting("RT_PROGRAMS", 300_u64));
    within(Duration::from_secs(600), move || {
        for number in 0..programs {
            let mut random = Random(seed.wrapping_add(number));
            let task = program(&mut random, has_time, 0, &mut (number % 40));
            println!("RT_SEED={} RT_PROGRAMS=1", seed.wrapping_add(number));
            check(&task, run::<Toy>(task.clone()), run::<Rt>(task.clone()));
        }
    });
}

#[test]
fn a_program_without_time_takes_the_same_steps_in_the_same_order() {
    compare(false, |task, (toy, toy_steps), (rt, rt_steps)| {
        assert_eq!(toy, rt, "{task:#?}");
        // `rt` looks at its root after a turn: what was detached may come further than on the toy.
        let common = &rt_steps[..toy_steps.len().min(rt_steps.len())];
        assert_eq!(toy_steps, common, "{task:#?}");
    });
}

#[test]
fn a_program_with_timers_comes_to_the_same_result() {
    compare(true, |task, (toy, mut toy_steps), (rt, mut rt_steps)| {
        assert_eq!(toy, rt, "{task:#?}");
        toy_steps.sort_unstable();
        rt_steps.sort_unstable();
        assert_eq!(toy_steps, rt_steps, "{task:#?}");
    });
}
