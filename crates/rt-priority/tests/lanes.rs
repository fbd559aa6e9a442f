//! A queue for each class: order, bounds, what thieves leave behind, what overflows.

use std::collections::VecDeque;
use std::future::pending;
use std::iter;
use std::time::Duration;

use proptest::prelude::*;
use rt_executor::{Fifo, RunQueue, Stealable, Victim};
use rt_priority::{Ageing, Lanes};
use rt_steal::{CAPACITY, Ring};
use rt_task::Priority::{self, High, Low, Normal};
use rt_task::{Builder, Id, JoinHandle, Task};
use rt_testkit::ByHand;

fn within(body: impl FnOnce() + Send + 'static) {
    rt_testkit::within(Duration::from_secs(60), body);
}

fn task(class: Priority) -> (Task, JoinHandle<()>) {
    let (task, handle) = Builder::new().priority(class).spawn(pending::<()>(), ByHand::new());
    (task.expect("nobody refuses it"), handle)
}

/// Pushes one of each, and says who they are.
fn push_each<Q: RunQueue>(queue: &mut Q, classes: &[Priority]) -> Vec<Id> {
    let push = |&class: &Priority| {
        let (task, _handle) = task(class);
        let id = task.id();
        queue.push(task).expect("there is room");
        id
    };
    classes.iter().map(push).collect()
}

fn popped<Q: RunQueue>(queue: &mut Q) -> Vec<Id> {
    iter::from_fn(|| queue.pop()).map(|task| task.id()).collect()
}

/// The classes of so many pops, each of which is pushed again: all of them wait all the time.
fn classes_while_all_wait(every: u32, classes: &[Priority], pops: usize) -> Vec<Priority> {
    let mut queue = Lanes::<Fifo>::aged(Ageing::every(every));
    push_each(&mut queue, classes);
    let pop = |_| {
        let task = queue.pop().expect("somebody waits");
        let class = task.priority();
        queue.push(task).expect("there is room");
        class
    };
    (0..pops).map(pop).collect()
}

/// The most pops of others between two of this class.
fn longest_wait(order: &[Priority], class: Priority) -> usize {
    order.split(|&popped| popped == class).map(<[_]>::len).max().unwrap_or(0)
}

#[test]
fn the_most_urgent_class_comes_first_and_in_it_who_came_first() {
    within(|| {
        let mut queue = Lanes::<Fifo>::default();
        let ids = push_each(&mut queue, &[Low, Normal, High, Low, High, Normal]);
        assert_eq!(popped(&mut queue), [2, 4, 1, 5, 0, 3].map(|at: usize| ids[at]));
        assert!(queue.is_empty());
    });
}

#[test]
fn one_class_alone_is_first_in_first_out() {
    within(|| {
        for class in Priority::ALL {
            let mut queue = Lanes::<Fifo>::aged(Ageing::every(1));
            let ids = push_each(&mut queue, &[class; 40]);
            assert!(!queue.is_empty());
            assert_eq!(popped(&mut queue), ids, "{class:?}");
            assert!(queue.is_empty());
        }
    });
}

#[test]
fn no_class_starves_and_the_bound_is_a_number() {
    within(|| {
        for (every, bound) in [(1, 2), (2, 3), (3, 5), (16, 31), (100, 199)] {
            let order = classes_while_all_wait(every, &Priority::ALL, 20 * every as usize);
            for class in [Normal, Low] {
                let waited = longest_wait(&order, class);
                println!("every {every}: {class:?} waits for {waited} polls of others at most");
                assert_eq!(waited, bound, "every {every}, {class:?}: the documented bound");
            }
            // Beside one other class only it is less.
            let order = classes_while_all_wait(every, &[High, Low], 20 * every as usize);
            assert_eq!(longest_wait(&order, Low), every.max(2) as usize - 1, "every {every}");
        }
    });
}

