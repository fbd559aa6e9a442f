//! Every trace of the process, and the rings of each thread.
//!
//! * **[TR1]** A thread looks at the list of traces only after it has changed. An event on the way to
//!   the thread's own rings reads one word that nobody writes meanwhile, and takes no lock that others want.
//! * **[TR2]** A trace is dropped outside of every lock and borrow of this file: its drop takes the list.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::thread;

use rt_task::{End, Id, Observer, Spawned};

use crate::observers::{self, Watcher};
use crate::trace::event::{What, Who};
use crate::trace::ring::{Entry, Ring};
use crate::trace::shared::Shared;

/// Every trace of the process.
static ALL: All = All { traces: RwLock::new(Vec::new()) };

/// Changes with the list.
static GENERATION: AtomicU64 = AtomicU64::new(0);

struct All {
    traces: RwLock<Vec<Weak<Shared>>>,
}

thread_local! {
    static HERE: RefCell<Here> = const { RefCell::new(Here { generation: 0, rings: Vec::new() }) };
}

/// The rings of a thread, one a trace.
struct Here {
    generation: u64,
    rings: Vec<(Weak<Shared>, Arc<Ring>)>,
}

/// From now on it is told what happens to tasks.
pub(crate) fn enlist(trace: &Arc<Shared>) {
    ALL.write(|all| all.push(Arc::downgrade(trace)));
}

/// An event of one trace.
pub(crate) fn record(trace: &Arc<Shared>, task: Option<Id>, worker: Option<usize>, what: What) {
    let entry = Entry::now(task, None, what);
    let this = Arc::as_ptr(trace);
    let recorded = with_rings(|rings| {
        if let Some((_, ring)) = rings.iter().find(|(owner, _)| owner.as_ptr() == this) {
            ring.push(entry, worker);
        }
    });
    if !recorded {
        trace.late_ring().push(entry, worker);
    }
}

/// What happens on this thread and concerns no runtime in particular: an event of every trace, and of the task that
/// is being polled here, if one is.
pub fn record_here(what: What) {
    record_in_all(Entry::now(rt_task::current(), None, what));
}

fn record_in_all(entry: Entry) {
    let recorded = with_rings(|rings| {
        rings.iter().for_each(|(_, ring)| ring.push(entry, None));
    });
    if !recorded {
        ALL.each(|trace| trace.late_ring().push(entry, None));
    }
}

/// Whether the thread still has its rings.
fn with_rings(see: impl FnOnce(&[(Weak<Shared>, Arc<Ring>)])) -> bool {
    let seen = HERE.try_with(|here| {
        let mut here = here.borrow_mut();
        let generation = GENERATION.load(Ordering::Relaxed);
        let gone =
            if here.generation == generation { Vec::new() } else { here.refresh(generation) };
        see(&here.rings);
        drop(here);
        drop(gone); // [TR2]
    });
    seen.is_ok()
}

impl Here {
    /// One ring for each trace there is. The traces are given back, to be dropped by the caller.
    #[cold]
    fn refresh(&mut self, generation: u64) -> Vec<Arc<Shared>> {
        let traces = ALL.alive();
        let mut old = std::mem::take(&mut self.rings);
        for trace in &traces {
            let known = old.iter().position(|(owner, _)| owner.as_ptr() == Arc::as_ptr(trace));
            self.rings.push(match known {
                Some(at) => old.swap_remove(at),
                None => {
                    let name = thread::current().name().map(str::to_owned);
                    (Arc::downgrade(trace), trace.ring(name))
                }
            });
        }
        self.generation = generation;
        traces
    }
}

impl All {
    /// Changes the list, and switches the hook on or off.
    fn write(&'static self, change: impl FnOnce(&mut Vec<Weak<Shared>>)) {
        let mut traces = self.traces.write().unwrap_or_else(PoisonError::into_inner);
        change(&mut traces);
        GENERATION.fetch_add(1, Ordering::Relaxed);
        let observer = if traces.is_empty() { None } else { Some(self as &'static dyn Observer) };
        observers::set(Watcher::Traces, observer);
    }

    fn alive(&self) -> Vec<Arc<Shared>> {
        let traces = self.traces.read().unwrap_or_else(PoisonError::into_inner);
        traces.iter().filter_map(Weak::upgrade).collect()
    }

    fn each(&self, see: impl Fn(&Shared)) {
        self.alive().iter().for_each(|trace| see(trace));
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let this: *const Shared = self;
        ALL.write(|all| all.retain(|other| !std::ptr::eq(other.as_ptr(), this)));
        self.clear();
    }
}

impl Observer for All {
    fn spawned(&self, task: Spawned<'_>, by: Option<Id>) {
        let Spawned { id, name, place, priority, .. } = task;
        self.each(|trace| {
            let name = name.map(str::to_owned);
            trace.names.spawned(Who { id, name, place, priority });
        });
        record_in_all(Entry::now(Some(id), by, What::Spawned));
    }

    fn woken(&self, task: Id, by: Option<Id>) {
        record_in_all(Entry::now(Some(task), by, What::Woken));
    }

    fn aborted(&self, task: Id, by: Option<Id>) {
        record_in_all(Entry::now(Some(task), by, What::Aborted));
    }

    fn ended(&self, task: Id, how: End) {
        record_in_all(Entry::now(Some(task), None, What::Ended(how)));
        self.each(|trace| trace.names.ended(task));
    }
}
