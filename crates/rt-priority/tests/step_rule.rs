//! Chapter 9, part 1: the rule by which classes take turns, and its bound.

use std::time::Duration;

use rt_priority::Ageing;
use rt_task::Priority::{self, High, Low, Normal};
use rt_task::Waiting;

fn within(body: impl FnOnce() + Send + 'static) {
    rt_testkit::within(Duration::from_secs(60), body);
}

fn set(classes: &[Priority]) -> Waiting {
    classes.iter().fold(Waiting::NONE, |waiting, &class| waiting.with(class))
}

fn choices(rule: &mut Ageing, waiting: Waiting, count: usize) -> Vec<Priority> {
    (0..count).map(|_| rule.choose(waiting).expect("somebody waits")).collect()
}

#[test]
fn nobody_is_chosen_if_nobody_waits() {
    within(|| assert_eq!(Ageing::default().choose(Waiting::NONE), None));
}

#[test]
fn the_most_urgent_class_comes_first() {
    within(|| {
        let mut rule = Ageing::every(1000);
        assert_eq!(choices(&mut rule, set(&[High, Normal, Low]), 3), [High; 3]);
        assert_eq!(choices(&mut rule, set(&[Normal, Low]), 3), [Normal; 3]);
        assert_eq!(choices(&mut rule, set(&[Low]), 3), [Low; 3]);
    });
}

#[test]
fn each_nth_choice_goes_to_who_waits_longest() {
    within(|| {
        let mut rule = Ageing::every(4);
        let expected = [High, High, High, Low, High, High, High, Low];
        assert_eq!(choices(&mut rule, set(&[High, Low]), 8), expected);
    });
}

#[test]
fn the_middle_class_does_not_starve_between_the_two_others() {
    within(|| {
        let mut rule = Ageing::every(3);
        let expected = [High, High, Low, High, High, Normal, High, High, Low, High, High, Normal];
        assert_eq!(choices(&mut rule, set(&Priority::ALL), 12), expected);
    });
}

#[test]
fn with_every_choice_an_aged_one_the_classes_take_turns() {
    within(|| {
        let order = choices(&mut Ageing::every(1), set(&Priority::ALL), 6);
        assert_eq!(order, [Low, Normal, High, Low, Normal, High]);
    });
}

#[test]
fn the_default_gives_each_class_a_turn_in_twice_sixteen() {
    within(|| {
        let order = choices(&mut Ageing::default(), set(&Priority::ALL), 4 * 16);
        let turns = |class| order.iter().filter(|&&chosen| chosen == class).count();
        assert_eq!([turns(High), turns(Normal), turns(Low)], [60, 2, 2]);
    });
}

/// The most choices of others before this class gets its turn, whenever it comes in.
fn longest_wait_of_who_comes_late(every: u32, late: Priority) -> usize {
    let mut rule = Ageing::every(every);
    let others = set(&Priority::ALL).without(late);
    let waits = (0..4 * every).map(|_| {
        let mut from_here = rule.clone();
        let _turn_of_another = rule.choose(others);
        let turns = (0..10 * every).map(|_| from_here.choose(set(&Priority::ALL)));
        turns.take_while(|&chosen| chosen != Some(late)).count()
    });
    waits.max().unwrap_or(0)
}

#[test]
fn whoever_comes_in_late_waits_for_no_more_than_the_bound() {
    within(|| {
        for every in [2, 3, 16] {
            let bound = 2 * every as usize - 1;
            let waited = [Normal, Low].map(|late| longest_wait_of_who_comes_late(every, late));
            assert!(waited.iter().all(|&choices| choices <= bound), "every {every}: {waited:?}");
            assert_eq!(waited[0], bound, "every {every}: the bound is reached by a Normal one");
        }
    });
}

#[test]
#[should_panic(
    expected = "`Ageing::every(0)`: each choice would come after none: give one at least"
)]
fn never_is_no_rule() {
    let _ = Ageing::every(0);
}
