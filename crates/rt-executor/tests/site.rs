//! Sites: where the tasks of an executor belong that is made of the parts, and has several lists.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::pending;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use rt_executor::{Arrival, Arrive, Door, Entered, Handle, Site, block_on, poll, yield_now};
use rt_task::Task;
use rt_testkit::{CountingWaker, within};

const DEADLINE: Duration = Duration::from_secs(20);

thread_local! {
    static LIST: Cell<usize> = const { Cell::new(0) };
}

/// Keeps what comes in from elsewhere; each thread says which list its spawns go into.
#[derive(Default)]
struct Mailbox {
    tasks: Mutex<VecDeque<Task>>,
}

impl Mailbox {
    fn leak() -> &'static Mailbox {
        Box::leak(Box::default())
    }

    fn pop(&self) -> Option<Task> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    fn len(&self) -> usize {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Polls what came in, until nothing is there.
    fn run(&self) {
        while let Some(task) = self.pop() {
            poll(task, &mut ()).into_iter().for_each(|again| self.deliver(again));
        }
    }
}

impl Door for Mailbox {
    fn deliver(&self, task: Task) {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).push_back(task);
    }

    fn list_here(&self) -> usize {
        LIST.get()
    }
}

/// The queue of a thread.
#[derive(Default)]
struct Own(RefCell<VecDeque<Task>>, RefCell<Vec<Arrival>>);

impl Arrive for Own {
    fn arrive(&self, task: Task, how: Arrival) {
        self.1.borrow_mut().push(how);
        self.0.borrow_mut().push_back(task);
    }
}

#[test]
fn spawns_go_into_the_list_of_their_thread_and_all_lists_end_together() {
    within(DEADLINE, || {
        let mailbox = Mailbox::leak();
        let (site, _) = Site::new(3, || mailbox).unwrap();
        let lease = site.open();
        let handle = Handle::new(lease);
        let tasks: Vec<_> = (0..3)
            .map(|list| {
                LIST.set(list);
                handle.spawn(pending::<()>())
            })
            .collect();
        let shards: Vec<_> = tasks.iter().map(|task| task.task().shard().unwrap()).collect();
        assert_eq!(shards, [site.shard(0), site.shard(1), site.shard(2)]);
        assert_eq!((lease.alive(), lease.tasks().len()), (3, 3));
        assert!(shards.iter().all(|&shard| std::ptr::eq(Site::of(shard).unwrap(), site)));

        let (waker, emptied) = CountingWaker::new();
        lease.close(&waker);
        let refused = handle.spawn(async {});
        assert!(refused.is_finished(), "a closed site took a task in");
        assert_eq!(emptied.count(), 0);
        lease.tasks().iter().for_each(rt_task::TaskRef::abort);
        mailbox.run();
        assert_eq!(emptied.count(), 3, "an end that waits for a list hangs");
        assert!(tasks.iter().all(rt_task::JoinHandle::is_finished));

        let next = site.open();
        assert!(handle.spawn(async {}).is_finished(), "a handle of an earlier generation spawns");
        assert_eq!(next.alive(), 0);
        let told = Arc::new(());
        let hook = told.clone();
        next.on_panic(Arc::new(move |_, _| drop(hook.clone())));
        lease.end();
        assert_eq!(Arc::strong_count(&told), 2, "an earlier generation takes the hook of this one");
        next.close(&waker);
        next.end();
        assert_eq!(Arc::strong_count(&told), 1, "the hook outlives its generation");
    });
}

#[test]
fn an_executor_is_told_whether_a_task_was_spawned_or_woken() {
    within(DEADLINE, || {
        let mailbox = Mailbox::leak();
        let (site, _) = Site::new(1, || mailbox).unwrap();
        let lease = site.open();
        let entered = Entered::new(site.shard(0), Own::default());
        LIST.set(0);
        let task = Handle::new(lease).spawn(pending::<()>());
        let first = entered.0.borrow_mut().pop_front().expect("it was spawned here");
        assert!(poll(first, &mut ()).is_none(), "it waits");
        task.task().wake_by_ref();
        assert_eq!(*entered.1.borrow(), [Arrival::Spawned, Arrival::Woken]);
        let own = entered.leave().0.into_inner();
        lease.close(&Arc::new(CountingWaker::default()).into());
        drop(own); // which cancels it
        assert!(task.is_finished());
    });
}

#[test]
fn a_task_goes_to_what_is_entered_here_whichever_list_of_the_site_it_is_in() {
    within(DEADLINE, || {
        let mailbox = Mailbox::leak();
        let (site, _) = Site::new(2, || mailbox).unwrap();
        let lease = site.open();
        let handle = Handle::new(lease);
        let (stranger, _) = Site::new(1, Mailbox::leak).unwrap();
        let entered = Entered::new(site.shard(0), Own::default());
        // Somebody else's, entered later: tasks must pass by it.
        let inner = Entered::new(stranger.shard(0), Own::default());
        LIST.set(1); // as a task that was spawned by another thread of the executor
        let task = handle.spawn(yield_now());
        assert_eq!((entered.0.borrow().len(), mailbox.len()), (1, 0));
        thread::scope(|scope| {
            scope.spawn(|| drop(handle.spawn(async {})));
        });
        assert_eq!(mailbox.len(), 1, "a spawn from elsewhere comes through the door");
        assert!(inner.leave().0.into_inner().is_empty());
        let mut own = entered.leave().0.into_inner();
        let again = poll(own.pop_front().unwrap(), &mut ());
        mailbox.deliver(again.expect("it yields once"));
        mailbox.run();
        block_on(task).unwrap();
        lease.close(&Arc::new(CountingWaker::default()).into());
        assert_eq!(lease.alive(), 0);
    });
}