#[test]
fn a_lower_class_holds_up_a_higher_one_once_in_so_many() {
    within(|| {
        for every in [2, 3, 16] {
            let order = classes_while_all_wait(every, &Priority::ALL, 50 * every as usize);
            for window in order.windows(every as usize) {
                let lower = window.iter().filter(|&&class| class != High).count();
                assert!(lower <= 1, "every {every}: {lower} of {window:?} came before a High task");
            }
        }
    });
}

#[test]
fn one_that_comes_late_waits_for_one_lower_at_most() {
    within(|| {
        for pops in 0..40 {
            let mut queue = Lanes::<Fifo>::aged(Ageing::every(4));
            for class in [Normal, Low] {
                push_each(&mut queue, &[class; 60]);
            }
            (0..pops).for_each(|_| drop(queue.pop()));
            push_each(&mut queue, &[High]);
            let order = iter::from_fn(|| queue.pop()).map(|task| task.priority());
            let waited = order.take_while(|&class| class != High).count();
            assert!(waited <= 1, "a High task waited for {waited} lower ones after {pops} pops");
        }
    });
}

#[test]
fn a_class_that_changes_while_the_task_waits_counts_from_its_next_push() {
    within(|| {
        let mut queue = Lanes::<Fifo>::default();
        let (first, handle) = task(Low);
        let id = first.id();
        queue.push(first).expect("there is room");
        let others = push_each(&mut queue, &[Low, Normal]);
        handle.set_priority(High);
        let again = iter::from_fn(|| queue.pop()).find(|task| task.id() == id);
        let again = again.expect("a task was lost as its class changed");
        assert_eq!(popped(&mut queue), [others[0]], "it left its place in the order of its lane");
        push_each(&mut queue, &[Normal]);
        queue.push(again).expect("there is room");
        assert_eq!(queue.pop().map(|task| task.id()), Some(id), "its new class is not seen");
    });
}

#[test]
fn a_queue_that_is_dropped_cancels_what_is_in() {
    within(|| {
        let mut queue = Lanes::<Ring>::default();
        let handles = Priority::ALL.map(|class| {
            let (task, handle) = task(class);
            queue.push(task).expect("there is room");
            handle
        });
        assert!(!handles.iter().any(JoinHandle::is_finished));
        drop(queue);
        assert!(
            handles.iter().all(JoinHandle::is_finished),
            "a task hangs in a queue that is gone"
        );
    });
}

#[test]
fn a_thief_takes_half_of_the_most_urgent_class() {
    within(|| {
        let (mut owner, mut thief) = (Lanes::<Ring>::default(), Lanes::<Ring>::default());
        let stealer = owner.stealer();
        assert!(stealer.is_empty());
        assert_eq!(thief.steal(&stealer), 0, "there was nothing to take");
        let low = push_each(&mut owner, &[Low; 4]);
        let high = push_each(&mut owner, &[High; 4]);
        assert!(!stealer.is_empty());
        assert_eq!(thief.steal(&stealer), 2);
        assert_eq!((thief.len(), owner.len()), (2, 6));
        assert_eq!(popped(&mut thief), high[..2], "the oldest of the highest class");
        assert_eq!(thief.steal(&stealer), 1);
        assert_eq!(thief.steal(&stealer), 1);
        assert_eq!(thief.steal(&stealer), 2, "then those of the next one");
        assert_eq!(popped(&mut thief), [high[2], high[3], low[0], low[1]]);
        assert_eq!(popped(&mut owner), low[2..]);
    });
}

#[test]
fn a_thief_that_takes_what_lasts_passes_a_class_where_nothing_does() {
    within(|| {
        let (mut owner, mut thief) = (Lanes::<Ring>::default(), Lanes::<Ring>::default());
        let stealer = owner.stealer();
        let low = push_each(&mut owner, &[Low; 2]);
        push_each(&mut owner, &[High]);
        let mark = stealer.mark();
        assert!(stealer.lasts(mark));
        drop(owner.pop()); // the High one
        push_each(&mut owner, &[High]); // and this one came later
        assert_eq!(thief.steal_what_lasts(&stealer, mark), 1);
        assert_eq!(popped(&mut thief), low[..1], "what was taken had not lasted");
        assert_eq!(thief.steal_what_lasts(&stealer, mark), 1);
        assert!(!stealer.lasts(mark));
        assert_eq!(thief.steal_what_lasts(&stealer, mark), 0);
        assert_eq!(owner.len(), 1);
    });
}

