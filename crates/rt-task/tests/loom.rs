//! Models: every interleaving of a few threads with a few steps each, explored by loom.
//!
//! `RUSTFLAGS="--cfg rt_loom" cargo test --release -p rt-task --test loom -- --nocapture`
//!
//! Each model prints how many executions it explored and how often a thread may be preempted in one:
//! as often as it likes with two threads, three times with three, twice with four. A model that is
//! cut short fails. `mutations/` has a fault for each, which turns it red. loom itself finds what is
//! touched by two threads at once, and what is leaked: the scheduler of each task holds an `Arc`.
#![cfg(rt_loom)]

use std::future::{Future, pending, poll_fn};
use std::pin::Pin;
use std::sync::Arc as StdArc;
use std::sync::Mutex as StdMutex;
use std::sync::atomic::{AtomicBool as StdAtomicBool, Ordering as StdOrdering};
use std::task::{Context, Poll, Waker};

use rt_task::sync::{Arc, AtomicBool, Mutex, Ordering, UnsafeCell, lock, thread};
use rt_task::{
    Builder, End, Inbox, JoinHandle, Living, Polled, Push, Schedule, Task, TaskRef, ThreadNumber,
};
use rt_testkit::{CountingWaker, Exploration, Tally};

/// Far beyond what a model needs: one that reaches it fails.
const BRANCHES: usize = 100_000;

fn explore(name: &str, threads: usize, model: impl Fn() + Send + Sync + 'static) {
    Exploration::of(threads).branches(BRANCHES).run(name, model);
}

/// A queue that a model can look into.
#[derive(Clone)]
struct Desk {
    inner: Arc<Inner>,
}

struct Inner {
    queue: Mutex<Vec<Task>>,
    ended: Mutex<Vec<End>>,
}

impl Desk {
    fn new() -> Desk {
        let (queue, ended) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
        Desk { inner: Arc::new(Inner { queue, ended }) }
    }

    fn pop(&self) -> Option<Task> {
        lock(&self.inner.queue).pop()
    }

    fn scheduled(&self) -> usize {
        lock(&self.inner.queue).len()
    }

    fn ends(&self) -> Vec<End> {
        lock(&self.inner.ended).clone()
    }
}

impl Schedule for Desk {
    fn schedule(self, task: Task) -> Result<(), Task> {
        lock(&self.inner.queue).push(task);
        Ok(())
    }

    fn ended(self, _: &TaskRef, how: End) {
        lock(&self.inner.ended).push(how);
    }
}

fn poll(task: Task) -> Polled {
    task.poll(|_, running| running.poll(&mut Context::from_waker(Waker::noop())))
}

fn poll_with<F: Future + Unpin>(future: &mut F, waker: &Waker) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(waker))
}

/// What an executor does after each poll, until the task rests or is done.
fn poll_until_it_rests(task: Task) -> Polled {
    let mut polled = poll(task);
    while let Polled::Again(task) = polled {
        polled = poll(task);
    }
    polled
}

fn ready_at_the_second_poll() -> impl Future<Output = ()> + Unpin + Send {
    let mut is_first = true;
    poll_fn(move |_| match std::mem::take(&mut is_first) {
        true => Poll::Pending,
        false => Poll::Ready(()),
    })
}

#[test]
fn wake_against_poll() {
    explore("wake against poll", 2, || {
        let (desk, flag) = (Desk::new(), Arc::new(AtomicBool::new(false)));
        let seen = flag.clone();
        let future = poll_fn(move |_| match seen.load(Ordering::Relaxed) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        });
        let (task, handle) = Task::new(future, desk.clone());
        let waker = handle.task().clone();
        let other = thread::spawn(move || {
            flag.store(true, Ordering::Relaxed);
            waker.wake();
        });
        let first = poll_until_it_rests(task);
        other.join().expect("a wake does not panic");
        if matches!(first, Polled::Pending) {
            let task = desk.pop().expect("the wake was lost: the task hangs");
            assert!(
                matches!(poll_until_it_rests(task), Polled::Completed),
                "the poll after a wake does not see what was done before it: the task hangs"
            );
        }
        assert_eq!(desk.scheduled(), 0, "the task stands in the queue after its end");
        assert!(handle.is_finished());
    });
}

