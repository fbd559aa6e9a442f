//! Waking a thread that waits in the kernel, and only then through the kernel.
//!
//! * **[BE1]** Whoever selects says so and then looks for its token; whoever rings leaves the token and then
//!   looks whether somebody selects. Between the two steps of each stands a fence: the one that comes first
//!   in the order of all fences is seen by the look behind the other. So the thread does not wait, or it is
//!   rung for.
//! * **[BE2]** Of many who ring for one wait one goes through the kernel: the one that takes the flag back.
//!   All changes of the flag are read-modify-writes: one of a late ringer, who rings for a wait of before, stands
//!   before or behind each of ours, and models can tell.

use std::fmt;

use rt_task::sync::{AtomicBool, Ordering, fence};
use rt_waker::{Parker, Unparker};

/// The bell of a thread that waits at its parker, or elsewhere for what the parker knows nothing of.
///
/// ```
/// use rt_io::Bell;
/// use rt_waker::Parker;
///
/// let parker = Parker::new();
/// let bell = Bell::new(&parker);
/// bell.ring(|| unreachable!("nobody selects: the token is enough"));
/// assert!(!bell.select(&parker, |may_wait| may_wait)); // the token is there
/// assert!(bell.select(&parker, |may_wait| may_wait));
/// ```
pub struct Bell {
    unparker: Unparker,
    is_selecting: AtomicBool,
}

impl Bell {
    /// The bell of the thread that waits at this parker.
    #[must_use]
    pub fn new(parker: &Parker) -> Bell {
        Bell { unparker: parker.unparker(), is_selecting: AtomicBool::new(false) }
    }

    /// Calls `select`, which may wait if it is told so, until `ring` calls what it was given. The token of
    /// `parker` is taken.
    // COURSE(8.3) stub: todo
    pub fn select<R>(&self, parker: &Parker, select: impl FnOnce(bool) -> R) -> R {
        self.is_selecting.swap(true, Ordering::Relaxed); // [BE2]
        // ORDER(selecting): between what we say and what we look at [BE1].
        fence(Ordering::SeqCst);
        let may_wait = !parker.try_take();
        let selected = select(may_wait);
        self.is_selecting.swap(false, Ordering::Relaxed); // [BE2]
        let _ = parker.try_take(); // the token that came with the ring
        selected
    }

    /// Ends the wait that goes on, with `ring` if it is not one at the parker, or else the next one.
    // COURSE(8.3) stub: todo
    pub fn ring(&self, ring: impl FnOnce()) {
        self.unparker.unpark();
        // ORDER(selecting): between what we leave and what we look at [BE1].
        fence(Ordering::SeqCst);
        if self.is_selecting.load(Ordering::Relaxed)
            && self.is_selecting.swap(false, Ordering::Relaxed)
        {
            ring(); // [BE2]
        }
    }
}

impl fmt::Debug for Bell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bell").finish_non_exhaustive()
    }
}
