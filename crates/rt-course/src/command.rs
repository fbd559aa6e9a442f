//! What can be asked of the tool: a module a command.

pub(crate) mod check;
pub(crate) mod diagnose;
pub(crate) mod goto;
pub(crate) mod hint;
pub(crate) mod new;
pub(crate) mod predict;
pub(crate) mod solution;
pub(crate) mod trace;
pub(crate) mod update;
