//! Many futures on one thread, which takes from a queue whose turn it is.
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::{cell::RefCell, collections::BTreeMap, future::poll_fn, mem, panic, pin::Pin};
type BoxFuture = Pin<Box<dyn Future<Output = ()> + Send>>; // chapter 2 starts from these words
type Entry = (Arc<Task>, Option<BoxFuture>); // what is queued: a task, and its future if it is new
pub(crate) static NEXT: AtomicU64 = AtomicU64::new(0); // the number of a task, or of a timer
thread_local!(static CURRENT: RefCell<Option<mpsc::Sender<Entry>>> = const { RefCell::new(None) });

struct Task {
    id: u64,
    queued: AtomicBool,
    queue: mpsc::Sender<Entry>, // the future is the executor's: no waker keeps it alive [Y4]
}
impl Wake for Task {
    // COURSE(1.3) stub: todo
    fn wake(self: Arc<Self>) {
        // ORDER(queued): releases what the waker wrote, also if the task is queued already. [Y3]
        if !self.queued.swap(true, Ordering::Release) {
            let _ = self.queue.send((self.clone(), None)); // fails if the executor is gone
        }
    }
}

/// Tasks that wait, and the queue of those that want to be polled.
pub struct Executor {
    pending: BTreeMap<u64, BoxFuture>,
    queue: mpsc::Receiver<Entry>,
    sender: mpsc::Sender<Entry>,
}
impl Executor {
    /// An executor without tasks.
    #[expect(clippy::new_without_default)]
    pub fn new() -> Self {
        let (sender, queue) = mpsc::channel();
        Executor { pending: BTreeMap::new(), queue, sender }
    }

    /// Queues `fut`, to be polled while somebody calls [`Executor::run`].
    pub fn spawn<F: Future<Output: Send> + Send + 'static>(&self, fut: F) -> JoinHandle<F::Output> {
        enter(&self.sender, || spawn(fut))
    }

    /// Spawns `root`, and polls tasks in the order of their wakes until it is ready.
    // COURSE(1.2) stub: todo
    pub fn run<F: Future<Output: Send> + Send + 'static>(&mut self, root: F) -> F::Output {
        let root = self.spawn(root);
        enter(&self.sender.clone(), || {
            while Arc::strong_count(&root.0) > 1 {
                let (task, new) = self.queue.recv().expect("[Y2] we hold a sender");
                task.queued.swap(false, Ordering::Acquire); // ORDER(queued): acquires. [Y3]
                let (id, waker) = (task.id, Waker::from(task));
                let mut cx = Context::from_waker(&waker);
                let Some(mut fut) = new.or_else(|| self.pending.remove(&id)) else { continue };
                if let Some(Poll::Pending) = survive(|| fut.as_mut().poll(&mut cx)) {
                    self.pending.insert(id, fut); // [Y4] what is not in here was polled to its end
                }
            }
        });
        crate::block_on(root).expect("the future given to `run` panicked, see above")
    }
}
impl Drop for Executor {
    // COURSE(1.3) stub: leak
    fn drop(&mut self) {
        let pending = mem::take(&mut self.pending).into_values();
        for fut in pending.chain(self.queue.try_iter().filter_map(|(_, new)| new)) {
            survive(|| enter(&self.sender, || survive(|| drop(fut))));
        }
    }
}

/// Queues `fut` at the executor that runs on this thread; panics if there is none.
#[track_caller]
// COURSE(1.2) stub: todo
pub fn spawn<F: Future<Output: Send> + Send + 'static>(fut: F) -> JoinHandle<F::Output> {
    let queue = CURRENT.with_borrow(Clone::clone).expect("no executor here: use `Executor::run`");
    let id = NEXT.fetch_add(1, Ordering::Relaxed);
    let task = Arc::new(Task { id, queued: true.into(), queue });
    let slot = Arc::new(Mutex::new(Err(Waker::noop().clone())));
    let mut promise = Promise(slot.clone(), None);
    let fut = async move { drop(promise.1.replace(fut.await)) };
    let _ = task.queue.send((task.clone(), Some(Box::pin(fut))));
    JoinHandle(slot)
}

/// Waits for a task: gives its output, or none if it panicked or its executor is gone.
pub struct JoinHandle<T>(Arc<Mutex<Result<Option<T>, Waker>>>);
impl<T> Future for JoinHandle<T> {
    type Output = Option<T>;
    // COURSE(1.2) stub: todo
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let newest = Err(cx.waker().clone());
        let before = mem::replace(&mut *self.0.lock().expect("[Y6]"), newest);
        before.map_or(Poll::Pending, Poll::Ready)
    }
}

/// Tells the joiner when it is dropped, and dropped it is, however the task ends. `[Y5]`
struct Promise<T>(Arc<Mutex<Result<Option<T>, Waker>>>, Option<T>);
impl<T> Drop for Promise<T> {
    // COURSE(1.2) stub: leak
    fn drop(&mut self) {
        let before = mem::replace(&mut *self.0.lock().expect("[Y6]"), Ok(self.1.take()));
        before.map_err(|waker| survive(|| waker.wake())).ok();
    }
}

/// Lets whoever is queued run first.
// COURSE(1.3) stub: todo
pub async fn yield_now() {
    let mut first = true;
    let mut wake = |cx: &mut Context<'_>| mem::take(&mut first).then(|| cx.waker().wake_by_ref());
    poll_fn(|cx| wake(cx).map_or(Poll::Ready(()), |()| Poll::Pending)).await
}

/// Runs user code; none if it panics. The payload leaks, since its drop might panic, too. `[Y7]`
pub(crate) fn survive<T>(user: impl FnOnce() -> T) -> Option<T> {
    panic::catch_unwind(panic::AssertUnwindSafe(user)).map_err(mem::forget).ok()
}

fn enter<T>(queue: &mpsc::Sender<Entry>, inside: impl FnOnce() -> T) -> T {
    let outside = CURRENT.replace(Some(queue.clone()));
    let result = inside();
    CURRENT.set(outside);
    result
}
