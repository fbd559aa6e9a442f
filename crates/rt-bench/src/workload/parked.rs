//! Tasks that wait for something that does not come: S9.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};

use crate::measure::Laps;
use crate::runtime::Runtime;

/// So many are spawned before they get to run, so that the run queue stays small beside the tasks.
pub(crate) const BATCH: u64 = 100;

static PARKED: AtomicU64 = AtomicU64::new(0);

/// S9: park tasks that nobody joins.
pub(crate) async fn park<R: Runtime>(mut laps: Laps) -> Laps {
    let mut parked = 0;
    for batches in &mut laps {
        for _ in 0..batches {
            for _ in 0..BATCH {
                R::spawn_detached(Parked { waker: None, _payload: [0; 6] });
            }
            parked += BATCH;
            while PARKED.load(Ordering::Relaxed) < parked {
                R::yield_now().await;
            }
        }
    }
    laps
}

/// A future of 64 bytes that keeps its waker, as one does that waits for an event.
struct Parked {
    waker: Option<Waker>,
    _payload: [u64; 6],
}

const _: () = assert!(size_of::<Parked>() == 64);

impl Future for Parked {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        assert!(self.waker.is_none(), "nobody wakes a parked task");
        self.waker = Some(cx.waker().clone());
        PARKED.fetch_add(1, Ordering::Relaxed);
        Poll::Pending
    }
}
