//! The live view, in a terminal of its own: what a user sees, and what is left behind.
//!
//! The program is the example itself, run in a process that this test starts.

#[path = "../examples/top/main.rs"]
#[expect(dead_code, reason = "its `main` is not called")]
mod example;
#[path = "top/pty.rs"]
mod pty;

use std::env;
use std::process::Command;
use std::time::Duration;

use rt_testkit::within;
use rustix::process::Signal;

use pty::Pty;

const LIMIT: Duration = Duration::from_secs(120);
const CHILD: &str = "RT_TEST_IS_CHILD";
/// What it shows at any size.
const TITLES: [&str; 6] =
    ["rt-top", "WORKERS", "BUSIEST PLACES", "SLOWEST POLLS", "ALIVE TASKS", "q quit"];

/// This test in a process of its own, in a terminal of so many rows and columns. `None` in that process.
fn start(test: &str, rows: u16, columns: u16) -> Option<Pty> {
    if env::var_os(CHILD).is_some() {
        return None;
    }
    let mut command = Command::new(env::current_exe().unwrap());
    command.args([test, "--exact", "--nocapture"]).env(CHILD, "1");
    command.env("RUST_BACKTRACE", "0"); // which would push a message off the screen
    Some(Pty::start(command, rows, columns))
}

/// Waits for the picture.
fn wait_for_all(pty: &mut Pty) {
    for title in TITLES {
        pty.wait_for(title, |pty| pty.screen().alternate_screen() && pty.text().contains(title));
    }
}

/// The names in the list of tasks, from above.
fn task_names(pty: &Pty) -> Vec<String> {
    let text = pty.text();
    let rows = text.lines().skip_while(|row| !row.contains("ALIVE TASKS")).skip(1);
    let classes = [" high ", " normal ", " low "];
    let rows = rows.filter(|row| classes.iter().any(|class| row.contains(class)));
    rows.map(|row| row[6..].split("  ").next().unwrap_or_default().trim().to_owned()).collect()
}

fn is_sorted(names: &[String]) -> bool {
    !names.is_empty() && names.windows(2).all(|pair| pair[0] <= pair[1])
}

#[test]
fn it_shows_every_pane_and_goes_on_until_it_is_quit() {
    within(LIMIT, || {
        let test = "it_shows_every_pane_and_goes_on_until_it_is_quit";
        let Some(mut pty) = start(test, 30, 100) else { return example::run(None).unwrap() };
        wait_for_all(&mut pty);
        assert!(pty.screen().hide_cursor(), "a cursor blinks in the picture");
        for worker in ["0 ", "1 "] {
            pty.wait_for("worker that is busy", |pty| {
                pty.row(worker).is_some_and(|row| row.contains('█') && row.contains('%'))
            });
        }
        // Of places, of polls and of tasks.
        for name in ["camera", "scale 0, scale 1", "index 0, index 1", "report"] {
            pty.wait_for(name, |pty| pty.text().contains(name));
        }
        pty.wait_for("poll that blocks", |pty| {
            let slowest = pty.text();
            let slowest = slowest.lines().skip_while(|row| !row.contains("SLOWEST POLLS")).nth(1);
            slowest.is_some_and(|row| row.contains("report") && row.contains("ms"))
        });

        // It goes on: the time, and what is done in it.
        let (first, workers) = (pty.row("rt-top").unwrap(), pty.row("0 "));
        pty.wait_for("later time", |pty| pty.row("rt-top").is_some_and(|row| row != first));
        pty.wait_for("other number", |pty| pty.row("0 ").is_some() && pty.row("0 ") != workers);

        pty.type_in("q");
        assert!(pty.end().success(), "`q` is no failure:\n{}", pty.text());
        assert!(pty.text().contains("tasks were spawned"), "{}", pty.text());
    });
}

