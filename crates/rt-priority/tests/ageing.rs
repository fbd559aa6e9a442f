//! The rule by which classes take turns, and its bound.

use std::time::Duration;

use proptest::prelude::*;
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

#[test]
#[should_panic(
    expected = "`Ageing::every(0)`: each choice would come after none: give one at least"
)]
fn never_is_no_rule() {
    let _ = Ageing::every(0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    // Classes come and go; each choice is of one that waits; nobody waits longer than the bound.
    #[test]
    fn nobody_waits_longer_than_the_bound(
        every in 1u32..8,
        rounds in prop::collection::vec((1u8..8, 1usize..20), 1..60),
    ) {
        let bound = if every == 1 { 2 } else { 2 * every - 1 };
        let mut rule = Ageing::every(every);
        let mut passed = [0; 3];
        for (bits, times) in rounds {
            let waiting = Priority::ALL
                .into_iter()
                .filter(|&class| bits & 1 << class as u8 != 0)
                .fold(Waiting::NONE, Waiting::with);
            for _ in 0..times {
                let chosen = rule.choose(waiting).expect("somebody waits");
                prop_assert!(waiting.contains(chosen), "a class was chosen that does not wait");
                for class in Priority::ALL {
                    let is_passed = waiting.contains(class) && class != chosen;
                    passed[class as usize] = if is_passed { passed[class as usize] + 1 } else { 0 };
                    prop_assert!(passed[class as usize] <= bound, "{class:?} starves");
                }
            }
        }
    }
}
