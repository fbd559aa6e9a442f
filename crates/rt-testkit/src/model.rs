//! The order in which the threads of a model met.

use tracing_subscriber::EnvFilter;

/// If the environment has `LOOM_LOG`, loom prints each step of each execution from here on.
///
/// With `LOOM_CHECKPOINT_FILE` it begins at the execution that failed. The course makes steps of it:
///
/// ```text
/// LOOM_CHECKPOINT_INTERVAL=1 LOOM_CHECKPOINT_FILE=failed.json cargo test .. MODEL
/// LOOM_LOG=trace LOOM_CHECKPOINT_FILE=failed.json cargo test .. MODEL
/// ```
pub fn log_model() {
    if std::env::var_os("LOOM_LOG").is_some() {
        let subscriber = tracing_subscriber::fmt()
            .with_env_filter(EnvFilter::from_env("LOOM_LOG"))
            .with_ansi(false)
            .without_time();
        // The second model of a process finds it there.
        let _ = subscriber.try_init();
    }
}
