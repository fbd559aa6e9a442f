//! What stands behind a cell, in the same allocation: statistics, a name.
//!
//! ```text
//!   ┌────────┬────────┬───────┬───────┬──────┐
//!   │ header │ origin │ stage │ stats │ name │
//!   └────────┴────────┴───────┴───────┴──────┘
//!                             ▲ the end of the cell
//! ```
//!
//! * **[C5]** What the tail in the origin says stands behind the cell: first the statistics, if they were asked
//!   for, then so many bytes of UTF-8 as the name is long.
//!
//! Which of it there is is known only when the task is made. So the code of a future is compiled twice, with a
//! tail and without, and not once for each choice; and a task without one has no byte more.

use std::alloc::Layout;
use std::ptr::NonNull;
use std::slice;
use std::str;

use crate::stats::Stats;

/// What an [`Origin`](crate::cell::Origin) may say of what stands behind its cell.
pub(crate) trait Tail: Copy + Send + Sync + 'static {
    /// Whether there are statistics.
    fn is_measured(self) -> bool;
    /// How long the name is, if there is one.
    fn name_length(self) -> Option<usize>;
}

/// Nothing.
impl Tail for () {
    #[inline]
    fn is_measured(self) -> bool {
        false
    }

    #[inline]
    fn name_length(self) -> Option<usize> {
        None
    }
}

/// Something, or nothing, in one word.
///
/// | bits | meaning |
/// |---|---|
/// | 0 | there are statistics |
/// | 1 | there is a name |
/// | 2–63 | how long it is |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape(usize);

const MEASURED: usize = 1;
const NAMED: usize = 1 << 1;
const LENGTH_SHIFT: u32 = 2;

impl Shape {
    #[inline]
    pub(crate) fn new(is_measured: bool, name: Option<&str>) -> Shape {
        // A text is shorter than half of the address space, and far shorter than a quarter of it.
        let name = name.map_or(0, |name| NAMED | (name.len() << LENGTH_SHIFT));
        Shape(name | if is_measured { MEASURED } else { 0 })
    }
}

impl Tail for Shape {
    #[inline]
    fn is_measured(self) -> bool {
        self.0 & MEASURED != 0
    }

    #[inline]
    fn name_length(self) -> Option<usize> {
        (self.0 & NAMED != 0).then_some(self.0 >> LENGTH_SHIFT)
    }
}

/// What was found behind a cell: it is there for as long as the cell.
#[derive(Clone, Copy)]
pub(crate) struct Behind {
    pub(crate) stats: Option<NonNull<Stats>>,
    pub(crate) name: Option<NonNull<str>>,
}

/// The layout of a cell, with what stands behind it.
#[inline]
pub(crate) fn layout(cell: Layout, tail: impl Tail) -> Layout {
    // No gap before the statistics: where a header may stand they may stand too, and so where a cell ends.
    static_assertions::const_assert!(align_of::<Stats>() <= align_of::<u64>());
    let behind = stats_size(tail) + tail.name_length().unwrap_or(0);
    if behind == 0 {
        return cell;
    }
    let all = Layout::from_size_align(cell.size() + behind, cell.align());
    all.unwrap_or_else(|_| unreachable!("[C5] a name is in memory already"))
}

#[inline]
fn stats_size(tail: impl Tail) -> usize {
    if tail.is_measured() { size_of::<Stats>() } else { 0 }
}

/// Writes what `tail` says to where a cell ends.
///
/// # Safety
///
/// `end` is the end of a cell in fresh memory of the [layout] for `tail`, and `name` is as long as that says. [C5]
#[inline]
pub(crate) unsafe fn write(end: NonNull<u8>, tail: impl Tail, name: &str) {
    if tail.is_measured() {
        // SAFETY: [C5] there is room, and a cell ends where statistics may stand.
        unsafe { end.cast::<Stats>().write(Stats::new()) };
    }
    if tail.name_length().is_some() {
        // SAFETY: [C5] the name begins where the statistics end, or would begin.
        let text = unsafe { end.add(stats_size(tail)) };
        // SAFETY: [C5] there is room; fresh memory is not a part of `name`.
        unsafe { text.copy_from_nonoverlapping(NonNull::from(name).cast(), name.len()) };
    }
}

/// What stands behind a cell.
///
/// # Safety
///
/// `end` is the end of a live cell, behind which was [written](write) what `tail` says. [C5]
pub(crate) unsafe fn read(end: NonNull<u8>, tail: impl Tail) -> Behind {
    let stats = tail.is_measured().then_some(end.cast());
    let Some(length) = tail.name_length() else { return Behind { stats, name: None } };
    // SAFETY: [C5] the name begins where the statistics end, or would begin.
    let text = unsafe { end.add(stats_size(tail)) };
    // SAFETY: [C5] so many bytes were copied there from a `str`.
    let text = unsafe { slice::from_raw_parts(text.as_ptr(), length) };
    // SAFETY: [C5] as above.
    let name = NonNull::from(unsafe { str::from_utf8_unchecked(text) });
    Behind { stats, name: Some(name) }
}

#[cfg(all(test, not(rt_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_word_says_what_stands_behind_a_cell() {
        for is_measured in [false, true] {
            for name in [None, Some(""), Some("x"), Some("a longer one")] {
                let shape = Shape::new(is_measured, name);
                let found = (shape.is_measured(), shape.name_length());
                let expected = (is_measured, name.map(str::len));
                assert_eq!(found, expected, "a report reads another's memory: [C5], {name:?}");
            }
        }
    }

    #[test]
    fn a_cell_with_nothing_behind_it_is_no_longer() {
        let cell = Layout::new::<[u64; 11]>();
        assert_eq!(layout(cell, ()), cell, "every task costs more memory: [C5]");
        assert_eq!(layout(cell, Shape::new(false, Some(""))), cell, "nor does an empty name");
        let both = layout(cell, Shape::new(true, Some("name")));
        assert_eq!(both.size(), 88 + 48 + 4, "six words, and so many bytes of a name: [C5]");
        assert_eq!(both.align(), cell.align(), "the cell stands at another place: [C1]");
    }
}
