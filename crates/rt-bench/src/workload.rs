//! What the rows do, each once, for any runtime. Every workload checks its result.

pub(crate) mod channels;
pub(crate) mod computing;
pub(crate) mod foreign;
pub(crate) mod parked;
pub(crate) mod sockets;
pub(crate) mod tasks;
pub(crate) mod timers;
pub(crate) mod waiting;
