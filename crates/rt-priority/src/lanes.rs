//! A lane for each class, and a set of those that may hold something.
//!
//! ```text
//!                    ┌─ High ─── T ── T ──┐
//!   push ──► class ──┼─ Normal ─ T ───────┼──► pop: of the class that the rule chooses among the waiting
//!                    └─ Low ──── T ── T ──┘      steal: of the highest that has something
//!                        │
//!        waiting: {High, Normal, Low}   a bit is set by a push, and cleared by a pop that finds nothing
//! ```
//!
//! * **[LA1]** A class that is not in the set has an empty lane. The reverse need not hold: thieves empty lanes,
//!   and the owner hears nothing of it, nor does it look behind its own pop. Before it asks the rule it takes those
//!   out of the set whose lanes are empty by then; should a thief empty one between that and the pop, it asks again.
//! * **[LA2]** A task stands in the lane of the class that it had when it came in, and leaves it first in, first
//!   out. A class that changes meanwhile counts from its next push.
//! * **[LA3]** Each pop that finds more than one class in the set asks the rule, which counts the choice. So
//!   between two pops of a class that waits lie as many of others as the rule says, [AG1]: a choice of a class
//!   that a thief was faster to empty counts as one of others, and makes nobody wait for longer.
//! * **[LA4]** If one class alone is in use nobody is chosen or counted. For `Normal` that is a comparison each way.
//! * **[LA5]** What has no room overflows out of the lane that is full, and out of no other.
//!
//! Not here: in which order workers look at each other, and what comes from outside. A queue can choose only among
//! tasks that are in it.

use std::fmt;

use rt_executor::{MarkOf, RunQueue, Stealable, Victim};
use rt_task::{Priority, Task, TaskList, Waiting};

use crate::ageing::Ageing;

const CLASSES: usize = Priority::ALL.len();

/// What is in the set of a queue whose user knows no classes.
const NORMAL_ALONE: Waiting = Waiting::NONE.with(Priority::Normal);

/// Three queues of a kind, one for each class, and a rule by which they take turns.
///
/// The most urgent class that waits comes first; each `every`-th time the one that was passed over most often
/// comes instead ([`Ageing`]). So, on each thread that polls out of such a queue:
///
/// * **no class starves**: of a class that has tasks here, one is polled after at most `2 * every - 1` polls of
///   other classes, whatever comes and goes (two, if `every` is one). With the default of 16 that is 31 polls;
/// * **and none is held up**: while a task of the most urgent class waits here, at most one in `every` polls is of
///   a lower class.
///
/// Within a class it is first in, first out. A task stands where its class was when it was pushed: a
/// [change](rt_task::TaskRef::set_priority) counts from the next time that it is queued, and nothing is lost.
///
/// ```
/// use rt_executor::{Fifo, RunQueue};
/// use rt_priority::{Ageing, Lanes};
/// use rt_task::Builder;
/// use rt_task::Priority::{High, Low};
/// # use rt_testkit::ByHand;
///
/// let mut queue = Lanes::<Fifo>::aged(Ageing::every(3));
/// for class in [Low, Low, High, High, High] {
///     let (task, _handle) = Builder::new().priority(class).spawn(async {}, ByHand::new());
///     queue.push(task.unwrap()).unwrap();
/// }
/// let order = std::iter::from_fn(|| queue.pop()).map(|task| task.priority());
/// assert_eq!(order.collect::<Vec<_>>(), [High, High, Low, High, Low]);
/// ```
///
/// Over a queue that others may steal from it is one, too: a worker's lanes are `Lanes<rt_steal::Ring>`.
pub struct Lanes<Q> {
    lanes: [Q; CLASSES],
    /// The classes whose lanes may hold something [LA1].
    waiting: Waiting,
    rule: Ageing,
}

impl<Q> Lanes<Q> {
    /// Three empty queues that `queue` makes, with this rule.
    #[must_use]
    pub fn new(rule: Ageing, mut queue: impl FnMut() -> Q) -> Lanes<Q> {
        Lanes { lanes: Priority::ALL.map(|_| queue()), waiting: Waiting::NONE, rule }
    }

    /// Three empty queues with this rule.
    #[must_use]
    pub fn aged(rule: Ageing) -> Lanes<Q>
    where
        Q: Default,
    {
        Lanes::new(rule, Q::default)
    }

    #[inline]
    fn lane(&mut self, class: Priority) -> &mut Q {
        &mut self.lanes[class as usize]
    }
}

impl<Q: RunQueue> Lanes<Q> {
    /// Into the lane of its class.
    #[inline(never)]
    // COURSE(9.2) stub: todo
    fn push_beside(&mut self, class: Priority, task: Task) -> Result<(), Task> {
        self.lane(class).push(task)?;
        self.waiting = self.waiting.with(class);
        Ok(())
    }

    /// Of the class that the rule chooses, and again if there is none of it [LA1] [LA3].
    #[inline(never)]
    // COURSE(9.2) stub: todo
    fn pop_chosen(&mut self) -> Option<Task> {
        for class in self.waiting.iter() {
            if self.lane(class).is_empty() {
                // Asked all the same: a pop that finds nothing gives back the room of a burst.
                match self.lane(class).pop() {
                    None => self.waiting = self.waiting.without(class),
                    popped => return popped,
                }
            }
        }
        loop {
            let class = self.rule.choose(self.waiting)?;
            let popped = self.lane(class).pop();
            if popped.is_some() {
                return popped;
            }
            self.waiting = self.waiting.without(class);
        }
    }

