//! A poll that lasts is told of: once, not too early, and by a thread that may be held up.

mod hired {
    pub(crate) mod team;
}

use std::sync::mpsc::{self, Receiver, Sender};
use std::time::{Duration, Instant};

use rt_executor::block_on;
use rt_steal::{Lasting, Stalled, Stamp, Team, Watch, Watchdog};
use rt_task::Id;
use rt_testkit::within;

use crate::hired::team::{end, start};

const LIMIT: Duration = Duration::from_secs(60);
const THRESHOLD: Duration = Duration::from_millis(30);
/// What the system may take longer than it should.
const SLACK: Duration = Duration::from_secs(5);

fn told(threshold: Duration) -> (std::sync::Arc<Watchdog>, Receiver<Stalled>) {
    let (sender, stalls) = mpsc::channel();
    (Watchdog::new(threshold, move |stalled| _ = sender.send(stalled)), stalls)
}

/// A poll that lasts until the sender is dropped.
fn block(team: &Team) -> (rt_task::JoinHandle<()>, Sender<()>) {
    let (go_on, over) = mpsc::channel::<()>();
    (team.handle().spawn(async move { _ = over.recv() }), go_on)
}

#[test]
fn a_stamp_is_told_of_once_a_poll() {
    let (stamp, task) = (Stamp::new(), Id::next());
    let lasting = || stamp.lasting().map(|Lasting { task, .. }| task);
    stamp.begin(Some(task));
    assert_eq!(lasting(), None, "nobody has seen it yet: it would be told of too early [WD1]");
    stamp.look();
    let poll = stamp.lasting().expect("it was seen, and goes on");
    assert!(poll.task == task && poll.since.elapsed() < SLACK, "another poll: {poll:?}");
    stamp.set_told(poll);
    stamp.look();
    assert_eq!(lasting(), None, "one poll is told of twice [WD3]");
    stamp.tick();
    stamp.look();
    assert_eq!(lasting(), None, "a poll that is over stalls nobody");
    stamp.begin(Some(task));
    assert_eq!(lasting(), None, "the next poll has the age of the one before [WD1]");
    stamp.look();
    assert_eq!(lasting(), Some(task), "the next poll of the task is told of no more [WD3]");
    stamp.tick();
    stamp.begin(None);
    stamp.look();
    assert_eq!(lasting(), None, "what is no task's poll has a name");
}

#[test]
fn a_poll_that_lasts_is_told_of_once_and_not_before_its_threshold() {
    within(LIMIT, || {
        let team = start(2);
        let (dog, stalls) = told(THRESHOLD);
        team.watch_stalls(dog);
        let begin = Instant::now();
        let (task, go_on) = block(&team);
        let stall = stalls.recv_timeout(SLACK).expect("a poll that does not end is told of");
        assert_eq!(stall.task, task.id(), "another task is blamed");
        assert!(begin.elapsed() >= THRESHOLD, "too early: {:?} [WD1]", begin.elapsed());
        assert!(stall.since >= begin, "it is said to be longer than it was");
        assert!(stall.worker.is_some_and(|worker| worker < 2), "no worker of the team: {stall:?}");
        let again = stalls.recv_timeout(5 * THRESHOLD);
        assert!(again.is_err(), "one poll is told of twice [WD3]: {again:?}");
        drop(go_on);
        block_on(task).unwrap();
        end(&team);
    });
}

#[test]
fn the_next_team_at_the_same_desks_is_not_the_business_of_the_watchdog_before() {
    within(LIMIT, || {
        let team = start(3);
        let (dog, stalls) = told(Duration::from_millis(1));
        let held = std::sync::Arc::downgrade(&dog);
        team.watch_stalls(dog);
        end(&team);
        drop(team);
        let team = start(3);
        let (task, go_on) = block(&team);
        let stall = stalls.recv_timeout(Duration::from_millis(100));
        assert!(stall.is_err(), "told of another runtime's task: {stall:?}");
        assert!(held.upgrade().is_none(), "what it holds is never dropped");
        drop(go_on);
        block_on(task).unwrap();
        end(&team);
    });
}