#[test]
fn wake_against_completion() {
    explore("wake against completion", 2, || {
        let desk = Desk::new();
        let (task, handle) = Task::new(async {}, desk.clone());
        drop(handle);
        let waker = task.reference();
        let other = thread::spawn(move || waker.wake());
        assert!(matches!(poll(task), Polled::Completed));
        other.join().expect("a wake does not panic");
        assert_eq!(desk.scheduled(), 0, "a wake queued a task that is done");
        assert_eq!(desk.ends(), [End::Completed]);
    });
}

#[test]
fn two_wakes() {
    explore("two wakes of one idle task", 3, || {
        let desk = Desk::new();
        let (task, handle) = Task::new(pending::<()>(), desk.clone());
        let _ = poll(task);
        let threads = [(); 2].map(|()| {
            let waker = handle.task().clone();
            thread::spawn(move || waker.wake())
        });
        threads.into_iter().for_each(|thread| thread.join().expect("no panic"));
        let queued = desk.scheduled();
        // Two rights to poll one task would be dropped twice: look before they are.
        if queued != 1 {
            std::mem::forget(std::mem::take(&mut *lock(&desk.inner.queue)));
        }
        assert_eq!(queued, 1, "two threads may poll one task at once, or none will");
        drop(desk.pop());
    });
}

#[test]
fn two_wakes_against_poll() {
    explore("two wakes against poll", 3, || {
        let desk = Desk::new();
        let (task, handle) = Task::new(pending::<()>(), desk.clone());
        let threads = [(); 2].map(|()| {
            let waker = handle.task().clone();
            thread::spawn(move || waker.wake())
        });
        let polled = poll(task);
        threads.into_iter().for_each(|thread| thread.join().expect("no panic"));
        let again = usize::from(matches!(polled, Polled::Again(_)));
        assert!(again + desk.scheduled() <= 1, "two rights to poll one task");
        drop(polled);
        drop(desk.pop());
        handle.abort();
        drop(desk.pop());
        assert!(handle.is_finished());
    });
}

#[test]
fn abort_against_poll() {
    explore("abort against a poll that is pending", 2, || {
        let (desk, tally) = (Desk::new(), Tally::new());
        let held = tally.witness();
        let future = async move {
            let _held = held;
            pending::<()>().await;
        };
        let (task, handle) = Task::new(future, desk.clone());
        let aborter = handle.abort_handle();
        let other = thread::spawn(move || aborter.abort());
        let polled = poll_until_it_rests(task);
        other.join().expect("no panic");
        if matches!(polled, Polled::Pending) {
            let task = desk.pop().expect("the abort was lost: the task lives on");
            assert!(matches!(poll(task), Polled::Cancelled));
        }
        assert_eq!((tally.dropped(), desk.scheduled()), (1, 0), "the future leaked, or went twice");
        assert!(handle.is_finished());
        assert_eq!(desk.ends(), [End::Cancelled]);
    });
}

#[test]
fn abort_against_completion() {
    explore("abort against completion", 2, || {
        let (desk, future, output) = (Desk::new(), Tally::new(), Tally::new());
        let (held, made) = (future.witness(), output.witness());
        let (task, mut handle) = Task::new(
            async move {
                let _held = held;
                made
            },
            desk.clone(),
        );
        let aborter = handle.abort_handle();
        let other = thread::spawn(move || aborter.abort());
        let end = match poll_until_it_rests(task) {
            Polled::Completed => End::Completed,
            Polled::Cancelled => End::Cancelled,
            polled => panic!("a future that is ready at once: {polled:?}"),
        };
        other.join().expect("no panic");
        let queued = desk.scheduled();
        if queued > 0 {
            std::mem::forget(std::mem::take(&mut *lock(&desk.inner.queue)));
        }
        assert_eq!(queued, 0, "an abort queued a task that is done");
        assert_eq!(future.dropped(), 1, "the future leaked, or went twice");
        let joined = poll_with(&mut handle, Waker::noop());
        assert_eq!(matches!(joined, Poll::Ready(Ok(_))), end == End::Completed);
        drop(joined);
        drop(handle);
        assert_eq!(output.dropped(), 1, "the output leaked, or went twice");
        assert_eq!(desk.ends(), [end]);
    });
}

