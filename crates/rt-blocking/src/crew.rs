//! The threads of a pool: what each of them does at this moment. No lock, no thread is touched here.
//!
//! ```text
//!   grow             begin           rest             awake: the time is up,
//!  ──────► STARTING ───────► BUSY ─────────► IDLE ──────────────────────┐ and nobody comes
//!             │ │             ▲ │              │                        ▼
//!             │ │ started     │ │ leave: the   │ call               LEAVING ── end ──► (gone)
//!             │ └─► STARTED ──┤ │ pool closed  ▼                        ▲
//!             ▼      begin    │ └──────────────┼────────────────────────┘
//!          (gone)             └── awake ── CALLED
//!          not_started
//! ```
//!
//! * **[BC1]** No job waits while a thread sleeps that could take it: the queue is no longer than there
//!   are threads that were called and are not at the queue yet, or nobody is idle. Those that are
//!   only being started do not count, because an idle one is there sooner.
//! * **[BC2]** A thread that is called is no longer idle, from the same moment: nobody calls it
//!   twice, and its time is not up any more.
//! * **[BC3]** The thread that rested last is called first: those that are not needed are left alone
//!   until their time is up, and the one with warm caches runs.
//! * **[BC4]** At most `most` threads are starting or live. One that leaves runs no job again, and does
//!   not count; it stays a member until it is gone.

use std::collections::BTreeMap;
use std::sync::Arc;

use rt_task::sync::{Condvar, thread::JoinHandle};

/// The number of a thread in its pool, never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key(pub(crate) u64);

/// What wakes one thread of the pool.
pub(crate) type Bell = Arc<Condvar>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Somebody creates it at this moment.
    Starting,
    /// It was created, and has not been at the queue.
    Started,
    Busy,
    Idle,
    Called,
    Leaving,
}

struct Member {
    phase: Phase,
    bell: Bell,
    /// It is idle, and shall not wait until its time is up.
    is_dismissed: bool,
    /// It waits for the end of the pool: nobody waits for it.
    is_joining: bool,
    handle: Option<JoinHandle<()>>,
}

/// What a thread does that was idle and is awake.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Awake {
    /// There is a job for it, or the pool is closed: to the queue.
    Called,
    /// Its time is up.
    Retired,
    /// It was woken for nothing, or may not leave yet.
    Again,
}

pub(crate) struct Crew {
    most: usize,
    next: u64,
    members: BTreeMap<Key, Member>,
    starting: usize,
    live: usize,
    /// Starting or started, and not yet at the queue.
    young: usize,
    /// Called, and not yet at the queue [BC1].
    called: usize,
    idle: Vec<Key>,
    pub(crate) ended: u64,
}

impl Crew {
    pub(crate) fn new(most: usize) -> Crew {
        Crew {
            most,
            next: 0,
            members: BTreeMap::new(),
            starting: 0,
            live: 0,
            young: 0,
            called: 0,
            idle: Vec::new(),
            ended: 0,
        }
    }

    /// A thread to be started, if so many jobs are more than will find a thread, and there is room.
    #[must_use]
    pub(crate) fn grow(&mut self, jobs: usize) -> Option<Key> {
        if jobs <= self.idle.len() + self.called + self.young || self.is_full() {
            return None;
        }
        let key = Key(self.next);
        self.next += 1;
        self.starting += 1;
        self.young += 1;
        let member = Member {
            phase: Phase::Starting,
            bell: Arc::new(Condvar::new()),
            is_dismissed: false,
            is_joining: false,
            handle: None,
        };
        self.members.insert(key, member);
        Some(key)
    }

    fn is_full(&self) -> bool {
        self.starting + self.live >= self.most
    }

    /// Whether it is not known yet if there will be a thread at all, and no other may be started.
    pub(crate) fn is_unsettled(&self) -> bool {
        self.live == 0 && self.is_full()
    }

    /// Whether a thread lives that will look at the queue again.
    pub(crate) fn is_manned(&self) -> bool {
        self.live > 0
    }

    /// The system has made the thread, which may be at its end already: it waits for its handle.
    pub(crate) fn started(&mut self, key: Key, handle: JoinHandle<()>) {
        self.confirm(key);
        self.member(key).handle = Some(handle);
    }

    /// The system has refused the thread.
    pub(crate) fn not_started(&mut self, key: Key) {
        self.members.remove(&key);
        self.starting -= 1;
        self.young -= 1;
    }

