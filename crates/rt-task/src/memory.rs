//! Where cells come from: the allocator, and before it a stock of cells that others left behind.
//!
//! ```text
//!              pop              swap            when both are empty
//!   take ◄────────── loaded ◄────────► spare ◄──────────────────────── depot ◄──┐ one for all
//!   give ──────────► (≤ 64)           (0 or 64) ─────────────────────► (≤ 4 MiB)┘ threads, locked
//!              push             swap            when both are full        │
//!                                                                         └─ beyond: the allocator
//! ```
//!
//! A batch of 10,000 spawns misses the caches of malloc: with the stock, S2 of `rt-bench` went from
//! 171 to 78 ns a task. A cell that was just given back is in the cache, and neither end of the stock
//! is shared. There is a stock for each size class, of 8, 24, 40 … 520 bytes, which are what malloc
//! hands out without waste; larger cells, and those aligned to more than 16 bytes, go to the
//! allocator.
//!
//! * **[M1]** Memory from `take` goes back to `give` with the same layout, and so to its class.
//! * **[M2]** A cell in a magazine belongs to nobody else; its first word is the link to the next, and
//!   in the depot the second word of the first cell is the link to the next magazine.
//! * **[M3]** Bounded: a thread keeps two magazines a class, the depot [`DEPOT_BYTES`]. [`trim`]
//!   gives back both.
//! * **[M4]** The allocator is called while neither a stock is borrowed nor the depot locked: one that
//!   somebody wrote may itself free or make tasks.
//!
//! Source: Bonwick and Adams, "Magazines and Vmem" (USENIX 2001).
//!
//! Under sanitizers and in models nothing is recycled: they would be blind to a use after free.

use std::alloc::{self, Layout};
use std::cell::UnsafeCell;
use std::ptr;
use std::sync::{Mutex, PoisonError};

use crate::header::Header;

const IS_RECYCLING: bool = cfg!(not(any(rt_loom, rt_sanitize)));

/// Cells in a full magazine: enough that the depot's lock is taken once for 64 cells.
const FULL: u32 = 64;
const CLASSES: usize = 33;
const CLASS_STEP: usize = 16;
/// What malloc keeps for itself in front of each chunk.
const CHUNK_HEADER: usize = 8;

/// What the depot holds at most, in bytes: 30,000 cells of a future of 64 bytes.
const DEPOT_BYTES: usize = 4 << 20;

thread_local! {
    static STOCK: Stock = const { Stock { pairs: UnsafeCell::new([Pair::EMPTY; CLASSES]) } };
}
static DEPOT: Mutex<Depot> = Mutex::new(Depot { full: [ptr::null_mut(); CLASSES], bytes: 0 });

/// The stock of a thread.
struct Stock {
    pairs: UnsafeCell<[Pair; CLASSES]>,
}

struct Pair {
    loaded: Magazine,
    /// Empty or full.
    spare: Magazine,
}

/// Free cells of one class, linked through their first words [M2].
struct Magazine {
    head: *mut Free,
    count: u32,
}

struct Free {
    next: *mut Free,
    /// Of the first cell of a magazine in the depot: the first cell of the magazine below.
    below: *mut Free,
}

const _: () = assert!(size_of::<Free>() <= size_of::<Header>(), "[M2] every cell has room for it");

/// Full magazines, a stack for each class.
struct Depot {
    full: [*mut Free; CLASSES],
    bytes: usize,
}

// SAFETY: [M2] the cells belong to whoever has the depot.
unsafe impl Send for Depot {}

/// The class of a layout, if it has one.
#[inline]
fn class_of(layout: Layout) -> Option<usize> {
    let class = (layout.size() + CLASS_STEP - CHUNK_HEADER - 1) / CLASS_STEP;
    (IS_RECYCLING && class < CLASSES && layout.align() <= CLASS_STEP).then_some(class)
}

/// What a cell of a class is allocated with: the layout of every cell in it fits.
#[inline]
fn layout_of(class: usize) -> Layout {
    let layout = Layout::from_size_align(class * CLASS_STEP + CHUNK_HEADER, CLASS_STEP);
    layout.unwrap_or_else(|_| unreachable!("[M1] a class is small"))
}

/// Memory for a cell, or null if there is none.
#[inline]
pub(crate) fn take(layout: Layout) -> *mut u8 {
    let Some(class) = class_of(layout) else {
        // SAFETY: [C1] a cell has a header: the layout is not empty.
        return unsafe { alloc::alloc(layout) };
    };
    let recycled = STOCK.try_with(|stock| stock.with(class, Pair::take)).ok().flatten();
    let recycled = recycled.or_else(|| take_from_depot(class));
    // SAFETY: [M1] no class is empty.
    recycled.unwrap_or_else(|| unsafe { alloc::alloc(layout_of(class)) })
}

#[cold]
fn take_from_depot(class: usize) -> Option<*mut u8> {
    let mut magazine = Depot::take(class)?;
    let memory = magazine.pop();
    let _gone_at_thread_exit = STOCK.try_with(|stock| {
        stock.with(class, |pair| {
            if pair.loaded.count == 0 {
                std::mem::swap(&mut pair.loaded, &mut magazine);
            }
        });
    });
    magazine.free(class); // empty, if the stock took it
    memory
}

