//! Without the feature `tracing`: what would be told of polls.

use std::panic::Location;
use std::time::Duration;

use rt_task::{Id, TaskRef};

pub(crate) const ARE_THERE: bool = false;

#[inline]
pub(crate) fn watch() {}

#[inline]
pub(crate) fn polling(_: &TaskRef) {}

#[inline]
pub(crate) fn polled(_: Id) {}

/// Whether somebody was told.
pub(crate) fn stalled(_: Option<&str>, _: Id, _: &'static Location<'static>, _: Duration) -> bool {
    false
}