#[test]
fn a_thread_that_is_no_worker_is_watched_while_it_is_awake() {
    within(LIMIT, || {
        let (dog, stalls) = told(THRESHOLD);
        let watch = Watch::new(dog, None);
        let watching = watch.clone().watch().unwrap();
        let task = Id::next();
        watch.set_awake(true);
        watch.begin(task);
        let stall = stalls.recv_timeout(SLACK).expect("a poll that does not end is told of");
        assert!(stall.task == task && stall.worker.is_none(), "another thread: {stall:?}");
        watch.end();
        watch.end(); // no poll goes on: nothing to end
        watch.begin(task);
        watch.end();
        watch.set_awake(false);
        assert!(stalls.recv_timeout(3 * THRESHOLD).is_err(), "a poll that is over is told of");
        drop(watching);
        watch.begin(task);
        watch.set_awake(true);
        let stall = stalls.recv_timeout(3 * THRESHOLD);
        assert!(stall.is_err(), "nobody is to look any more: {stall:?}");
        watch.set_awake(false);
    });
}

#[test]
fn who_holds_the_reporter_up_holds_up_no_worker_and_the_others_are_told_of_later() {
    within(LIMIT, || {
        let team = start(2);
        let (sender, stalls) = mpsc::channel();
        let (go_on, held) = mpsc::channel::<()>();
        let held = std::sync::Mutex::new(held);
        team.watch_stalls(Watchdog::new(Duration::from_millis(10), move |stalled| {
            let _ = sender.send(stalled.task);
            let _ = held.lock().unwrap().recv();
        }));
        let (one, first) = block(&team);
        assert_eq!(stalls.recv_timeout(SLACK), Ok(one.id()));
        let (other, second) = block(&team);
        drop(first);
        block_on(one).unwrap(); // the worker goes on
        for _ in 0..100 {
            block_on(team.handle().spawn(async {})).unwrap();
        }
        go_on.send(()).unwrap();
        assert_eq!(stalls.recv_timeout(SLACK), Ok(other.id()), "it is forgotten [WD4]");
        drop((second, go_on));
        block_on(other).unwrap();
        end(&team);
    });
}

#[test]
fn a_report_that_had_to_wait_does_not_make_the_poll_longer() {
    within(LIMIT, || {
        let (sender, stalls) = mpsc::channel();
        let dog = Watchdog::new(THRESHOLD, move |stalled: Stalled| {
            let _ = sender.send(stalled);
            std::thread::sleep(Duration::from_millis(400)); // others' reports wait
        });
        let team = start(2);
        team.watch_stalls(dog);
        let first = team.handle().spawn(async { std::thread::sleep(Duration::from_millis(120)) });
        let second = team.handle().spawn(async { std::thread::sleep(Duration::from_millis(120)) });
        for _ in 0..2 {
            let stalled = stalls.recv_timeout(SLACK).expect("nobody is told");
            let elapsed = stalled.elapsed;
            let is_true = elapsed >= THRESHOLD && elapsed < Duration::from_millis(400);
            assert!(is_true, "a poll of 120 ms is said to have lasted {elapsed:?}");
        }
        block_on(first).unwrap();
        block_on(second).unwrap();
        end(&team);
    });
}

#[test]
fn a_watchdog_that_can_not_be_dropped_keeps_no_team_from_its_end() {
    /// A value of the user's in the function that is called.
    struct Faulty;
    impl Drop for Faulty {
        fn drop(&mut self) {
            std::panic::resume_unwind(Box::new("a faulty drop"));
        }
    }
    within(LIMIT, || {
        let (team, places) = Team::hire(1).unwrap();
        let faulty = Faulty;
        team.watch_stalls(Watchdog::new(THRESHOLD, move |_| _ = &faulty));
        drop(places);
        let dropped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(team)));
        assert!(dropped.is_ok(), "the desks are lost: nobody can use them again");
    });
}