#[test]
fn what_thieves_have_emptied_holds_nobody_up() {
    within(|| {
        let (mut owner, mut thief) = (Lanes::<Ring>::default(), Lanes::<Ring>::default());
        let stealer = owner.stealer();
        push_each(&mut owner, &[High]);
        let low = push_each(&mut owner, &[Low]);
        assert!(owner.has_others(Low));
        assert_eq!(thief.steal(&stealer), 1);
        assert!(!owner.has_others(Low), "a class that thieves have emptied is said to wait");
        assert_eq!(owner.pop().map(|task| task.id()), Some(low[0]), "the owner finds nothing");
        assert!(owner.is_empty() && owner.pop().is_none());
        // A lane that was emptied, and whose owner has seen that, is a lane like before.
        let ids = push_each(&mut owner, &[Normal, High]);
        assert_eq!(popped(&mut owner), [ids[1], ids[0]]);
    });
}

#[test]
fn only_the_lane_that_is_full_overflows() {
    within(|| {
        let mut queue = Lanes::<Ring>::default();
        let normal = push_each(&mut queue, &[Normal; CAPACITY]);
        let others = push_each(&mut queue, &[High, Low]);
        assert_eq!(Priority::ALL.map(|class| queue.room(class)), [CAPACITY - 1, 0, CAPACITY - 1]);
        let (over, _handle) = task(Normal);
        let id = over.id();
        let back = queue.push(over).expect_err("a full lane took one more");
        let mut batch = queue.overflow(back);
        let moved: Vec<Id> = iter::from_fn(|| batch.pop_front()).map(|task| task.id()).collect();
        let older = &normal[..CAPACITY / 2];
        assert_eq!(moved, [older, &[id]].concat(), "the older half, and the one behind it");
        assert_eq!(queue.len(), CAPACITY / 2 + 2);
        let left = popped(&mut queue);
        assert!(others.iter().all(|other| left.contains(other)), "another lane overflowed");
    });
}

#[test]
fn one_whose_class_changes_between_push_and_overflow_is_not_lost() {
    within(|| {
        let mut queue = Lanes::<Ring>::default();
        push_each(&mut queue, &[Low; CAPACITY]);
        let (over, handle) = task(Low);
        let id = over.id();
        let back = queue.push(over).expect_err("a full lane took one more");
        handle.set_priority(High);
        assert!(queue.overflow(back).is_empty(), "there is room in its lane");
        assert_eq!(
            queue.pop().map(|task| task.id()),
            Some(id),
            "it is in no lane that is looked at"
        );
    });
}

#[test]
fn a_queue_of_local_tasks_has_the_same_rule() {
    within(|| {
        let mut queue = Lanes::<Ring>::aged(Ageing::every(2));
        push_each(&mut queue, &[High, High, Low]);
        drop(queue.pop());
        let mut local = queue.local();
        push_each(&mut local, &[Low, High, High]);
        let order: Vec<Priority> =
            iter::from_fn(|| local.pop()).map(|task| task.priority()).collect();
        assert_eq!(order, [High, Low, High]);
    });
}

#[test]
fn a_queue_that_begins_again_has_the_rule_of_the_new_one() {
    within(|| {
        let mut queue = Lanes::<Ring>::aged(Ageing::every(50));
        let stealer = queue.stealer();
        queue.renew(Lanes::aged(Ageing::every(2)));
        push_each(&mut queue, &[Low, High, High]);
        assert!(!stealer.is_empty(), "the thieves look at another queue");
        let order: Vec<Priority> =
            iter::from_fn(|| queue.pop()).map(|task| task.priority()).collect();
        assert_eq!(order, [High, Low, High]);
    });
}