#[test]
fn handle_drop_against_completion() {
    explore("handle drop against completion", 2, || {
        let (desk, output) = (Desk::new(), Tally::new());
        let (waker, wakes) = CountingWaker::new();
        let made = output.witness();
        let (task, mut handle) = Task::new(async move { made }, desk.clone());
        assert!(poll_with(&mut handle, &waker).is_pending());
        let other = thread::spawn(move || drop(handle));
        assert!(matches!(poll(task), Polled::Completed));
        other.join().expect("no panic");
        assert_eq!(output.dropped(), 1, "the output leaked, or went twice");
        assert!(wakes.count() <= 1);
        drop(waker);
        assert_eq!(StdArc::strong_count(&wakes), 1, "the waker in the slot leaked");
    });
}

#[test]
fn join_waker_replacement_against_completion() {
    explore("join-waker replacement against completion", 2, || {
        let desk = Desk::new();
        let (old, old_wakes) = CountingWaker::new();
        let (new, new_wakes) = CountingWaker::new();
        let (task, mut handle) = Task::new(async { 7 }, desk.clone());
        assert!(poll_with(&mut handle, &old).is_pending());
        let other = thread::spawn(move || {
            assert!(matches!(poll(task), Polled::Completed));
        });
        let polled = poll_with(&mut handle, &new);
        other.join().expect("no panic");
        match polled {
            Poll::Pending => {
                assert_eq!(
                    new_wakes.count(),
                    1,
                    "the joiner's newest waker is not woken: it hangs"
                );
                assert!(matches!(poll_with(&mut handle, &new), Poll::Ready(Ok(7))));
            }
            Poll::Ready(joined) => assert!(matches!(joined, Ok(7)), "the output was damaged"),
        }
        drop((handle, old, new));
        assert_eq!(StdArc::strong_count(&old_wakes), 1, "the old waker leaked");
        assert_eq!(StdArc::strong_count(&new_wakes), 1, "the new waker leaked");
    });
}

#[test]
fn join_waker_registration_against_completion() {
    explore("join-waker registration against completion", 2, || {
        let (desk, output) = (Desk::new(), Tally::new());
        let (waker, wakes) = CountingWaker::new();
        let made = output.witness();
        let (task, mut handle) = Task::new(async move { made }, desk.clone());
        let other = thread::spawn(move || {
            assert!(matches!(poll(task), Polled::Completed));
        });
        let polled = poll_with(&mut handle, &waker);
        other.join().expect("no panic");
        if polled.is_pending() {
            assert_eq!(wakes.count(), 1, "the joiner is not woken: it hangs");
            assert!(poll_with(&mut handle, &waker).is_ready());
        }
        drop((polled, handle, waker));
        assert_eq!(output.dropped(), 1, "the output leaked, or went twice");
        assert_eq!(StdArc::strong_count(&wakes), 1, "the waker leaked");
    });
}

/// Who only looks writes nothing, and receives all the same. It looks until it sees the end, for loom
/// compares an access only with the last one before it.
#[test]
fn a_look_against_completion() {
    explore("a look at the end against completion", 2, || {
        let (task, mut handle) = Task::new(async { 7 }, Desk::new());
        let other = thread::spawn(move || {
            assert!(matches!(poll(task), Polled::Completed));
        });
        while !handle.is_finished() {
            thread::yield_now();
        }
        let joined = poll_with(&mut handle, Waker::noop());
        assert!(matches!(joined, Poll::Ready(Ok(7))), "the output was damaged: {joined:?}");
        other.join().expect("no panic");
    });
}

