//! Ten million tasks: none is lost, and none leaves memory behind.

use std::error::Error;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use rt::runtime::Runtime;
use rt::task::yield_now;

use crate::figure::Figure;
use crate::process;

/// So many are there at the same time.
const BATCH: u64 = 10_000;
/// What the memory in use may have grown by after all: the size of a batch or two, in KiB.
const GROWTH: f64 = 8.0 * 1024.0;

/// Futures and outputs that are there.
static ALIVE: AtomicU64 = AtomicU64::new(0);

struct Counted;

impl Counted {
    fn new() -> Counted {
        ALIVE.fetch_add(1, Ordering::Relaxed);
        Counted
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        ALIVE.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Spawns and joins `count` tasks; a third of them yields.
pub(crate) fn spawned_and_joined(count: u64) -> Result<Vec<Figure>, Box<dyn Error>> {
    let runtime = Runtime::new()?;
    run(&runtime, BATCH.min(count))?; // so that memory is warm
    let before = process::resident()?;
    let start = Instant::now();
    let wrong = run(&runtime, count)?;
    let nanos = start.elapsed().as_nanos() as f64 / count as f64;
    let growth = process::resident()?.saturating_sub(before);
    drop(runtime);
    let alive = ALIVE.load(Ordering::Relaxed);
    Ok(vec![
        Figure::shown(format!("{count} tasks spawned and joined, each"), nanos, "ns"),
        Figure::shown("outputs that were wrong or missing", wrong as f64, "").at_most(0.0),
        Figure::shown("futures and outputs that were not dropped", alive as f64, "").at_most(0.0),
        Figure::shown("memory that is still in use afterwards", growth as f64, "KiB")
            .at_most(GROWTH),
    ])
}

/// How many tasks gave a wrong output, or none.
fn run(runtime: &Runtime, count: u64) -> Result<u64, Box<dyn Error>> {
    let wrong = runtime.block_on(async {
        let (mut wrong, mut next) = (0, 0);
        while next < count {
            let batch = next..count.min(next + BATCH);
            next = batch.end;
            let handles: Vec<_> = batch.clone().map(|number| rt::spawn(task(number))).collect();
            for (number, handle) in batch.zip(handles) {
                let is_right = handle.await.is_ok_and(|(output, _)| output == number);
                wrong += u64::from(!is_right);
            }
        }
        wrong
    });
    Ok(wrong)
}

async fn task(number: u64) -> (u64, Counted) {
    let _future = Counted::new();
    if number.is_multiple_of(3) {
        yield_now().await;
    }
    (number, Counted::new())
}