#[test]
fn keys_sort_scroll_and_stop_the_picture() {
    within(LIMIT, || {
        let test = "keys_sort_scroll_and_stop_the_picture";
        let Some(mut pty) = start(test, 30, 100) else { return example::run(None).unwrap() };
        wait_for_all(&mut pty);
        pty.wait_for("list by what is busy now", |pty| {
            pty.text().contains("now▼") && !is_sorted(&task_names(pty))
        });
        pty.type_in("p");
        pty.wait_for("word that it stands", |pty| pty.text().contains("PAUSED"));
        let stands = pty.row("rt-top").unwrap();
        for title in ["busy▼", "polls▼", "age▼", "last poll▼", "ALIVE TASKS▲"] {
            pty.type_in("s");
            pty.wait_for(title, |pty| pty.text().contains(title));
        }
        // Now names say what the order is, and nothing else changes it.
        let names = task_names(&pty);
        assert!(is_sorted(&names), "by name: {names:?}");
        pty.type_in("jj");
        pty.wait_for("list from its third on", |pty| task_names(pty)[..4] == names[2..6]);
        pty.type_in("\x1b[A"); // the arrow
        pty.wait_for("list from its second on", |pty| task_names(pty)[..4] == names[1..5]);
        pty.type_in("G");
        pty.wait_for("list to its end", |pty| task_names(pty).last().unwrap() == "visitor 9");
        assert_eq!(pty.row("rt-top").unwrap(), stands, "it went on, though it was to stand");
        pty.type_in("p");
        pty.wait_for("later time", |pty| {
            pty.row("rt-top").is_some_and(|row| !row.contains("PAUSED") && row != stands)
        });
        pty.type_in("\x1b");
        assert!(pty.end().success(), "Esc is no failure:\n{}", pty.text());
    });
}

#[test]
fn it_fits_into_another_size_and_ends_with_ctrl_c() {
    within(LIMIT, || {
        let test = "it_fits_into_another_size_and_ends_with_ctrl_c";
        let Some(mut pty) = start(test, 30, 100) else { return example::run(None).unwrap() };
        wait_for_all(&mut pty);
        pty.wait_for("column", |pty| pty.text().contains("state"));
        pty.resize(24, 80);
        // The last row of the picture is the last of the terminal, and tasks are still seen.
        pty.wait_for("picture of 24 rows", |pty| {
            let last = pty.screen().rows(0, 80).last().unwrap_or_default();
            last.contains("q quit") && task_names(pty).len() >= 5
        });
        wait_for_all(&mut pty);
        pty.resize(50, 140);
        pty.wait_for("picture of 50 rows", |pty| task_names(pty).len() >= 20);
        pty.resize(3, 10); // nothing can be read, but it lives
        pty.wait_for("picture of 3 rows", |pty| pty.text().lines().count() <= 3);
        pty.resize(24, 80);
        wait_for_all(&mut pty);
        pty.type_in("\x03");
        assert!(pty.end().success(), "Ctrl-C is no failure:\n{}", pty.text());
    });
}

#[test]
fn a_signal_ends_it_as_a_key_does() {
    within(LIMIT, || {
        let Some(mut pty) = start("a_signal_ends_it_as_a_key_does", 24, 80) else {
            return example::run(None).unwrap();
        };
        wait_for_all(&mut pty);
        pty.signal(Signal::TERM);
        assert!(pty.end().success(), "it has ended well:\n{}", pty.text());
    });
}

#[test]
fn it_ends_with_the_program() {
    within(LIMIT, || {
        let Some(mut pty) = start("it_ends_with_the_program", 24, 80) else {
            return example::run(Some(Duration::from_secs(1))).unwrap();
        };
        assert!(pty.end().success(), "nobody has to quit it:\n{}", pty.text());
    });
}

#[test]
fn a_panic_of_the_view_leaves_the_terminal_and_its_message() {
    within(LIMIT, || {
        let test = "a_panic_of_the_view_leaves_the_terminal_and_its_message";
        let Some(mut pty) = start(test, 24, 80) else {
            let mut screen =
                example::screen::Screen::open(&example::notes::Notes::default()).unwrap();
            return screen.draw(|_| panic!("it can not be drawn")).unwrap();
        };
        assert!(!pty.end().success(), "it has failed:\n{}", pty.text());
        assert!(pty.text().contains("it can not be drawn"), "{}", pty.text());
    });
}

#[test]
fn a_key_that_comes_with_a_new_size_is_not_lost() {
    within(LIMIT, || {
        let test = "a_key_that_comes_with_a_new_size_is_not_lost";
        let Some(mut pty) = start(test, 24, 80) else { return example::run(None).unwrap() };
        wait_for_all(&mut pty);
        for round in 0..40 {
            let (rows, is_paused) = (24 + round % 2, round % 2 == 0);
            pty.resize(rows, 80);
            pty.type_in("p");
            pty.wait_for("answer to the key", |pty| {
                pty.row("rt-top").is_some_and(|row| row.contains("PAUSED") == is_paused)
            });
        }
        pty.type_in("q");
        assert!(pty.end().success(), "`q` is no failure:\n{}", pty.text());
    });
}