/// A scheduler that loom watches: cloned is read, dropped is written. Its queue is none of loom's, so
/// that a task on its way through it carries nothing but itself.
struct Watched {
    cell: UnsafeCell<()>,
    queue: StdArc<StdMutex<Vec<Task>>>,
    /// Of the one that stands in the cell.
    is_freed: Option<StdArc<StdAtomicBool>>,
}

// SAFETY: what this claims is what loom checks: no write beside any other use.
unsafe impl Sync for Watched {}

impl Clone for Watched {
    fn clone(&self) -> Watched {
        self.cell.with(|_| ());
        Watched { cell: UnsafeCell::new(()), queue: self.queue.clone(), is_freed: None }
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        // What that finds is a panic, which does not leave the freeing of a cell: so the flag tells.
        self.cell.with_mut(|_| ());
        self.is_freed.iter().for_each(|is_freed| is_freed.store(true, StdOrdering::Relaxed));
    }
}

impl Schedule for Watched {
    fn schedule(self, task: Task) -> Result<(), Task> {
        self.queue.lock().expect("no panic").push(task);
        Ok(())
    }
}

#[test]
fn the_last_reference_against_the_one_before() {
    explore("the last reference against the one before", 2, || {
        let queue = StdArc::new(StdMutex::new(Vec::new()));
        let is_freed = StdArc::new(StdAtomicBool::new(false));
        let watched = Watched {
            cell: UnsafeCell::new(()),
            queue: queue.clone(),
            is_freed: Some(is_freed.clone()),
        };
        let (task, handle) = Task::new(ready_at_the_second_poll(), watched);
        let _ = poll(task);
        let reference = handle.task().clone();
        drop(handle);
        // A wake clones the scheduler, which stands in the cell, and then releases.
        let other = thread::spawn(move || reference.wake());
        let task = loop {
            let next = queue.lock().expect("no panic").pop();
            if let Some(task) = next {
                break task;
            }
            thread::yield_now();
        };
        assert!(matches!(poll(task), Polled::Completed));
        other.join().expect("no panic");
        let is_freed = is_freed.load(StdOrdering::Relaxed);
        assert!(is_freed, "the cell was freed while somebody used it, or never");
    });
}

/// What the polls of one task do to a place that loom watches.
struct Trodden(UnsafeCell<bool>);

// SAFETY: what this claims is what loom checks: no write beside any other use.
unsafe impl Send for Trodden {}
// SAFETY: as above.
unsafe impl Sync for Trodden {}

impl Trodden {
    /// Whether a poll was here before; `None` if it may be here at the same time.
    fn look(&self) -> Option<bool> {
        // SAFETY: as above.
        let look = || self.0.with(|trodden| unsafe { *trodden });
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(look)).ok()
    }

    fn tread(&self) {
        // SAFETY: as above.
        self.0.with_mut(|trodden| unsafe { *trodden = true });
    }
}

