//! Sites: where the tasks of an executor belong that is made of the parts, and has several lists.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::pending;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use rt_executor::{Arrival, Arrive, Door, Entered, Handle, Site, poll};
use rt_task::{Polled, Task};
use rt_testkit::{CountingWaker, within};

const DEADLINE: Duration = Duration::from_secs(10);

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

/// A site with so many lists, in use.
fn open(lists: usize) -> (&'static Site, &'static Mailbox, Handle) {
    LIST.set(0);
    let (site, mailbox) = Site::new(lists, Mailbox::leak).expect("there is room for a site");
    (site, mailbox, Handle::new(site.open()))
}

// The two ways of a task.

#[test]
fn what_is_spawned_where_no_executor_runs_comes_through_the_door() {
    within(DEADLINE, || {
        let (_site, mailbox, handle) = open(1);
        let task = handle.spawn(async {});
        let sent = thread::spawn(move || handle.spawn(async {})).join().unwrap();
        assert_eq!(mailbox.len(), 2, "a task is nowhere: it is never polled");
        let ids = [task.id(), sent.id()];
        let came = [(); 2].map(|()| mailbox.pop().expect("two came").id());
        assert_eq!(came, ids, "a task came that nobody spawned");
    });
}

#[test]
fn what_is_spawned_where_its_executor_runs_arrives_there() {
    within(DEADLINE, || {
        let (site, mailbox, handle) = open(1);
        let entered = Entered::new(site.shard(0), Own::default());
        let tasks = [(); 3].map(|()| handle.spawn(async {}));
        assert_eq!(mailbox.len(), 0, "a task took the long way round, with a lock and a bell [B5]");
        let own = entered.leave().0.into_inner();
        let arrived: Vec<_> = own.iter().map(|task| task.id()).collect();
        assert_eq!(arrived, tasks.map(|task| task.id()), "who arrived, in which order");
    });
}

#[test]
fn where_its_executor_has_left_a_task_takes_the_door_again() {
    within(DEADLINE, || {
        let (site, mailbox, handle) = open(1);
        let entered = Entered::new(site.shard(0), Own::default());
        let _inside = handle.spawn(async {});
        let own = entered.leave().0.into_inner();
        let _outside = handle.spawn(async {});
        let counts = (own.len(), mailbox.len());
        assert_eq!(counts, (1, 1), "a task waits in a queue that nobody looks at any more");
    });
}

#[test]
fn an_outer_executor_gets_its_tasks_past_the_inner_ones_and_all_of_them_stay() {
    within(DEADLINE, || {
        let sites = [(); 3].map(|()| open(1));
        let entered = [0, 1, 2].map(|at: usize| Entered::new(sites[at].0.shard(0), Own::default()));
        for round in 1..=3 {
            for (_, _, handle) in &sites {
                drop(handle.spawn(async {}));
            }
            let arrived = [0, 1, 2].map(|at: usize| entered[at].0.borrow().len());
            assert_eq!(
                arrived, [round; 3],
                "tasks of the outermost, the middle, the innermost [B5]"
            );
        }
        let doors = [0, 1, 2].map(|at: usize| sites[at].1.len());
        assert_eq!(doors, [0; 3], "an executor was forgotten while a task arrived [B4]");
        for entered in entered {
            drop(entered.leave());
        }
    });
}

#[test]
fn an_executor_is_told_whether_a_task_was_spawned_or_woken() {
    within(DEADLINE, || {
        let (site, _mailbox, handle) = open(1);
        let entered = Entered::new(site.shard(0), Own::default());
        let task = handle.spawn(pending::<()>());
        let first = entered.0.borrow_mut().pop_front().expect("it was spawned here");
        assert!(matches!(rt_testkit::poll(first), Polled::Pending), "it waits for ever");
        task.task().wake_by_ref();
        let told = entered.1.borrow().clone();
        assert_eq!(told, [Arrival::Spawned, Arrival::Woken], "what the executor was told");
        let own = entered.leave().0.into_inner();
        drop(own); // which cancels it
        assert!(task.is_finished(), "a joiner waits for a task that nobody has");
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
        let task = handle.spawn(async {});
        let counts = (entered.0.borrow().len(), mailbox.len());
        assert_eq!(counts, (1, 0), "a task of the same executor took the long way round [B5]");
        thread::scope(|scope| {
            scope.spawn(|| drop(handle.spawn(async {})));
        });
        assert_eq!(mailbox.len(), 1, "a spawn from elsewhere comes through the door");
        assert!(inner.leave().0.into_inner().is_empty(), "a task went to somebody else's executor");
        let mut own = entered.leave().0.into_inner();
        let polled = rt_testkit::poll(own.pop_front().expect("it arrived"));
        assert!(matches!(polled, Polled::Completed), "it had nothing to wait for: {polled:?}");
        assert!(task.is_finished(), "the joiner of a task that is done waits on");
        drop(mailbox.pop());
        assert_eq!(lease.alive(), 0, "an executor would wait for ever for its last task");
    });
}

// What a site with several lists is for.

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
