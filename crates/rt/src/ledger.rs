//! The books of a runtime: what is counted of it, also when it is gone.
//!
//! * **[LG1]** What stands at the desks is read under the lock that the end of the team takes to read it for
//!   the last time: afterwards the desks are another runtime's, and nobody looks at them.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use rt_executor::{AtEnd, Lease};
use rt_metrics::{Census, PollTimes, Roster};
use rt_steal::{Load, Loads};

/// See the module.
pub(crate) struct Ledger {
    pub(crate) roster: Arc<Roster>,
    pub(crate) census: Census,
    /// If durations are asked for.
    pub(crate) times: Option<Arc<PollTimes>>,
    main: OnceLock<Lease>,
    desks: Mutex<Desks>,
}

/// What stands at the desks of a team, if it is one.
#[derive(Default)]
struct Desks {
    loads: Option<Loads>,
    /// When it was read last.
    last: Load,
}

impl Desks {
    fn read(&mut self) -> &Load {
        if let Some(loads) = &self.loads {
            self.last = loads.read();
        }
        &self.last
    }
}

impl Ledger {
    pub(crate) fn new(roster: Arc<Roster>, times: Option<Arc<PollTimes>>) -> Arc<Ledger> {
        let (census, main, desks) = (Census::new(), OnceLock::new(), Mutex::default());
        Arc::new(Ledger { roster, census, times, main, desks })
    }

    /// The tasks that may move, and the desks of those who run them.
    pub(crate) fn open(self: &Arc<Ledger>, main: Lease, loads: Option<Loads>) {
        self.desks().loads = loads;
        self.main.get_or_init(|| main);
        self.census.add_main(main);
        main.at_end(self.clone());
    }

    /// The local tasks of a thread.
    pub(crate) fn add(self: &Arc<Ledger>, local: Lease) {
        self.census.add(local);
        local.at_end(self.clone());
    }

    /// What stands at the desks; at the end, what stood there last.
    pub(crate) fn load(&self) -> Load {
        self.desks().read().clone()
    }

    fn desks(&self) -> MutexGuard<'_, Desks> {
        self.desks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AtEnd for Ledger {
    fn ended(&self, lease: Lease) {
        if self.main.get().is_some_and(|main| main.generation() == lease.generation()) {
            let mut desks = self.desks();
            desks.read();
            desks.loads = None; // [LG1]
        }
        self.census.remove(lease);
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger").field("census", &self.census).finish_non_exhaustive()
    }
}
