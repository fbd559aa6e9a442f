//! What one thread drives at a time, and the others wait for.
//!
//! * **[N3]** Who gives the seat back wakes all who wait for it, after it is free: one of them takes
//!   it, and nobody waits for a seat that is free.

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

#[derive(Debug)]
pub(super) struct Seat<D> {
    state: Mutex<State<D>>,
}

#[derive(Debug)]
struct State<D> {
    driver: Option<D>,
    waiting: Vec<Waker>,
}

/// Evidence that this thread waits for the seat. Dropped, it waits no more.
#[derive(Debug)]
pub(super) struct Queued<'a, D> {
    seat: &'a Seat<D>,
    waker: Waker,
}

/// Evidence that this thread drives.
#[derive(Debug)]
pub(super) struct Seated<'a, D> {
    seat: &'a Seat<D>,
    /// Empty only after it was given back.
    driver: Option<D>,
}

impl<D> Seat<D> {
    pub(super) fn new(driver: D) -> Seat<D> {
        Seat { state: Mutex::new(State { driver: Some(driver), waiting: Vec::new() }) }
    }

    /// Takes the seat, or has `waker` woken when it is free.
    pub(super) fn take(&self, waker: &Waker) -> Result<Seated<'_, D>, Queued<'_, D>> {
        let waker = waker.clone();
        let mut state = self.lock();
        match state.driver.take() {
            Some(driver) => Ok(Seated { seat: self, driver: Some(driver) }),
            None => {
                state.waiting.push(waker.clone());
                drop(state);
                Err(Queued { seat: self, waker })
            }
        }
    }

    /// How many threads wait.
    pub(super) fn waiting(&self) -> usize {
        self.lock().waiting.len()
    }

    fn lock(&self) -> MutexGuard<'_, State<D>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<D> Queued<'_, D> {
    /// Whether the waker is still to be woken. If not, the seat was free meanwhile, and whoever waits
    /// must try to take it again: another may have been faster [N3].
    pub(super) fn is_waiting(&self) -> bool {
        self.seat.lock().waiting.iter().any(|waiting| waiting.will_wake(&self.waker))
    }
}

impl<D> Drop for Queued<'_, D> {
    fn drop(&mut self) {
        self.seat.lock().waiting.retain(|waiting| !waiting.will_wake(&self.waker));
    }
}

impl<D> Deref for Seated<'_, D> {
    type Target = D;

    fn deref(&self) -> &D {
        self.driver.as_ref().unwrap_or_else(|| unreachable!("[N6] moved out by its drop alone"))
    }
}

impl<D> DerefMut for Seated<'_, D> {
    fn deref_mut(&mut self) -> &mut D {
        self.driver.as_mut().unwrap_or_else(|| unreachable!("[N6] moved out by its drop alone"))
    }
}

impl<D> Drop for Seated<'_, D> {
    fn drop(&mut self) {
        let mut state = self.seat.lock();
        state.driver = self.driver.take();
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
    }
}
