//! The attributes at work, on a facade of forty lines: what they expand to is all they know.

mod attributes {
    pub(crate) mod rt;
}

use std::cell::Cell;
use std::future::ready;
use std::num::ParseIntError;

use attributes::rt;
use rt_macros::{main, test};

#[main(crate = "rt")]
async fn parsed(text: &str) -> Result<i32, ParseIntError> {
    let number: i32 = ready(text).await.parse()?;
    Ok(number + 1)
}

#[main(crate = "rt", flavor = "multi_thread", worker_threads = 3)]
async fn asked() -> rt::Asked {
    rt::asked()
}

#[main(crate = "rt", flavor = "local", start_paused = true)]
async fn asked_local() -> rt::Asked {
    rt::asked()
}

#[main(crate = "rt")]
async fn boxed() -> Result<(), Box<dyn std::error::Error>> {
    Err(Box::new(std::fmt::Error))
}

struct Counter(Cell<u8>);

impl Counter {
    #[main(crate = "rt")]
    async fn add(self, other: &Self) -> Self {
        ready(()).await;
        Self(Cell::new(self.0.get() + other.0.get()))
    }
}

#[test(crate = "rt")]
async fn a_test_is_found_and_run() {
    assert_eq!(ready(2).await, 2);
    assert_eq!(rt::asked().constructor, "new_current_thread", "a test has a thread of its own");
}

#[test(crate = "rt")]
#[should_panic(expected = "seen by the harness")]
async fn a_panic_of_the_body_reaches_the_harness() {
    ready(()).await;
    panic!("seen by the harness");
}

#[test(crate = "rt")]
async fn a_test_may_end_with_an_error() -> Result<(), ParseIntError> {
    "1".parse::<u8>()?;
    Ok(())
}

#[::core::prelude::v1::test]
fn a_question_mark_knows_its_error_and_arguments_are_kept() {
    assert_eq!(parsed("41"), Ok(42));
    assert!(parsed("forty").is_err(), "the error of the body is the error of the function");
    assert!(boxed().is_err(), "an error is boxed where it is returned");
}

#[::core::prelude::v1::test]
fn the_options_reach_the_builder() {
    let many = asked();
    assert_eq!((many.constructor, many.build), ("new_multi_thread", "build"));
    assert_eq!(many.worker_threads, Some(3));
    let local = asked_local();
    assert_eq!((local.constructor, local.build), ("new_current_thread", "build_local"));
    assert!(local.start_paused, "the clock was to stand still from the start");
}

#[::core::prelude::v1::test]
fn a_method_keeps_self() {
    let sum = Counter(Cell::new(1)).add(&Counter(Cell::new(2)));
    assert_eq!(sum.0.get(), 3);
}