#[test]
fn a_poll_against_the_next_one_elsewhere() {
    explore("a poll that pends against the next one elsewhere", 2, || {
        // Neither the queue nor the `Arc` is loom's: the word alone carries one poll to the next.
        let queue = StdArc::new(StdMutex::new(Vec::new()));
        let scheduler = Watched { cell: UnsafeCell::new(()), queue: queue.clone(), is_freed: None };
        let place = StdArc::new(Trodden(UnsafeCell::new(false)));
        let own = place.clone();
        let future = poll_fn(move |_| match own.look() {
            Some(false) => {
                own.tread();
                Poll::Pending
            }
            _ => Poll::Ready(()),
        });
        let (task, handle) = Task::new(future, scheduler);
        let waker = handle.task().clone();
        let from = queue.clone();
        let other = thread::spawn(move || {
            waker.wake();
            let task = from.lock().expect("no panic").pop()?;
            // Before it polls, for loom would end the process inside of the cell.
            Some(task.poll(|_, running| {
                if place.look() == Some(true) {
                    running.poll(&mut Context::from_waker(Waker::noop()));
                }
            }))
        });
        let first = poll_until_it_rests(task);
        match other.join().expect("no panic") {
            Some(Polled::Again(task)) => {
                std::mem::forget(task);
                panic!("a poll does not see what the one before did: the future is torn");
            }
            Some(second) => assert!(matches!(second, Polled::Completed), "{second:?}"),
            None => assert!(matches!(first, Polled::Pending | Polled::Completed), "{first:?}"),
        }
        if !handle.is_finished() {
            handle.task().wake_by_ref();
            let woken = queue.lock().expect("no panic").pop();
            assert!(matches!(woken.map(poll), Some(Polled::Completed)), "the wake was lost");
        }
    });
}

#[test]
fn a_poll_that_goes_again_against_its_wake() {
    explore("a poll that goes again against its wake", 2, || {
        let (desk, flag) = (Desk::new(), Arc::new(AtomicBool::new(false)));
        let (task, handle) = Task::new(ready_at_the_second_poll(), desk.clone());
        let (waker, done) = (handle.task().clone(), flag.clone());
        let other = thread::spawn(move || {
            done.store(true, Ordering::Relaxed);
            waker.wake();
        });
        let again = match poll(task) {
            Polled::Again(task) => {
                let is_seen = flag.load(Ordering::Relaxed);
                assert!(is_seen, "an executor is told `Again` and does not see why");
                Some(task)
            }
            _ => None,
        };
        other.join().expect("a wake does not panic");
        handle.task().wake_by_ref();
        let task = again.or_else(|| desk.pop());
        assert!(matches!(task.map(poll), Some(Polled::Completed)), "the wake was lost");
        assert_eq!(desk.scheduled(), 0, "two rights to poll one task");
    });
}

#[test]
fn two_pushes_against_take() {
    explore("inbox: two pushes against take", 3, || {
        let (desk, inbox) = (Desk::new(), Arc::new(Inbox::new()));
        let threads = [(); 2].map(|()| {
            let (inbox, desk) = (inbox.clone(), desk.clone());
            thread::spawn(move || {
                let (task, _handle) = Task::new(async {}, desk);
                let id = task.id();
                (id, inbox.push(task))
            })
        });
        let mut takes = 0;
        let mut taken = Vec::new();
        // Until both are in: loom compares an access only with the last one before it, so that the look
        // with which a push begins would hide a single take from it.
        while taken.len() < 2 {
            let before = taken.len();
            inbox.take(|task| taken.push(task.id()));
            takes += usize::from(taken.len() > before);
            thread::yield_now();
        }
        let pushed = threads.map(|thread| thread.join().expect("no panic"));
        let mut ids = pushed.map(|(id, _)| id);
        ids.sort();
        taken.sort();
        assert_eq!(taken, ids, "a task was lost in the inbox, or came twice");
        let firsts = pushed.iter().filter(|(_, push)| *push == Push::First).count();
        assert_eq!(firsts, takes, "an owner that sleeps is not woken: its tasks wait for ever");
    });
}

#[test]
fn ends_against_reading_the_list() {
    explore("living: two ends against reading the list and closing it", 3, || {
        let (desk, living) = (Desk::new(), Living::new().expect("a list is free"));
        let generation = living.open();
        let tasks = [(); 2].map(|()| {
            let builder = Builder::new().listed(&living, generation);
            builder.spawn(async {}, desk.clone()).0.expect("open")
        });
        let references = [tasks[0].reference(), tasks[1].reference()];
        let threads = tasks.map(|task| thread::spawn(move || drop(task)));
        // A report and a shutdown: who is alive, and is it over?
        let listed = living.tasks();
        assert!(listed.iter().all(|task| references.iter().any(|known| known.id() == task.id())));
        let (waker, wakes) = CountingWaker::new();
        living.close(waker);
        if wakes.count() == 1 {
            assert!(references.iter().all(TaskRef::is_done), "a shutdown ends before the tasks");
        }
        threads.into_iter().for_each(|thread| thread.join().expect("no panic"));
        assert_eq!((wakes.count(), living.count()), (1, 0), "a shutdown is not told: it hangs");
    });
}

