//! Desks that nobody works at, and threads that wait for one.
//!
//! ```text
//!   step_aside ── offer ──► free desks ── take ──► a thread without a place: it works there
//!                   └─ wakes one who waits, else a thread is started
//! ```
//!
//! * **[VA1]** For each free desk a thread is on its way here: one that was woken, or started. It looks
//!   under the lock, and either takes a desk or stands in line again; who goes, for good or for a turn of
//!   its local tasks, looks once more when it has left the line. Who finds that no thread can be started
//!   takes the desk back.
//! * **[VA2]** A thread that does not get as far as looking leaves its desk to the one that stepped aside,
//!   which looks when its poll is over: so at the end no desk is free.

use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

/// See the module.
#[derive(Default)]
pub(crate) struct Vacancies {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    desks: Vec<usize>,
    waiting: Vec<(u64, Waker)>,
    next: u64,
}

/// Evidence of standing in line. Dropped, it stands there no more.
pub(crate) struct InLine<'a> {
    vacancies: &'a Vacancies,
    number: u64,
}

impl Vacancies {
    /// Leaves a desk to whoever comes first. Whether somebody waited, who is woken.
    #[must_use]
    pub(crate) fn offer(&self, desk: usize) -> bool {
        let mut state = self.lock();
        state.desks.push(desk);
        let last = state.waiting.pop(); // the caches of who came last are the warmest
        drop(state);
        last.map(|(_, waker)| waker.wake()).is_some()
    }

    /// Takes this desk back. `false` if another has taken it.
    pub(crate) fn take_back(&self, desk: usize) -> bool {
        let desks = &mut self.lock().desks;
        let at = desks.iter().position(|&free| free == desk);
        at.map(|at| desks.swap_remove(at)).is_some()
    }

    /// Takes a desk, if one is free; else stands in line: `waker` is woken when a desk is offered, or at
    /// the end.
    pub(crate) fn take(&self, waker: &Waker) -> Result<usize, InLine<'_>> {
        let mut state = self.lock();
        if let Some(desk) = state.desks.pop() {
            return Ok(desk);
        }
        let number = state.next;
        state.next += 1;
        state.waiting.push((number, waker.clone()));
        Err(InLine { vacancies: self, number })
    }

    /// Wakes all who wait.
    pub(crate) fn wake_all(&self) {
        let waiting = mem::take(&mut self.lock().waiting);
        waiting.into_iter().for_each(|(_, waker)| waker.wake());
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl InLine<'_> {
    /// Goes: unless a desk is free, which is to be taken.
    pub(crate) fn leave(self) -> Option<usize> {
        let mut state = self.vacancies.lock();
        state.waiting.retain(|&(number, _)| number != self.number);
        state.desks.pop()
    }
}

impl Drop for InLine<'_> {
    fn drop(&mut self) {
        self.vacancies.lock().waiting.retain(|&(number, _)| number != self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(vacancies: &Vacancies) -> Option<usize> {
        vacancies.take(Waker::noop()).ok()
    }

    #[test]
    fn a_desk_goes_to_who_waits_and_else_to_who_looks() {
        let vacancies = Vacancies::default();
        assert!(!vacancies.offer(7), "nobody waits");
        assert_eq!((take(&vacancies), take(&vacancies)), (Some(7), None));
        let line = vacancies.take(Waker::noop()).unwrap_err();
        assert!(vacancies.offer(8));
        drop(line); // it was woken: this changes nothing
        assert_eq!(take(&vacancies), Some(8));
    }

    #[test]
    fn who_leaves_the_line_is_not_counted_on() {
        let vacancies = Vacancies::default();
        let first = vacancies.take(Waker::noop()).unwrap_err();
        let second = vacancies.take(Waker::noop()).unwrap_err();
        drop(first);
        assert!(vacancies.offer(1), "the second one waits");
        assert_eq!(second.leave(), Some(1), "a desk was left without a thread");
        assert!(!vacancies.offer(2));
        assert_eq!(take(&vacancies), Some(2));
        let third = vacancies.take(Waker::noop()).unwrap_err();
        assert_eq!(third.leave(), None);
    }

    #[test]
    fn a_desk_is_taken_back_if_nobody_has_taken_it() {
        let vacancies = Vacancies::default();
        assert!(!vacancies.offer(1) && !vacancies.offer(2));
        assert!(vacancies.take_back(1) && !vacancies.take_back(1));
        assert_eq!(take(&vacancies), Some(2));
        assert!(!vacancies.take_back(2));
    }
}
