//! Exploring a model with loom, and the order in which its threads met.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tracing_subscriber::EnvFilter;

/// How much of a model is explored. One that is cut short by anything but the bound that it names fails.
#[derive(Clone, Copy, Debug)]
pub struct Exploration {
    threads: Option<usize>,
    preemptions: Option<usize>,
    branches: usize,
}

impl Exploration {
    /// Of so many threads: every order of two; of three, every one with three preemptions; of more, every one
    /// with two.
    #[must_use]
    pub fn of(threads: usize) -> Exploration {
        let preemptions = match threads {
            ..=2 => None,
            3 => Some(3),
            _ => Some(2),
        };
        Exploration { threads: Some(threads), ..Exploration::bounded(preemptions) }
    }

    /// Every order with so many preemptions; `None` is every order.
    #[must_use]
    pub fn bounded(preemptions: Option<usize>) -> Exploration {
        let branches = loom::model::Builder::new().max_branches;
        Exploration { threads: None, preemptions, branches }
    }

    /// The same with another bound.
    #[must_use]
    pub fn preemptions(self, preemptions: Option<usize>) -> Exploration {
        Exploration { preemptions, ..self }
    }

    /// An execution of more steps than this fails. loom's own limit, unless it is said.
    #[must_use]
    pub fn branches(self, branches: usize) -> Exploration {
        Exploration { branches, ..self }
    }

    /// Explores to the end, however long that takes, and says how much it was.
    ///
    /// # Panics
    ///
    /// If the model does, or has one execution only.
    pub fn run(self, name: &str, model: impl Fn() + Send + Sync + 'static) {
        log_model();
        let executions = Arc::new(AtomicUsize::new(0));
        let counted = executions.clone();
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound = self.preemptions;
        builder.max_branches = self.branches;
        // No limit of time, and none of executions: either would end the exploration without a word.
        builder.max_duration = None;
        builder.max_permutations = None;
        builder.check(move || {
            counted.fetch_add(1, Ordering::Relaxed);
            model();
        });
        let executions = executions.load(Ordering::Relaxed);
        let threads =
            self.threads.map_or_else(String::new, |threads| format!("{threads} threads, "));
        let bound = self.preemptions.map_or_else(|| "none".to_owned(), |bound| bound.to_string());
        println!("{name}: {threads}{executions} executions, preemption bound {bound}");
        assert!(executions > 1, "the threads of {name} never met");
    }
}

/// Explores a model of so many threads, as [`Exploration::of`] says.
///
/// # Panics
///
/// As [`Exploration::run`].
pub fn explore(name: &str, threads: usize, model: impl Fn() + Send + Sync + 'static) {
    Exploration::of(threads).run(name, model);
}

/// If the environment has `LOOM_LOG`, loom prints each step of each execution from here on.
///
/// With `LOOM_CHECKPOINT_FILE` it begins at the execution that failed. The course makes steps of it:
///
/// ```text
/// LOOM_CHECKPOINT_INTERVAL=1 LOOM_CHECKPOINT_FILE=failed.json cargo test .. MODEL
/// LOOM_LOG=trace LOOM_CHECKPOINT_FILE=failed.json cargo test .. MODEL
/// ```
fn log_model() {
    if std::env::var_os("LOOM_LOG").is_some() {
        let subscriber = tracing_subscriber::fmt()
            .with_env_filter(EnvFilter::from_env("LOOM_LOG"))
            .with_ansi(false)
            .without_time();
        // The second model of a process finds it there.
        let _ = subscriber.try_init();
    }
}
