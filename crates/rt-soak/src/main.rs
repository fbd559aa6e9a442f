//! What needs minutes or the real clock: promise 10, ten million tasks, joined and accounted for, ten million
//! wakes that race with the end of their runtime, ten million operations on the wheel, a million connections. Prints figures, and ends with 1 if one misses its limit.
//!
//! Polls that do not end, and how soon that is reported.
//!
//! `cargo run --release -p rt-soak [SECONDS]`: an idle process is watched for so many seconds, 60 if
//! nothing is said. `RT_STALLS` (50), `RT_TASKS`, `RT_RACES` and `RT_WHEEL_OPS` (ten million each), `RT_CONNECTIONS` (9,900 at once), `RT_TURNS` (a million one
//! after the other) and `RT_WHEEL_SEED` change the
//! rest.
//!
//! It needs Linux: it reads `/proc/self`.
#![forbid(unsafe_code)]

mod figure;

mod connections;
mod counted;
mod idle;
mod process;
mod stalls;
mod tasks;
mod wheel;

use std::env;
use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use crate::figure::Figure;

fn main() -> ExitCode {
    match soak() {
        Ok(0) => ExitCode::SUCCESS,
        Ok(misses) => {
            println!("{misses} figures miss their limit");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("rt-soak: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Everything, one after another; how many figures miss their limit.
fn soak() -> Result<usize, Box<dyn Error>> {
    let watched = match env::args().nth(1) {
        None => Duration::from_secs(60),
        Some(seconds) => Duration::from_secs(
            seconds.parse().map_err(|_| format!("{seconds:?} is no number of seconds"))?,
        ),
    };
    let mut figures = Vec::new();
    let mut note = |some: Vec<Figure>| {
        some.iter().for_each(|figure| println!("{figure}"));
        figures.extend(some);
    };
    note(idle::nothing_to_do(watched)?);
    note(idle::once_a_second(watched.min(Duration::from_secs(10)))?);
    note(stalls::reported(count("RT_STALLS", 50)? as usize)?);
    note(tasks::spawned_and_joined(count("RT_TASKS", 10_000_000)?)?);
    note(counted::tasks(count("RT_TASKS", 10_000_000)?)?);
    note(counted::races(count("RT_RACES", 10_000_000)?)?);
    note(connections::at_once(count("RT_CONNECTIONS", 9_900)? as usize)?);
    note(connections::in_turn(count("RT_TURNS", 1_000_000)? as usize)?);
    note(wheel::against_a_map(count("RT_WHEEL_OPS", 10_000_000)?, seed()?));
    Ok(figures.iter().filter(|figure| !figure.is_kept()).count())
}

fn count(name: &str, default: u64) -> Result<u64, String> {
    match env::var(name) {
        Err(_) => Ok(default),
        Ok(value) => value.parse().map_err(|_| format!("{name}={value}: not a number")),
    }
}

/// From the environment, or from the time of day.
fn seed() -> Result<u64, Box<dyn Error>> {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    Ok(count("RT_WHEEL_SEED", since.as_secs() ^ u64::from(since.subsec_nanos()))?)
}
