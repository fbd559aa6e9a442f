//! What a marked function asks when it is called: am I the stub, or one of the known mistakes?
//!
//! One build serves every question that `verify` has: which parts are stubs stands in
//! `RT_COURSE_STUBBED` (`2.1,2.2`), which wrong body is in place in `RT_COURSE_WRONG`.

use std::env;
use std::sync::OnceLock;

struct Switches {
    stubbed: Vec<String>,
    wrong: Option<String>,
}

static SWITCHES: OnceLock<Switches> = OnceLock::new();

fn switches() -> &'static Switches {
    SWITCHES.get_or_init(|| Switches {
        stubbed: env::var("RT_COURSE_STUBBED")
            .map(|parts| parts.split(',').map(str::to_owned).collect())
            .unwrap_or_default(),
        wrong: env::var("RT_COURSE_WRONG").ok(),
    })
}

/// Read before `main`, so that no test which counts allocations counts these. The system calls each
/// function in this section once, on the first thread, and the environment is there by then; what is
/// called takes no argument and does not unwind.
#[cfg(target_os = "linux")]
#[used]
#[unsafe(link_section = ".init_array")]
static FIRST: extern "C" fn() = {
    extern "C" fn first() {
        switches();
    }
    first
};

pub fn is_stubbed(part: &str) -> bool {
    switches().stubbed.iter().any(|stubbed| stubbed == part)
}

/// Of a stub that is silent in a real starter: a panic in a drop would abort the test.
pub fn say(message: &str) {
    eprintln!("not yet implemented: {message}");
}

pub fn is_wrong(name: &str) -> bool {
    switches().wrong.as_deref() == Some(name)
}
