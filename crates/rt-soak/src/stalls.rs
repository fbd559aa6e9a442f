//! How soon a poll that does not end is reported.

use std::error::Error;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use rt::runtime::Builder;

use crate::figure::Figure;

const THRESHOLD: Duration = Duration::from_millis(100);
/// The bound of the chapter: a look that finds the poll, and what the system takes to wake two threads.
const LIMIT: f64 = 20.0;

/// Polls that last, one after another, on a runtime that does other things meanwhile: how long after the
/// threshold each is reported, and whether any is reported before it.
pub(crate) fn reported(stalls: usize) -> Result<Vec<Figure>, Box<dyn Error>> {
    let (told, reports) = mpsc::channel();
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .stall_threshold(THRESHOLD)
        .on_stall(move |stall| {
            let _ends = told.send((Instant::now(), stall.id()));
        })
        .build()?;
    let ticks = runtime.spawn(async {
        loop {
            rt::time::sleep(Duration::from_millis(1)).await;
        }
    });
    let mut late = Vec::new();
    for _ in 0..stalls {
        let (began, begins) = mpsc::channel();
        let task = runtime.spawn(async move {
            let _waits = began.send(Instant::now());
            thread::sleep(THRESHOLD + Duration::from_millis(60));
        });
        let began = begins.recv()?;
        let (told, id) = reports.recv_timeout(Duration::from_secs(10))?;
        assert_eq!(id, task.id(), "another task was reported");
        // The clock was read just after the poll began.
        late.push((told - began).as_secs_f64() * 1e3 - THRESHOLD.as_secs_f64() * 1e3);
        runtime.block_on(task)?;
    }
    ticks.abort();
    late.sort_by(f64::total_cmp);
    let again = reports.try_iter().count() as f64;
    let what =
        |which| format!("a poll of {THRESHOLD:?} is reported after that by: {which} of {stalls}");
    Ok(vec![
        Figure::shown(what("the median"), late[late.len() / 2], "ms").at_most(LIMIT),
        Figure::shown(what("the latest"), late[late.len() - 1], "ms"),
        Figure::shown("stalls that are reported twice", again, "").at_most(0.0),
    ])
}
