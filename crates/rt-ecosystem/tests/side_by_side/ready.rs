//! Loops that always find something ready, on what knows no budget here.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};

use rt::task::coop::cooperative;
use tokio::sync::{Mutex, Semaphore, mpsc};

/// How each await of a loop is written.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Await {
    AsItIs,
    Cooperative,
}

impl Await {
    async fn on<F: Future>(self, future: F) -> F::Output {
        match self {
            Await::AsItIs => future.await,
            Await::Cooperative => cooperative(future).await,
        }
    }
}

/// On what, and both ends of it.
pub(crate) enum Ready {
    TokioChannel(mpsc::Sender<u32>, mpsc::Receiver<u32>),
    TokioLocks(Semaphore, Mutex<u32>),
    AsyncChannel(async_channel::Sender<u32>, async_channel::Receiver<u32>),
}

/// Awaits in a round.
pub(crate) const AWAITS: u32 = 2;

impl Ready {
    pub(crate) fn all() -> [Ready; 3] {
        let (sender, receiver) = mpsc::channel(1);
        let tokios = Ready::TokioChannel(sender, receiver);
        let (sender, receiver) = async_channel::bounded(1);
        let locks = Ready::TokioLocks(Semaphore::new(1), Mutex::new(0));
        [tokios, locks, Ready::AsyncChannel(sender, receiver)]
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Ready::TokioChannel(..) => "a loop on a channel of tokio's",
            Ready::TokioLocks(..) => "a loop on locks of tokio's",
            Ready::AsyncChannel(..) => "a loop on an async-channel",
        }
    }

    /// Two awaits, both of which find what they wait for.
    pub(crate) async fn round(&mut self, how: Await) {
        match self {
            Ready::TokioChannel(sender, receiver) => {
                how.on(sender.send(7)).await.unwrap();
                assert_eq!(how.on(receiver.recv()).await, Some(7));
            }
            Ready::TokioLocks(semaphore, mutex) => {
                let _permit = how.on(semaphore.acquire()).await.unwrap();
                let mut locked = how.on(mutex.lock()).await;
                *locked = locked.wrapping_add(1);
            }
            Ready::AsyncChannel(sender, receiver) => {
                how.on(sender.send(7)).await.unwrap();
                assert_eq!(how.on(receiver.recv()).await, Ok(7));
            }
        }
    }
}

/// Counts how often a future is polled.
pub(crate) async fn counted<F: Future>(polls: &AtomicUsize, future: F) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|cx| {
        polls.fetch_add(1, Ordering::Relaxed);
        future.as_mut().poll(cx)
    })
    .await
}
