//! Polls as spans of `tracing`: with the feature of that name.

pub(crate) use rt_metrics::tracing::{polled, polling, stalled, watch};

/// Whether the jobs of a pool are told, too.
pub(crate) const ARE_THERE: bool = true;
