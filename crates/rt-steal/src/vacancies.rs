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
//!   takes back the very offer that he made: the desk may have been worked at and left again meanwhile,
//!   and is another's affair then.
//! * **[VA2]** A thread that does not get as far as looking, or takes another's offer, which that one can not
//!   take back then, leaves its desk to those who stepped aside: they look when their polls are over, so at the
//!   end no desk is free. What stands at a free desk is in its ring, for who searches.

use std::mem;
use std::task::Waker;

use rt_task::sync::{Mutex, MutexGuard, lock};

/// See the module.
#[derive(Debug)]
pub struct Vacancies {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    offers: Vec<(Offer, usize)>,
    waiting: Vec<(u64, Waker)>,
    next: u64,
}

/// The number of an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer(u64);

impl State {
    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn take(&mut self) -> Option<usize> {
        self.offers.pop().map(|(_, desk)| desk)
    }
}

/// Evidence of standing in line. Dropped, it stands there no more.
#[derive(Debug)]
pub struct InLine<'a> {
    vacancies: &'a Vacancies,
    number: u64,
}

impl Vacancies {
    /// No desk is free, and nobody waits.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "loom's locks have none")]
    pub fn new() -> Vacancies {
        Vacancies { state: Mutex::new(State::default()) }
    }

    /// Leaves a desk to whoever comes first.
    ///
    /// # Errors
    ///
    /// The number of the offer, if nobody waited who could be woken.
    pub fn offer(&self, desk: usize) -> Result<(), Offer> {
        let mut state = self.lock();
        let offer = Offer(state.number());
        state.offers.push((offer, desk));
        let last = state.waiting.pop(); // the caches of who came last are the warmest
        drop(state);
        let Some((_, waker)) = last else { return Err(offer) };
        waker.wake();
        Ok(())
    }

    /// Takes an offer back. `false` if somebody has taken it.
    pub fn take_back(&self, offer: Offer) -> bool {
        let offers = &mut self.lock().offers;
        let Some(at) = offers.iter().position(|&(made, _)| made == offer) else { return false };
        offers.swap_remove(at);
        true
    }

    /// Takes a desk, if one is free.
    ///
    /// # Errors
    ///
    /// A place in line, if none is: `waker` is woken when a desk is offered, or at the end.
    pub fn take(&self, waker: &Waker) -> Result<usize, InLine<'_>> {
        let mut state = self.lock();
        if let Some(desk) = state.take() {
            return Ok(desk);
        }
        let number = state.number();
        state.waiting.push((number, waker.clone()));
        Err(InLine { vacancies: self, number })
    }

    /// Wakes all who wait.
    pub(crate) fn wake_all(&self) {
        let waiting = mem::take(&mut self.lock().waiting);
        waiting.into_iter().for_each(|(_, waker)| waker.wake());
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl InLine<'_> {
    /// Goes: unless a desk is free, which is to be taken.
    pub fn leave(self) -> Option<usize> {
        let mut state = self.vacancies.lock();
        state.waiting.retain(|&(number, _)| number != self.number);
        state.take()
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
        let vacancies = Vacancies::new();
        assert!(vacancies.offer(7).is_err(), "nobody waits");
        assert_eq!((take(&vacancies), take(&vacancies)), (Some(7), None));
        let line = vacancies.take(Waker::noop()).unwrap_err();
        assert!(vacancies.offer(8).is_ok());
        drop(line); // it was woken: this changes nothing
        assert_eq!(take(&vacancies), Some(8));
    }

    #[test]
    fn who_leaves_the_line_is_not_counted_on() {
        let vacancies = Vacancies::new();
        let first = vacancies.take(Waker::noop()).unwrap_err();
        let second = vacancies.take(Waker::noop()).unwrap_err();
        drop(first);
        assert!(vacancies.offer(1).is_ok(), "the second one waits");
        assert_eq!(second.leave(), Some(1), "a desk was left without a thread");
        assert!(vacancies.offer(2).is_err());
        assert_eq!(take(&vacancies), Some(2));
        let third = vacancies.take(Waker::noop()).unwrap_err();
        assert_eq!(third.leave(), None);
    }

    #[test]
    fn an_offer_is_taken_back_if_nobody_has_taken_it() {
        let vacancies = Vacancies::new();
        let one = vacancies.offer(1).unwrap_err();
        vacancies.offer(2).unwrap_err();
        assert!(vacancies.take_back(one) && !vacancies.take_back(one));
        assert_eq!(take(&vacancies), Some(2));
    }

    #[test]
    fn who_takes_an_offer_back_leaves_a_later_one_of_the_same_desk_alone() {
        let vacancies = Vacancies::new();
        let first = vacancies.offer(1).unwrap_err();
        assert_eq!(take(&vacancies), Some(1)); // somebody works there, and leaves it again
        let second = vacancies.offer(1).unwrap_err();
        assert!(!vacancies.take_back(first), "the desk of another was taken");
        assert!(vacancies.take_back(second));
    }
}
