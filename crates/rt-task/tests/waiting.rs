//! The set of classes in which tasks wait.

use std::time::Duration;

use rt_task::Priority::{self, High, Low, Normal};
use rt_task::Waiting;

fn within(body: impl FnOnce() + Send + 'static) {
    rt_testkit::within(Duration::from_secs(20), body);
}

fn set(classes: &[Priority]) -> Waiting {
    classes.iter().fold(Waiting::NONE, |waiting, &class| waiting.with(class))
}

#[test]
fn a_set_of_classes_knows_who_is_in() {
    within(|| {
        for bits in 0..8 {
            let chosen = Priority::ALL.into_iter().filter(|&class| bits & 1 << class as u8 != 0);
            let classes: Vec<Priority> = chosen.collect();
            let waiting = set(&classes);
            assert_eq!(waiting.iter().collect::<Vec<_>>(), classes, "the most urgent first");
            assert_eq!(waiting.len() as usize, classes.len());
            assert_eq!(waiting.is_empty(), classes.is_empty());
            assert_eq!(waiting.highest(), classes.first().copied());
            for class in Priority::ALL {
                assert_eq!(waiting.contains(class), classes.contains(&class));
                assert!(!waiting.without(class).contains(class));
                assert_eq!(waiting.without(class).with(class), waiting.with(class));
            }
        }
        assert_eq!(format!("{:?}", set(&[High, Low])), "{High, Low}");
    });
}

#[test]
fn a_set_that_stood_in_a_word_is_the_same_afterwards() {
    within(|| {
        for bits in 0..8 {
            assert_eq!(Waiting::from_bits(bits).bits(), bits, "a class is lost in the word");
        }
        assert_eq!(
            Waiting::from_bits(0b1111_1010),
            set(&[Normal]),
            "what stands beside it is no class"
        );
    });
}
