//! Without the feature `tracing`: what would be told of polls.

use rt_task::{Id, TaskRef};

pub(crate) const ARE_THERE: bool = false;

#[inline]
pub(crate) fn watch() {}

#[inline]
pub(crate) fn polling(_: &TaskRef) {}

#[inline]
pub(crate) fn polled(_: Id) {}
