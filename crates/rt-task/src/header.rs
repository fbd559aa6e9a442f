//! The first 72 bytes of every task: all that is known without knowing the future's type.
//!
//! ```text
//!  Cell<F, S>   ┌──────────┬────────────────────────────┐
//!               │ state    │ phase, join bits, count    │ 8
//!               │ vtable   │ what F and S know          │ 8
//!               │ queued   │ link of the inbox          │ 8
//!  Header, 72 ──┤ living   │ links of who is alive      │ 16
//!               │ label    │ id (48 bits), shard (16)   │ 8
//!               │ place    │ where it was spawned       │ 8
//!               │ joiner   │ the waker slot             │ 16
//!               ├──────────┼────────────────────────────┤
//!               │ origin   │ scheduler, home, tail      │ often 0
//!               │ stage    │ future, then output        │
//!               ├──────────┼────────────────────────────┤
//!               │ behind   │ statistics, name           │ where asked for
//!               └──────────┴────────────────────────────┘
//! ```
//!
//! Which fields who may touch:
//!
//! * **[H1]** `vtable`, `label` and `place` are written once, before the cell is shared.
//! * **[H2]** `queued` belongs to whoever holds the [`Task`](crate::Task); an inbox or a list holds it for
//!   the tasks inside.
//! * **[H3]** `living` is touched only under the lock of the shard that `label` names.
//! * **[H4]** `joiner` belongs to whom [S4] says.
//! * **[H5]** The stage holds the future until `DONE`, and is touched by whoever is `RUNNING`
//!   [S2]; then the output, touched by whom [S5] says; then nothing.
//!
//! 72 bytes and a future of 64 fill a chunk of malloc to the brim (144 bytes); one word more would
//! make it 160.

use std::any::Any;
use std::panic::Location;
use std::ptr::NonNull;
use std::task::{Context, Waker};

use crate::id::{Id, ThreadNumber};
use crate::priority::Priority;
use crate::snapshot::End;
use crate::state::State;
use crate::sync::UnsafeCell;
use crate::tail::Behind;

/// What a panic leaves behind.
pub(crate) type Payload = Box<dyn Any + Send + 'static>;

/// See the module.
#[repr(C)]
pub(crate) struct Header {
    pub(crate) state: State,
    pub(crate) vtable: &'static VTable,
    pub(crate) queued: UnsafeCell<Option<NonNull<Header>>>,
    pub(crate) living: UnsafeCell<Links>,
    label: u64,
    pub(crate) place: &'static Location<'static>,
    pub(crate) joiner: UnsafeCell<Option<Waker>>,
}

#[cfg(not(rt_loom))]
static_assertions::assert_eq_size!(Header, [u64; 9]);

/// The neighbours in the list of the living. `None`: not in it.
#[derive(Clone, Copy)]
pub(crate) struct Links {
    pub(crate) next: Option<NonNull<Header>>,
    pub(crate) previous: Option<NonNull<Header>>,
}

/// What a poll found.
pub(crate) enum Step {
    Pending,
    Ready(End),
}

/// What only the code that knows the future's type can do. Every function asks for a pointer to
/// the header of a live cell of that type; what more it asks for stands beside it.
pub(crate) struct VTable {
    /// Polls, and on `Ready` replaces the future by its outcome. Asks for `RUNNING` [H5].
    pub(crate) poll: unsafe fn(NonNull<Header>, &mut Context<'_>) -> Step,
    /// Replaces the future by nothing, or by its panic. Asks for `RUNNING` [H5].
    pub(crate) drop_future: unsafe fn(NonNull<Header>) -> End,
    /// Drops the output. Asks for the output [S5], once.
    pub(crate) drop_output: unsafe fn(NonNull<Header>, End),
    /// Moves the output to where the pointer points, an uninitialised `T`. Asks for the output
    /// of a completed task [S5], once.
    pub(crate) take_output: unsafe fn(NonNull<Header>, *mut ()),
    /// Moves the payload out. Asks for the output of a panicked task [S5], once.
    pub(crate) take_panic: unsafe fn(NonNull<Header>) -> Payload,
    /// Makes the `Task` and hands it to a copy of the scheduler. Asks for what [S1] says.
    pub(crate) schedule: unsafe fn(NonNull<Header>),
    /// Tells the scheduler.
    pub(crate) ended: unsafe fn(NonNull<Header>, End),
    /// The thread that a local task belongs to.
    pub(crate) home: unsafe fn(NonNull<Header>) -> Option<ThreadNumber>,
    /// What stands behind the cell, for as long as that lives [C5].
    pub(crate) behind: unsafe fn(NonNull<Header>) -> Behind,
    /// Frees the cell. Asks for the last reference [S6], with the stage empty.
    pub(crate) free: unsafe fn(NonNull<Header>),
}

impl Header {
    pub(crate) fn new(
        vtable: &'static VTable,
        class: Priority,
        local: bool,
        place: &'static Location<'static>,
    ) -> Header {
        Header {
            state: State::new(class, local),
            vtable,
            queued: UnsafeCell::new(None),
            living: UnsafeCell::new(Links { next: None, previous: None }),
            label: Id::next().get(),
            place,
            joiner: UnsafeCell::new(None),
        }
    }

    pub(crate) fn id(&self) -> Id {
        Id::from_bits(self.label)
    }

    /// The number of the shard that lists the task among the living; zero for none.
    #[inline]
    pub(crate) fn shard(&self) -> u16 {
        (self.label >> Id::BITS) as u16
    }

    /// Asks for a cell that is not shared yet [H1].
    pub(crate) fn set_shard(&mut self, shard: u16) {
        self.label = self.id().get() | (u64::from(shard) << Id::BITS);
    }
}
