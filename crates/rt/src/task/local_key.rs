//! Values that belong to a task rather than to a thread.
//!
//! A [`TaskLocalFuture`] owns the value. Around each poll, and around the drop of its future, it swaps
//! it with what stands in a thread-local.

use std::any::type_name;
use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::thread;

use crate::messages;

/// Declares task-locals.
///
/// ```
/// rt::task_local! {
///     /// Who is asking.
///     static USER: String;
/// }
///
/// rt::block_on(async {
///     let greeting = USER.scope("ada".into(), async {
///         rt::task::yield_now().await;
///         USER.with(|user| format!("hello {user}"))
///     });
///     assert_eq!(greeting.await, "hello ada");
///     assert!(USER.try_with(|_| ()).is_err());
/// });
/// ```
#[macro_export]
macro_rules! task_local {
    ($($(#[$attribute:meta])* $visibility:vis static $name:ident: $type:ty);+ $(;)?) => {
        $(
            $(#[$attribute])*
            $visibility static $name: $crate::task::LocalKey<$type> = {
                ::std::thread_local! {
                    static SLOT: ::std::cell::RefCell<::std::option::Option<$type>> =
                        const { ::std::cell::RefCell::new(::std::option::Option::None) };
                }
                $crate::task::LocalKey::__new(&SLOT)
            };
        )+
    };
}

/// A value of the task that reads it. See [`task_local!`](crate::task_local).
pub struct LocalKey<T: 'static> {
    slot: &'static thread::LocalKey<RefCell<Option<T>>>,
}

impl<T: 'static> LocalKey<T> {
    #[doc(hidden)]
    #[must_use]
    pub const fn __new(slot: &'static thread::LocalKey<RefCell<Option<T>>>) -> LocalKey<T> {
        LocalKey { slot }
    }

    /// A future in which the key has this value. A task that is spawned inside does not inherit it.
    pub fn scope<F: Future>(&'static self, value: T, future: F) -> TaskLocalFuture<T, F> {
        TaskLocalFuture { key: self, value: Some(value), future: Some(future) }
    }

    /// A closure in which the key has this value.
    ///
    /// # Panics
    ///
    /// Inside of a closure that reads the key.
    #[track_caller]
    pub fn sync_scope<R>(&'static self, value: T, body: impl FnOnce() -> R) -> R {
        let mut value = Some(value);
        let _swap = Swap::new(self, &mut value);
        body()
    }

    /// Reads the value.
    ///
    /// # Panics
    ///
    /// Where there is none.
    #[track_caller]
    pub fn with<R>(&'static self, read: impl FnOnce(&T) -> R) -> R {
        match self.try_with(read) {
            Ok(result) => result,
            Err(_) => messages::no_task_local(type_name::<T>()),
        }
    }

    /// Reads the value.
    ///
    /// # Errors
    ///
    /// Where there is none.
    pub fn try_with<R>(&'static self, read: impl FnOnce(&T) -> R) -> Result<R, AccessError> {
        let value = self.slot.try_with(|slot| slot.borrow().as_ref().map(read));
        value.ok().flatten().ok_or(AccessError { _private: () })
    }

    /// A copy of the value.
    ///
    /// # Panics
    ///
    /// Where there is none.
    #[must_use]
    #[track_caller]
    pub fn get(&'static self) -> T
    where
        T: Clone,
    {
        self.with(T::clone)
    }

    /// A copy of the value.
    ///
    /// # Errors
    ///
    /// Where there is none.
    pub fn try_get(&'static self) -> Result<T, AccessError>
    where
        T: Clone,
    {
        self.try_with(T::clone)
    }
}

impl<T: 'static> fmt::Debug for LocalKey<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalKey").finish_non_exhaustive()
    }
}

/// While it lives, the value stands in the thread-local, and what stood there in the value.
struct Swap<'a, T: 'static> {
    key: &'static LocalKey<T>,
    value: &'a mut Option<T>,
}

impl<'a, T: 'static> Swap<'a, T> {
    #[track_caller]
    fn new(key: &'static LocalKey<T>, value: &'a mut Option<T>) -> Swap<'a, T> {
        match Swap::try_new(key, value) {
            Some(swap) => swap,
            None => messages::task_local_entered_twice(type_name::<T>()),
        }
    }

    /// `None` while the key is being read.
    fn try_new(key: &'static LocalKey<T>, value: &'a mut Option<T>) -> Option<Swap<'a, T>> {
        Swap::swap(key, value).then(|| Swap { key, value })
    }

    /// `false` while the key is being read.
    fn swap(key: &'static LocalKey<T>, value: &mut Option<T>) -> bool {
        let swapped = key.slot.try_with(|slot| {
            let slot = slot.try_borrow_mut();
            slot.map(|mut slot| std::mem::swap(&mut *slot, value)).is_ok()
        });
        swapped.unwrap_or(true) // gone at thread exit: nobody reads it any more
    }
}

impl<T: 'static> Drop for Swap<'_, T> {
    fn drop(&mut self) {
        let _not_being_read = Swap::swap(self.key, self.value);
    }
}

pin_project_lite::pin_project! {
    /// See [`LocalKey::scope`].
    #[must_use = "futures do nothing unless polled"]
    pub struct TaskLocalFuture<T: 'static, F> {
        key: &'static LocalKey<T>,
        value: Option<T>,
        // Empty after it was dropped inside of the scope.
        #[pin]
        future: Option<F>,
    }

    impl<T: 'static, F> PinnedDrop for TaskLocalFuture<T, F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if this.future.is_some() {
                // While the key is being read it goes without its value: a drop must not panic.
                let _swap = Swap::try_new(*this.key, this.value);
                this.future.set(None);
            }
        }
    }
}

impl<T: 'static, F> TaskLocalFuture<T, F> {
    /// Takes the value out: later polls run without it.
    pub fn take_value(self: Pin<&mut Self>) -> Option<T> {
        self.project().value.take()
    }
}

impl<T: 'static, F: Future> Future for TaskLocalFuture<T, F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        let _swap = Swap::new(*this.key, this.value);
        let Some(future) = this.future.as_mut().as_pin_mut() else {
            panic!("a future was polled after it was ready: poll it once to the end")
        };
        let polled = future.poll(cx);
        if polled.is_ready() {
            this.future.set(None);
        }
        polled
    }
}

impl<T: 'static, F> fmt::Debug for TaskLocalFuture<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskLocalFuture").finish_non_exhaustive()
    }
}

/// A task-local has no value here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessError {
    _private: (),
}

impl fmt::Display for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the task-local has no value here")
    }
}

impl std::error::Error for AccessError {}
