//! Many tasks, joined in the order in which they end.

use std::collections::VecDeque;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use rt_task::{AbortHandle, AbortOnDrop, Id, JoinError, JoinHandle, coop};

use crate::context;
use crate::runtime::Handle;

/// Tasks of one output type. Dropping the set aborts them.
///
/// ```
/// use rt::task::JoinSet;
///
/// rt::block_on(async {
///     let mut set = JoinSet::new();
///     for number in 1..=4 {
///         set.spawn(async move { number * number });
///     }
///     let mut sum = 0;
///     while let Some(square) = set.join_next().await {
///         sum += square.unwrap();
///     }
///     assert_eq!(sum, 30);
/// });
/// ```
pub struct JoinSet<T> {
    tasks: FuturesUnordered<Member<T>>,
    /// Of tasks that had ended when another one was put in. The mutex makes the set `Sync`, which an
    /// output need not be.
    ended: Mutex<VecDeque<Ended<T>>>,
    /// Who polled last and found nothing. The set keeps one waker, so whoever polls its tasks for
    /// another reason does it with this one.
    waiting: Waker,
}

type Ended<T> = (Id, Result<T, JoinError>);

fn with_id<T>((id, outcome): Ended<T>) -> Result<(Id, T), JoinError> {
    outcome.map(|output| (id, output))
}

/// Outputs are values, which nobody has pinned.
impl<T> Unpin for JoinSet<T> {}

/// A handle that says whose outcome it gives.
struct Member<T> {
    handle: AbortOnDrop<T>,
}

impl<T> Future for Member<T> {
    type Output = Ended<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let outcome = ready!(Pin::new(&mut self.handle).poll(cx));
        Poll::Ready((self.handle.handle().id(), outcome))
    }
}

impl<T> JoinSet<T> {
    /// An empty one.
    #[must_use]
    pub fn new() -> JoinSet<T> {
        let waiting = Waker::noop().clone();
        JoinSet { tasks: FuturesUnordered::new(), ended: Mutex::default(), waiting }
    }

    /// How many tasks were not joined yet.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tasks.len() + self.ended.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether all were joined.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T: 'static> JoinSet<T> {
    /// Spawns a task on the runtime of this thread.
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    #[track_caller]
    pub fn spawn<F>(&mut self, future: F) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static,
        T: Send,
    {
        self.insert(context::spawner("`JoinSet::spawn`").spawn(future))
    }

    /// Spawns a task on another runtime.
    #[track_caller]
    pub fn spawn_on<F>(&mut self, future: F, handle: &Handle) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static,
        T: Send,
    {
        self.insert(handle.spawn(future))
    }

    /// Spawns a task that stays on this thread.
    ///
    /// # Panics
    ///
    /// As [`spawn_local`](crate::task::spawn_local).
    #[track_caller]
    pub fn spawn_local<F>(&mut self, future: F) -> AbortHandle
    where
        F: Future<Output = T> + 'static,
    {
        self.insert(context::local_spawner("`JoinSet::spawn_local`").spawn(future))
    }

    fn insert(&mut self, handle: JoinHandle<T>) -> AbortHandle {
        let abort = handle.abort_handle();
        self.tasks.push(Member { handle: handle.abort_on_drop() });
        self.listen();
        abort
    }

    /// Polls a new handle once: from here on its end is known in the order in which it comes.
    fn listen(&mut self) {
        let waiting = self.waiting.clone();
        let mut cx = Context::from_waker(&waiting);
        coop::with_budget(|| {
            while let Poll::Ready(Some(ended)) = self.tasks.poll_next_unpin(&mut cx) {
                self.ended().push_back(ended);
            }
        });
        // A task that was refused has ended already, and nobody else will say so.
        if !self.ended().is_empty() {
            waiting.wake();
        }
    }

