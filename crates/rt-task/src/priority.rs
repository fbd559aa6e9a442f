//! The class of a task: it stands in the state word, and queues act on it.

/// How urgent a task is, compared with others that are ready.
///
/// The class is the task's own: a wake, an abort and a queueing keep it, until somebody
/// [changes](crate::TaskRef::set_priority) it. What comes of it is the affair of the queue, which asks for it when
/// it takes the task in ([`TaskRef::priority`](crate::TaskRef::priority)). One with a lane for each class is
/// `rt_priority::Lanes`, which the runtimes of `rt` have; one that knows no classes is first in, first out.
///
/// ```
/// use rt_task::Priority;
/// assert!(Priority::High < Priority::Normal, "sorted by who comes first");
/// assert_eq!(Priority::default(), Priority::Normal);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Priority {
    /// Before all others.
    High = 0,
    /// What a task is unless it says otherwise.
    #[default]
    Normal = 1,
    /// When nothing else is ready, and now and then all the same.
    Low = 2,
}

impl Priority {
    /// All classes, the most urgent first.
    pub const ALL: [Priority; 3] = [Priority::High, Priority::Normal, Priority::Low];

    pub(crate) const fn from_bits(bits: u64) -> Priority {
        // The odd one first: whoever asks whether a task is `Normal` tests one bit.
        if bits & 1 != 0 {
            Priority::Normal
        } else if bits == 0 {
            Priority::High
        } else {
            Priority::Low
        }
    }
}
