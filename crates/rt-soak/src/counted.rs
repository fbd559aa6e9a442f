//! The figures of what is counted: every task, and every wake that races with an end.

use std::error::Error;
use std::time::Instant;

use rt_soak::accounts;
use rt_soak::races::{self, Kind};

use crate::figure::Figure;

/// So many tasks on each of several runtimes.
const TASKS_ON_EACH: usize = 100_000;
const WAKES_ON_EACH: usize = 4_096;

/// `count` tasks across threads, each accounted for.
pub(crate) fn tasks(count: u64) -> Result<Vec<Figure>, Box<dyn Error>> {
    let start = Instant::now();
    let accounts = accounts::of_tasks(usize::try_from(count)?, TASKS_ON_EACH)?;
    let nanos = start.elapsed().as_nanos() as f64 / count as f64;
    let ended = accounts.completed + accounts.cancelled + accounts.panicked;
    let exactly = |what: &str, value: u64| {
        let off = value.abs_diff(count) as f64;
        Figure::shown(format!("{value} {what}: too many or too few"), off, "").at_most(0.0)
    };
    Ok(vec![
        Figure::shown(format!("{count} tasks across threads, accounted for, each"), nanos, "ns"),
        Figure::shown("  completed", accounts.completed as f64, ""),
        Figure::shown("  cancelled, aborted or alive at the end", accounts.cancelled as f64, ""),
        Figure::shown("  panicked", accounts.panicked as f64, ""),
        exactly("were spawned", accounts.spawned),
        exactly("came to an end", ended),
        exactly("futures were dropped once", accounts.dropped),
        Figure::shown("futures that were dropped twice or never", accounts.miscounted as f64, "")
            .at_most(0.0),
        Figure::shown("ends of the wrong kind", accounts.wrong as f64, "").at_most(0.0),
    ])
}

/// `count` wakes that race with the end of a runtime, one half on each kind.
pub(crate) fn races(count: u64) -> Result<Vec<Figure>, Box<dyn Error>> {
    let mut figures = Vec::new();
    for (kind, count) in [(Kind::CurrentThread, count / 2), (Kind::MultiThread, count.div_ceil(2))]
    {
        let races = races::until(count, kind, WAKES_ON_EACH)?;
        let missing = count.saturating_sub(races.races) as f64;
        let what = format!("{kind:?}: wakes against {} ends, of {}", races.runtimes, races.wakes);
        figures.push(Figure::shown(what, races.races as f64, ""));
        figures.push(Figure::shown("  races that are missing", missing, "").at_most(0.0));
        figures.push(Figure::shown("  lost or doubled", races.wrong as f64, "").at_most(0.0));
    }
    Ok(figures)
}