    fn poll_ended(&mut self, cx: &mut Context<'_>) -> Poll<Option<Ended<T>>> {
        if self.ended().is_empty() {
            let polled = self.tasks.poll_next_unpin(cx);
            if polled.is_pending() {
                self.waiting.clone_from(cx.waker());
            }
            return polled;
        }
        ready!(coop::poll_proceed(cx)).made_progress();
        Poll::Ready(self.ended().pop_front())
    }

    fn ended(&mut self) -> &mut VecDeque<Ended<T>> {
        self.ended.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the next task to end. `None` if there is none.
    ///
    /// Cancel safe: an outcome that nobody got comes again.
    pub async fn join_next(&mut self) -> Option<Result<T, JoinError>> {
        poll_fn(|cx| self.poll_join_next(cx)).await
    }

    /// As [`join_next`](JoinSet::join_next), with the number of the task; an error has it already.
    pub async fn join_next_with_id(&mut self) -> Option<Result<(Id, T), JoinError>> {
        poll_fn(|cx| self.poll_join_next_with_id(cx)).await
    }

    /// An outcome that is there already. `None` if there is none.
    pub fn try_join_next(&mut self) -> Option<Result<T, JoinError>> {
        self.try_ended().map(|(_, outcome)| outcome)
    }

    /// As [`try_join_next`](JoinSet::try_join_next), with the number of the task; an error has it
    /// already.
    pub fn try_join_next_with_id(&mut self) -> Option<Result<(Id, T), JoinError>> {
        self.try_ended().map(with_id)
    }

    fn try_ended(&mut self) -> Option<Ended<T>> {
        let waiting = self.waiting.clone();
        let mut cx = Context::from_waker(&waiting);
        match coop::with_budget(|| self.poll_ended(&mut cx)) {
            Poll::Ready(ended) => ended,
            Poll::Pending => None,
        }
    }

    /// Polls for the next task to end.
    pub fn poll_join_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T, JoinError>>> {
        let next = ready!(self.poll_ended(cx));
        Poll::Ready(next.map(|(_, outcome)| outcome))
    }

    /// As [`poll_join_next`](JoinSet::poll_join_next), with the number of the task.
    pub fn poll_join_next_with_id(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<(Id, T), JoinError>>> {
        let next = ready!(self.poll_ended(cx));
        Poll::Ready(next.map(with_id))
    }

    /// Waits for all, and gives the outputs in the order in which the tasks ended.
    ///
    /// # Panics
    ///
    /// If a task panicked, with its payload; if one was cancelled.
    pub async fn join_all(mut self) -> Vec<T> {
        let mut outputs = Vec::with_capacity(self.len());
        while let Some(outcome) = self.join_next().await {
            match outcome.map_err(JoinError::try_into_panic) {
                Ok(output) => outputs.push(output),
                Err(Ok(payload)) => std::panic::resume_unwind(payload),
                Err(Err(cancelled)) => panic!("{cancelled}: `JoinSet::join_all` waits for all"),
            }
        }
        outputs
    }

    /// Asks all to stop. They are still there to be joined.
    pub fn abort_all(&mut self) {
        self.tasks.iter().for_each(|member| member.handle.handle().abort());
    }

    /// Asks all to stop, and waits until they have.
    pub async fn shutdown(&mut self) {
        self.abort_all();
        while self.join_next().await.is_some() {}
    }

    /// Forgets all, and lets them run.
    pub fn detach_all(&mut self) {
        self.ended().clear();
        for member in std::mem::take(&mut self.tasks) {
            drop(member.handle.detach_on_drop());
        }
    }
}

impl<T> Default for JoinSet<T> {
    fn default() -> JoinSet<T> {
        JoinSet::new()
    }
}

impl<T> fmt::Debug for JoinSet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinSet").field("len", &self.len()).finish()
    }
}

impl<T, F> FromIterator<F> for JoinSet<T>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    /// Spawns every future on the runtime of this thread.
    fn from_iter<I: IntoIterator<Item = F>>(futures: I) -> JoinSet<T> {
        let mut set = JoinSet::new();
        futures.into_iter().for_each(|future| {
            set.spawn(future);
        });
        set
    }
}
