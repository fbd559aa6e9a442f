//! What a model explores: loom.

pub use loom::cell::UnsafeCell;
pub use loom::sync::atomic::{AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize};
pub use loom::sync::atomic::{Ordering, fence};
pub use loom::sync::{Arc, Condvar, Mutex, MutexGuard};
pub use loom::thread;

/// A thread-local of a thread of the model.
#[doc(hidden)]
#[macro_export]
macro_rules! __plain_thread_local {
    ($(#[$attribute:meta])* static $name:ident: $type:ty = $value:expr) => {
        ::loom::thread_local! { $(#[$attribute])* static $name: $type = $value }
    };
}
pub use crate::__plain_thread_local as plain_thread_local;

/// The same; loom has one kind.
pub use crate::__plain_thread_local as thread_local_with_drop;
