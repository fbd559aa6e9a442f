//! What is said when the crate is used wrongly: what happened, then what to do.

#[cold]
#[track_caller]
pub(crate) fn no_threads() -> ! {
    panic!(
        "a pool of at most zero threads was asked for, in which no job would ever run: \
         give `Config::max_threads` at least one"
    )
}

#[cold]
#[track_caller]
pub(crate) fn no_places() -> ! {
    panic!(
        "a pool with no place for a job was asked for, into which nobody would ever come: \
         give `Config::capacity` at least one"
    )
}

#[cold]
#[track_caller]
pub(crate) fn name_with_zero(name: &str) -> ! {
    panic!(
        "{name:?} can not be the name of a thread, because the system ends it at the zero byte: \
         give `Config::thread_name` a text without one"
    )
}

#[cold]
#[track_caller]
pub(crate) fn reserved_twice() -> ! {
    panic!(
        "a `Reserve` was polled after it had given its permit: \
         call `Pool::reserve` again for another place"
    )
}