    /// STARTING → STARTED. Whoever comes first says so: the thread, or who started it.
    fn confirm(&mut self, key: Key) {
        let member = self.member(key);
        if member.phase == Phase::Starting {
            member.phase = Phase::Started;
            self.starting -= 1;
            self.live += 1;
        }
    }

    /// STARTED or CALLED → BUSY: the thread is at the queue.
    pub(crate) fn begin(&mut self, key: Key) {
        self.confirm(key);
        match std::mem::replace(&mut self.member(key).phase, Phase::Busy) {
            Phase::Called => self.called -= 1,
            _ => self.young -= 1,
        }
    }

    /// BUSY → IDLE. What it is to wait at.
    #[must_use]
    pub(crate) fn rest(&mut self, key: Key) -> Bell {
        self.idle.push(key);
        let member = self.member(key);
        member.phase = Phase::Idle;
        member.bell.clone()
    }

    /// IDLE → CALLED, of the thread that rested last [BC3], if there are more jobs than threads that
    /// were called for them [BC1].
    #[must_use]
    pub(crate) fn call(&mut self, jobs: usize) -> Option<Bell> {
        if jobs <= self.called {
            return None;
        }
        let key = self.idle.pop()?;
        self.called += 1;
        let member = self.member(key);
        member.phase = Phase::Called;
        Some(member.bell.clone())
    }

    /// IDLE → CALLED, of all of them.
    #[must_use]
    pub(crate) fn call_all(&mut self) -> Vec<Bell> {
        std::iter::from_fn(|| self.call(usize::MAX)).collect()
    }

    /// Every thread that is idle leaves as if its time were up.
    #[must_use]
    pub(crate) fn dismiss(&mut self) -> Vec<Bell> {
        let idle = self.members.values_mut().filter(|member| member.phase == Phase::Idle);
        idle.map(|member| {
            member.is_dismissed = true;
            member.bell.clone()
        })
        .collect()
    }

    /// What an idle thread does that is awake. It may not leave while somebody is on the way in, who
    /// counts on finding it [BJ4].
    pub(crate) fn awake(&mut self, key: Key, is_time_up: bool, is_expected: bool) -> Awake {
        let member = self.member(key);
        if member.phase == Phase::Called {
            member.is_dismissed = false;
            self.begin(key);
            return Awake::Called;
        }
        if is_expected || !(is_time_up || member.is_dismissed) {
            return Awake::Again;
        }
        self.idle.retain(|&idle| idle != key);
        self.leave(key);
        Awake::Retired
    }

    /// BUSY or IDLE → LEAVING.
    pub(crate) fn leave(&mut self, key: Key) {
        self.member(key).phase = Phase::Leaving;
        self.live -= 1;
    }

    /// The thread runs nothing more. Its handle, if whoever started it has brought it yet.
    #[must_use]
    pub(crate) fn take_handle(&mut self, key: Key) -> Option<JoinHandle<()>> {
        self.member(key).handle.take()
    }

    /// LEAVING → gone: its handle is where others find it.
    pub(crate) fn end(&mut self, key: Key) {
        self.members.remove(&key);
        self.ended += 1;
    }

    pub(crate) fn set_joining(&mut self, key: Key, is_joining: bool) {
        // It may be gone: then its thread-locals are destroyed at this moment.
        if let Some(member) = self.members.get_mut(&key) {
            member.is_joining = is_joining;
        }
    }

    /// Whether a join on `here`, if that is a thread of the pool, waits for this one.
    pub(crate) fn is_waited_for(&self, key: Key, here: Option<Key>) -> bool {
        here != Some(key) && self.members.get(&key).is_some_and(|member| !member.is_joining)
    }

    /// How many there are for whom a join on `here` waits.
    pub(crate) fn waited_for(&self, here: Option<Key>) -> usize {
        self.members.keys().filter(|&&key| self.is_waited_for(key, here)).count()
    }

    pub(crate) fn threads(&self) -> usize {
        self.starting + self.live
    }

    pub(crate) fn idle(&self) -> usize {
        self.idle.len()
    }

    fn member(&mut self, key: Key) -> &mut Member {
        let member = self.members.get_mut(&key);
        member.unwrap_or_else(|| unreachable!("[BC4] a thread is a member until it is gone"))
    }
}
