//! The class of a task: recorded here, for queues to act on.

/// How urgent a task is, compared with others that are ready.
///
/// Recorded, and acted on by a later chapter: a queue may ask for the class of a task
/// ([`TaskRef::priority`](crate::TaskRef::priority)), and those of today do not. Their order is first
/// in, first out.
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
        match bits {
            0 => Priority::High,
            1 => Priority::Normal,
            _ => Priority::Low,
        }
    }
}
