//! A thread that waits for something else, and could look at the park of a team meanwhile.

use std::task::Waker;

use crate::commons::Commons;

/// See [`Team::add_root`](crate::Team::add_root).
#[derive(Debug)]
pub struct Root {
    commons: &'static Commons,
    number: u64,
}

impl Root {
    pub(crate) fn new(commons: &'static Commons, waker: Waker) -> Root {
        Root { commons, number: commons.add_root(waker) }
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        self.commons.remove_root(self.number);
    }
}