/// Gives the memory of a cell back.
///
/// # Safety
///
/// `memory` came from `take` with this layout, and is not used again. [M1]
#[inline]
pub(crate) unsafe fn give(memory: *mut u8, layout: Layout) {
    let Some(class) = class_of(layout) else {
        // SAFETY: [M1] the caller says so.
        return unsafe { alloc::dealloc(memory, layout) };
    };
    // SAFETY: [M1] the caller says so.
    match STOCK.try_with(|stock| stock.with(class, |pair| unsafe { pair.give(memory) })) {
        Ok(None) => {}
        Ok(Some(full)) => Depot::give(full, class),
        // The thread is ending and its stock is gone.
        // SAFETY: [M1] the caller says so.
        Err(_) => unsafe { alloc::dealloc(memory, layout_of(class)) },
    }
}

/// Gives back to the allocator what this thread and the depot keep for later spawns. Other threads
/// keep theirs: at most 128 cells of each size.
pub fn trim() {
    let _gone_at_thread_exit = STOCK.try_with(Stock::empty);
    for class in 0..CLASSES {
        while let Some(magazine) = Depot::take(class) {
            magazine.free(class);
        }
    }
}

const fn magazine_bytes(class: usize) -> usize {
    FULL as usize * (class * CLASS_STEP + CHUNK_HEADER)
}

impl Stock {
    #[inline]
    fn with<R>(&self, class: usize, change: impl FnOnce(&mut Pair) -> R) -> R {
        // SAFETY: [M4] a stock is its thread's own, and `change` comes back here by no way: it calls
        // nothing outside of this file.
        let pairs = unsafe { &mut *self.pairs.get() };
        change(&mut pairs[class])
    }

    /// Gives everything back to the allocator, outside of the borrow [M4].
    fn empty(&self) {
        for class in 0..CLASSES {
            self.with(class, |pair| std::mem::replace(pair, Pair::EMPTY)).free(class);
        }
    }
}

impl Pair {
    const EMPTY: Pair = Pair { loaded: Magazine::EMPTY, spare: Magazine::EMPTY };

    #[inline]
    fn take(&mut self) -> Option<*mut u8> {
        if self.loaded.count == 0 {
            std::mem::swap(&mut self.loaded, &mut self.spare);
        }
        self.loaded.pop()
    }

    /// A magazine that is too much comes back, full.
    ///
    /// # Safety
    ///
    /// `memory` is a cell of this class that nobody uses. [M2]
    #[inline]
    unsafe fn give(&mut self, memory: *mut u8) -> Option<Magazine> {
        let mut full = None;
        if self.loaded.count == FULL {
            full = self.unload();
        }
        // SAFETY: [M2] the caller says so.
        unsafe { self.loaded.push(memory) };
        full
    }

    #[cold]
    fn unload(&mut self) -> Option<Magazine> {
        std::mem::swap(&mut self.loaded, &mut self.spare);
        let full = std::mem::replace(&mut self.loaded, Magazine::EMPTY);
        (full.count > 0).then_some(full)
    }

    fn free(self, class: usize) {
        self.loaded.free(class);
        self.spare.free(class);
    }
}

impl Magazine {
    const EMPTY: Magazine = Magazine { head: ptr::null_mut(), count: 0 };

    #[inline]
    fn pop(&mut self) -> Option<*mut u8> {
        if self.head.is_null() {
            return None;
        }
        let free = self.head;
        // SAFETY: [M2] a free cell begins with its link.
        self.head = unsafe { (*free).next };
        self.count -= 1;
        Some(free.cast())
    }

    /// # Safety
    ///
    /// `memory` is a cell that nobody uses. [M2]
    #[inline]
    unsafe fn push(&mut self, memory: *mut u8) {
        let free = memory.cast::<Free>();
        // SAFETY: [M2] large and aligned enough for two words.
        unsafe { free.write(Free { next: self.head, below: ptr::null_mut() }) };
        self.head = free;
        self.count += 1;
    }

    fn free(mut self, class: usize) {
        while let Some(memory) = self.pop() {
            // SAFETY: [M1] allocated with the layout of its class.
            unsafe { alloc::dealloc(memory, layout_of(class)) };
        }
    }
}

impl Depot {
    fn take(class: usize) -> Option<Magazine> {
        let mut depot = DEPOT.lock().unwrap_or_else(PoisonError::into_inner);
        let head = depot.full[class];
        if head.is_null() {
            return None;
        }
        // SAFETY: [M2] the first cell of a magazine in the depot.
        depot.full[class] = unsafe { (*head).below };
        depot.bytes -= magazine_bytes(class);
        Some(Magazine { head, count: FULL })
    }

    /// Keeps a full magazine, or frees it.
    fn give(magazine: Magazine, class: usize) {
        let mut depot = DEPOT.lock().unwrap_or_else(PoisonError::into_inner);
        if depot.bytes + magazine_bytes(class) <= DEPOT_BYTES {
            // SAFETY: [M2] the first cell of a full magazine.
            unsafe { (*magazine.head).below = depot.full[class] };
            depot.full[class] = magazine.head;
            depot.bytes += magazine_bytes(class);
            return;
        }
        drop(depot);
        magazine.free(class);
    }
}

impl Drop for Stock {
    /// The thread ends.
    fn drop(&mut self) {
        self.empty();
    }
}