#[derive(Clone, Debug)]
enum Step {
    Push(Priority),
    Pop,
    Steal,
    /// Of the oldest one that waits in a lane.
    Change(Priority, Priority),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let class = || prop::sample::select(Priority::ALL.to_vec());
    let step = prop_oneof![
        10 => class().prop_map(Step::Push),
        10 => Just(Step::Pop),
        1 => Just(Step::Steal),
        1 => (class(), class()).prop_map(|(of, to)| Step::Change(of, to)),
    ];
    prop::collection::vec(step, 0..400)
}

/// Three deques that know who waits, and for how many pops of others.
struct Model {
    every: usize,
    lanes: [VecDeque<(Id, JoinHandle<()>)>; 3],
    passed: [usize; 3],
    /// Pops since one of a lower class, while there were High tasks all the time.
    undisturbed: Option<usize>,
}

impl Model {
    fn waits(&self, class: Priority) -> bool {
        !self.lanes[class as usize].is_empty()
    }

    /// This one was popped. What is wrong with that?
    fn popped(&mut self, id: Id) -> Result<(), String> {
        let is_first = |class: &Priority| {
            self.lanes[*class as usize].front().is_some_and(|(first, _)| *first == id)
        };
        let class = Priority::ALL.into_iter().find(is_first);
        let class = class.ok_or("the one that came out is the first of no class")?;
        if class == High {
            self.undisturbed = self.undisturbed.map(|pops| pops + 1);
        } else if self.waits(High)
            && self.undisturbed.replace(0).is_some_and(|pops| pops + 1 < self.every)
        {
            return Err("a High task was held up twice in `every` pops".into());
        }
        self.lanes[class as usize].pop_front();
        self.undisturbed = self.undisturbed.filter(|_| self.waits(High));
        let bound = if self.every == 1 { 2 } else { 2 * self.every - 1 };
        for other in Priority::ALL {
            let is_passed = self.waits(other) && other != class;
            let passed = &mut self.passed[other as usize];
            *passed = if is_passed { *passed + 1 } else { 0 };
            if *passed > bound {
                return Err(format!("{other:?} waited for {passed} pops of others"));
            }
        }
        Ok(())
    }

    /// A thief took so many.
    fn stolen(&mut self, count: usize) {
        let class = Priority::ALL.into_iter().find(|&class| self.waits(class));
        let Some(class) = class else { return assert_eq!(count, 0) };
        let lane = &mut self.lanes[class as usize];
        assert_eq!(count, lane.len().div_ceil(2), "half of the most urgent class");
        lane.drain(..count);
        self.undisturbed = self.undisturbed.filter(|_| self.waits(High));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn lanes_behave_as_three_deques(every in 1u32..6, steps in steps()) {
        let mut queue = Lanes::<Ring>::aged(Ageing::every(every));
        let stealer = queue.stealer();
        let lanes = [(); 3].map(|()| VecDeque::new());
        let mut model = Model { every: every as usize, lanes, passed: [0; 3], undisturbed: None };
        for step in steps {
            match step {
                Step::Push(class) => {
                    let (task, handle) = task(class);
                    model.lanes[class as usize].push_back((task.id(), handle));
                    prop_assert!(queue.push(task).is_ok());
                }
                Step::Pop => match queue.pop() {
                    Some(task) => prop_assert_eq!(model.popped(task.id()), Ok(())),
                    None => prop_assert!(!Priority::ALL.into_iter().any(|class| model.waits(class))),
                },
                Step::Steal => {
                    let mut thief = Lanes::<Ring>::default();
                    model.stolen(thief.steal(&stealer));
                }
                Step::Change(of, to) => {
                    if let Some((_, handle)) = model.lanes[of as usize].front() {
                        handle.set_priority(to);
                    }
                }
            }
            let lengths = model.lanes.each_ref().map(VecDeque::len);
            prop_assert_eq!(queue.len(), lengths.iter().sum::<usize>());
            prop_assert_eq!(queue.is_empty(), queue.len() == 0);
        }
    }
}
