//! What is said when a file is used wrongly: what happened, then what to do.

#[cold]
#[track_caller]
pub(super) fn no_buffer() -> ! {
    panic!("`File::set_max_buf_size` of 0: no byte could be moved. Give at least 1")
}
