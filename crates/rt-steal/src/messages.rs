//! What is said when workers are used wrongly: what happened, then what to do.

#[cold]
#[track_caller]
pub(crate) fn other_queue() -> ! {
    panic!(
        "`Worker::spare` for a team whose queues are of another type: name the type that the places of \
         `Team::hire` or `Team::hire_with` have"
    )
}
