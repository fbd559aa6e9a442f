//! Libraries with a reactor of their own, and channels and locks that know no budget here.

#[path = "support/runtimes.rs"]
mod runtimes;

mod side_by_side {
    mod budget;
    mod reactors;
    mod ready;
}
