//! What may move between threads, checked by the compiler.

use std::panic::{RefUnwindSafe, UnwindSafe};
use std::rc::Rc;

use rt::runtime::{
    Builder, EnterGuard, Handle, LocalRuntime, Runtime, RuntimeFlavor, TryCurrentError,
};
use rt::task::{
    AbortHandle, AbortOnDrop, AccessError, Id, JoinError, JoinHandle, JoinSet, LocalKey, Priority,
    TaskLocalFuture, YieldNow,
};
use rt::time::error::Elapsed;
use rt::time::{Instant, Interval, MissedTickBehavior, Timeout, Timer};
use rt::trace::{Event, Trace, Who};
use static_assertions::{assert_impl_all, assert_not_impl_any};

/// Not `Send`, not `Sync`.
type Local = Rc<()>;
/// `Send`, not `Sync`.
type Movable = std::cell::Cell<()>;
/// Not `Unpin`.
type Pinned = std::marker::PhantomPinned;

// Runtimes.
assert_impl_all!(Runtime: Send, Sync, Unpin);
assert_impl_all!(Handle: Send, Sync, Unpin, Clone);
assert_not_impl_any!(LocalRuntime: Send, Sync);
assert_not_impl_any!(EnterGuard<'static>: Send, Sync);
assert_impl_all!(Builder: Send, Sync);
assert_impl_all!(RuntimeFlavor: Send, Sync, Copy);
assert_impl_all!(TryCurrentError: Send, Sync, std::error::Error);

// Tasks: a handle moves where its output may move.
assert_impl_all!(JoinHandle<()>: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
assert_impl_all!(JoinHandle<Movable>: Send, Sync, Unpin);
assert_impl_all!(JoinHandle<Pinned>: Unpin);
assert_not_impl_any!(JoinHandle<Local>: Send, Sync);
assert_impl_all!(AbortOnDrop<Movable>: Send, Sync, Unpin);
assert_not_impl_any!(AbortOnDrop<Local>: Send, Sync);
assert_impl_all!(AbortHandle: Send, Sync, Unpin, Clone);
assert_impl_all!(JoinSet<Movable>: Send, Sync, Unpin);
assert_impl_all!(JoinSet<Pinned>: Unpin);
assert_not_impl_any!(JoinSet<Local>: Send, Sync);
assert_impl_all!(JoinError: Send, Sync, Unpin, std::error::Error);
assert_impl_all!(Id: Send, Sync, Copy, std::hash::Hash, Eq);
assert_impl_all!(Priority: Send, Sync, Copy);
assert_impl_all!(YieldNow: Send, Sync, Unpin);
assert_impl_all!(rt::task::Builder<'static>: Send, Sync);
assert_impl_all!(LocalKey<Movable>: Send, Sync);
assert_impl_all!(TaskLocalFuture<Movable, ()>: Send);
assert_not_impl_any!(TaskLocalFuture<Local, ()>: Send, Sync);
assert_not_impl_any!(TaskLocalFuture<(), Local>: Send, Sync);
assert_not_impl_any!(TaskLocalFuture<(), Pinned>: Unpin);
assert_impl_all!(AccessError: Send, Sync, Copy, std::error::Error);

// Time.
assert_impl_all!(Timer: Send, Sync, Unpin);
assert_impl_all!(Interval: Send, Sync, Unpin);
assert_impl_all!(Timeout<()>: Send, Sync, Unpin);
assert_not_impl_any!(Timeout<Local>: Send, Sync);
assert_not_impl_any!(Timeout<Pinned>: Unpin);
assert_impl_all!(Instant: Send, Sync, Copy, Ord);
assert_impl_all!(MissedTickBehavior: Send, Sync, Copy);
assert_impl_all!(Elapsed: Send, Sync, Copy, std::error::Error);

// Traces.
assert_impl_all!(Trace: Send, Sync, Clone);
assert_impl_all!(Event: Send, Sync, Clone);
assert_impl_all!(Who: Send, Sync, Clone);

#[test]
fn futures_of_our_own_functions_are_send() {
    fn sendable<T: Send>(value: T) -> T {
        value
    }
    drop(sendable(rt::time::advance(rt::time::Duration::ZERO)));
    drop(sendable(rt::task::consume_budget()));
    let mut set = JoinSet::<()>::new();
    drop(sendable(set.join_next()));
    drop(sendable(set.shutdown()));
    drop(sendable(set.join_all()));
    let mut interval = rt::time::interval(rt::time::Duration::MAX);
    drop(sendable(interval.tick()));
}