#[test]
fn spawn_against_close() {
    explore("living: spawn against close", 2, || {
        let desk = Desk::new();
        let living = Arc::new(Living::new().expect("a list is free"));
        let generation = living.open();
        let (list, to) = (living.clone(), desk.clone());
        let other = thread::spawn(move || {
            let builder = Builder::new().listed(&list, generation);
            builder.spawn(pending::<()>(), to)
        });
        living.close(Waker::noop().clone());
        let alive = living.tasks();
        alive.iter().for_each(TaskRef::abort);
        let (task, handle): (Option<Task>, JoinHandle<()>) = other.join().expect("no panic");
        match task {
            Some(task) => {
                let polled = poll(task);
                let is_cancelled = matches!(polled, Polled::Cancelled);
                if !is_cancelled {
                    handle.abort();
                    drop(desk.pop());
                }
                assert!(is_cancelled, "a task slipped past the shutdown and lives on");
            }
            None => assert!(handle.is_finished(), "the joiner of a refused spawn hangs"),
        }
        assert_eq!(living.count(), 0);
    });
}

#[test]
fn a_foreign_drop_against_the_end_of_home() {
    explore("a local task's foreign drop against its home's end", 2, || {
        struct AtHome(ThreadNumber, Tally);
        impl Drop for AtHome {
            fn drop(&mut self) {
                let is_home = self.0 == ThreadNumber::current();
                assert!(is_home, "a future that is not Send was dropped on another thread");
                drop(self.1.witness());
            }
        }
        let (desk, tally) = (Desk::new(), Tally::new());
        let living = Living::new().expect("a list is free");
        let generation = living.open();
        let at_home = AtHome(ThreadNumber::current(), tally.clone());
        let future = async move {
            let _at_home = at_home;
            pending::<()>().await;
        };
        let (task, handle) =
            Builder::new().listed(&living, generation).spawn_local(future, desk.clone());
        let task = task.expect("open");
        let other = thread::spawn(move || drop(task));
        living.close(Waker::noop().clone());
        living.tasks().iter().for_each(TaskRef::abort);
        while living.count() > 0 {
            match desk.pop() {
                Some(task) => assert!(matches!(poll(task), Polled::Cancelled)),
                None => thread::yield_now(),
            }
        }
        assert_eq!(desk.ends(), [End::Cancelled], "a panic in the drop: the wrong thread");
        assert_eq!(tally.dropped(), 1, "the future leaked, or went twice");
        assert!(handle.is_finished());
        other.join().expect("no panic");
    });
}

#[test]
fn wake_abort_and_handle_drop_against_completion() {
    explore("wake, abort and handle drop against completion", 4, || {
        let (desk, output) = (Desk::new(), Tally::new());
        let made = output.witness();
        let (task, handle) = Task::new(async move { made }, desk.clone());
        let (waker, aborter) = (task.reference(), handle.abort_handle());
        let threads = [
            thread::spawn(move || waker.wake()),
            thread::spawn(move || aborter.abort()),
            thread::spawn(move || drop(handle)),
        ];
        let polled = poll_until_it_rests(task);
        assert!(matches!(polled, Polled::Completed | Polled::Cancelled), "{polled:?}");
        threads.into_iter().for_each(|thread| thread.join().expect("no panic"));
        assert_eq!(desk.scheduled(), 0, "the task stands in the queue after its end");
        assert_eq!(desk.ends().len(), 1, "the end was told twice");
        assert_eq!(output.dropped(), 1, "the output leaked, or went twice");
    });
}
