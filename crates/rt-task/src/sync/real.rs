//! What a program uses: std.

pub use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize};
pub use std::sync::atomic::{Ordering, fence};
pub use std::sync::{Arc, Condvar, Mutex, MutexGuard};
pub use std::thread;

/// A thread-local without a destructor: one address, no check.
#[doc(hidden)]
#[macro_export]
macro_rules! __plain_thread_local {
    ($(#[$attribute:meta])* static $name:ident: $type:ty = $value:expr) => {
        ::std::thread_local! { $(#[$attribute])* static $name: $type = const { $value } }
    };
}
pub use crate::__plain_thread_local as plain_thread_local;

/// The same with a destructor: use `try_with`, it may be gone when a thread ends.
pub use crate::__plain_thread_local as thread_local_with_drop;

/// `std::cell::UnsafeCell` with loom's two access methods.
#[derive(Debug)]
#[repr(transparent)]
pub struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

impl<T> UnsafeCell<T> {
    /// A cell that holds `value`.
    pub const fn new(value: T) -> UnsafeCell<T> {
        UnsafeCell(std::cell::UnsafeCell::new(value))
    }

    /// Lends the pointer for reading.
    #[inline(always)]
    pub fn with<R>(&self, read: impl FnOnce(*const T) -> R) -> R {
        read(self.0.get())
    }

    /// Lends the pointer for writing.
    #[inline(always)]
    pub fn with_mut<R>(&self, write: impl FnOnce(*mut T) -> R) -> R {
        write(self.0.get())
    }
}