    /// Whether something is in one of these lanes: the set says what may be `[LA1]`.
    #[inline(never)]
    // COURSE(9.2) stub: todo
    fn has_some(&self, classes: Waiting) -> bool {
        classes.iter().any(|class| !self.lanes[class as usize].is_empty())
    }
}

impl<Q: RunQueue> RunQueue for Lanes<Q> {
    /// Behind all of its class `[LA2]`. An error says that there is no room in that lane.
    #[inline]
    // COURSE(9.2) stub: todo
    fn push(&mut self, task: Task) -> Result<(), Task> {
        let class = task.priority();
        if class != Priority::Normal {
            return self.push_beside(class, task);
        }
        self.lane(Priority::Normal).push(task)?; // [LA4]: a lane that is known is found without arithmetic
        self.waiting = self.waiting.with(Priority::Normal);
        Ok(())
    }

    /// `None` only if all lanes are empty; where `Normal` alone is in use nobody is chosen `[LA4]`.
    #[inline]
    // COURSE(9.2) stub: todo
    fn pop(&mut self) -> Option<Task> {
        if self.waiting != NORMAL_ALONE {
            return self.pop_chosen();
        }
        self.lane(Priority::Normal).pop() // [LA4]
    }

    #[inline]
    // COURSE(9.2) stub: todo
    fn is_empty(&self) -> bool {
        if self.waiting == NORMAL_ALONE {
            return self.lanes[Priority::Normal as usize].is_empty(); // [LA4]
        }
        !self.has_some(self.waiting)
    }

    #[inline]
    // COURSE(9.2) stub: todo
    fn len(&self) -> usize {
        self.lanes.iter().map(Q::len).sum()
    }
}

impl<Q: Stealable> Stealable for Lanes<Q> {
    type Stealer = Stealers<Q::Stealer>;
    type Local = Lanes<Q::Local>;

    fn stealer(&self) -> Self::Stealer {
        Stealers { lanes: self.lanes.each_ref().map(Q::stealer) }
    }

    // COURSE(9.5) stub: todo
    fn local(&self) -> Self::Local {
        let [high, normal, low] = &self.lanes;
        let lanes = [high.local(), normal.local(), low.local()];
        Lanes { lanes, waiting: Waiting::NONE, rule: self.rule.afresh() }
    }

    /// With the rule of the other one.
    // COURSE(9.5) stub: todo
    fn renew(&mut self, fresh: Self) {
        self.rule = fresh.rule;
        self.lanes.iter_mut().zip(fresh.lanes).for_each(|(lane, fresh)| lane.renew(fresh));
    }

    #[inline]
    // COURSE(9.4) stub: todo
    fn room(&self, class: Priority) -> usize {
        self.lanes[class as usize].room(class)
    }

    #[inline]
    // COURSE(9.5) stub: todo
    fn has_others(&self, than: Priority) -> bool {
        if than == Priority::Normal && self.waiting.without(Priority::Normal).is_empty() {
            return false; // [LA4]
        }
        self.has_some(self.waiting.without(than))
    }

    // COURSE(9.3) stub: todo
    fn steal(&mut self, from: &Self::Stealer) -> usize {
        self.steal_by(|lane, class| {
            let stealer = &from.lanes[class as usize];
            if stealer.is_empty() { 0 } else { lane.steal(stealer) }
        })
    }

    // COURSE(9.3) stub: todo
    fn steal_what_lasts(&mut self, from: &Self::Stealer, marks: MarkOf<Self>) -> usize {
        self.steal_by(|lane, class| {
            lane.steal_what_lasts(&from.lanes[class as usize], marks[class as usize])
        })
    }

    /// Out of the lane of its class `[LA5]`, which it may have changed since the push: then there may be room.
    // COURSE(9.4) stub: todo
    fn overflow(&mut self, task: Task) -> TaskList {
        let class = task.priority();
        self.waiting = self.waiting.with(class);
        self.lane(class).overflow(task)
    }
}

impl<Q: Stealable> Lanes<Q> {
    /// Of the most urgent class that gives some, into its lane here.
    // COURSE(9.3) omit
    fn steal_by(&mut self, mut steal: impl FnMut(&mut Q, Priority) -> usize) -> usize {
        for class in Priority::ALL {
            let stolen = steal(self.lane(class), class);
            if stolen > 0 {
                self.waiting = self.waiting.with(class);
                return stolen;
            }
        }
        0
    }
}

/// The thieves' end of [`Lanes`].
#[derive(Clone, Debug)]
pub struct Stealers<S> {
    lanes: [S; CLASSES],
}

impl<S: Victim> Victim for Stealers<S> {
    type Mark = [S::Mark; CLASSES];

    // COURSE(9.3) stub: todo
    fn is_empty(&self) -> bool {
        self.lanes.iter().all(S::is_empty)
    }

    // COURSE(9.3) stub: todo
    fn len(&self) -> usize {
        self.lanes.iter().map(S::len).sum()
    }

    fn mark(&self) -> Self::Mark {
        self.lanes.each_ref().map(S::mark)
    }

    // COURSE(9.3) stub: todo
    fn lasts(&self, marks: Self::Mark) -> bool {
        self.lanes.iter().zip(marks).any(|(lane, mark)| lane.lasts(mark))
    }
}

impl<Q: Default> Default for Lanes<Q> {
    fn default() -> Lanes<Q> {
        Lanes::aged(Ageing::default())
    }
}

impl<Q> fmt::Debug for Lanes<Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lanes")
            .field("waiting", &self.waiting)
            .field("rule", &self.rule)
            .finish_non_exhaustive()
    }
}
