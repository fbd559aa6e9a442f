//! Elsewhere.

/// There is nothing to ask for.
pub(crate) fn wait_precisely() {}
