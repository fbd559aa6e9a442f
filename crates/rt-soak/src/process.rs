//! What the kernel says about this process.

use std::error::Error;
use std::fs;
use std::path::Path;

/// How often threads of this process went to sleep, all but the first, which measures. Who went to
/// sleep was awake before: the difference of two counts is the number of wake-ups.
pub(crate) fn sleeps() -> Result<u64, Box<dyn Error>> {
    let mut sum = 0;
    for entry in fs::read_dir("/proc/self/task")? {
        let entry = entry?;
        if entry.file_name() != *std::process::id().to_string() {
            // A thread that has just ended has nothing to say.
            sum += field(&entry.path().join("status"), "voluntary_ctxt_switches").unwrap_or(0);
        }
    }
    Ok(sum)
}

/// How many threads there are.
pub(crate) fn threads() -> Result<u64, Box<dyn Error>> {
    field(Path::new("/proc/self/status"), "Threads")
}

/// Memory in use, in KiB.
pub(crate) fn resident() -> Result<u64, Box<dyn Error>> {
    field(Path::new("/proc/self/status"), "VmRSS")
}

/// The first number behind a name.
fn field(path: &Path, name: &str) -> Result<u64, Box<dyn Error>> {
    let text = fs::read_to_string(path)?;
    let lines = text.lines().filter_map(|line| line.split_once(':'));
    let value = lines.filter(|(key, _)| *key == name).find_map(|(_, rest)| {
        rest.split_whitespace().next().and_then(|number| number.parse().ok())
    });
    value.ok_or_else(|| format!("{} has no {name}", path.display()).into())
}

#[cfg(test)]
mod tests {
    use super::{resident, sleeps, threads};

    #[test]
    fn a_thread_that_sleeps_is_counted() {
        let (sender, receiver) = std::sync::mpsc::channel::<()>();
        let sleeper = std::thread::spawn(move || {
            for _ in 0..20 {
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
            receiver.recv().unwrap_err();
        });
        while sleeps().unwrap() < 20 {
            std::thread::yield_now();
        }
        assert!(threads().unwrap() >= 2);
        assert!(resident().unwrap() > 0);
        drop(sender);
        sleeper.join().unwrap();
    }
}
