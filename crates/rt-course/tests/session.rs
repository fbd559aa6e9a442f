//! A learner's session, from the first command on; and what is done by mistake.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// A command in a folder: its exit code, and what it printed.
fn course(folder: &Path, line: &str) -> (i32, String) {
    let mut words = Vec::new();
    for (at, piece) in line.split('"').enumerate() {
        if at % 2 == 1 {
            words.push(piece.to_owned());
        } else {
            words.extend(piece.split_whitespace().map(str::to_owned));
        }
    }
    let output = Command::new(env!("CARGO_BIN_EXE_rt-course"))
        .args(words)
        .current_dir(folder)
        .env_remove("CARGO_TARGET_DIR")
        .output()
        .expect("the tool runs");
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    let code = output.status.code().expect("it was not killed");
    (code, String::from_utf8_lossy(&text).into_owned())
}

#[track_caller]
fn says(folder: &Path, line: &str, code: i32, words: &[&str]) {
    let (its_code, text) = course(folder, line);
    for word in words {
        assert!(text.contains(word), "`{line}` does not say `{word}`:\n{text}");
    }
    assert_eq!(its_code, code, "`{line}` ends with another code:\n{text}");
    assert!(!text.contains('\u{1b}'), "colours where there is no terminal:\n{text:?}");
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let output =
        Command::new("git").args(arguments).current_dir(folder).output().expect("git is there");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn starter() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    says(folder.path(), "new mine", 0, &["parts to build", "next: cd mine && cargo course check"]);
    let mine = folder.path().join("mine");
    (folder, mine)
}

fn solution(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../rt-toy/src").join(file);
    fs::read_to_string(path).expect("the reference is there")
}

#[test]
fn what_is_done_by_mistake_is_said_and_changes_nothing() {
    let (folder, mine) = starter();
    let before = git(&mine, &["log", "--all", "--oneline"]);

    says(folder.path(), "check", 2, &["is no starter", "cargo course new DIR"]);
    says(folder.path(), "new mine", 2, &["is not empty, so nothing was written"]);
    says(folder.path(), "new other --from 6", 2, &["there is no step 6", "the steps are 1, 2"]);
    assert!(!folder.path().join("other").exists(), "a refused `new` leaves a folder behind");
    fs::write(folder.path().join("file"), "").expect("a file can be written");
    says(folder.path(), "new file/in", 2, &["file/in"]);
    says(&mine, "check 99", 2, &["there is no step 99"]);
    says(&mine, "check 1.9", 2, &["there is no part 1.9", "1.1 to 1.4"]);
    says(&mine, "check one", 2, &["`one` is no step"]);
    says(&mine, "check --on-reference", 2, &["cargo course check 2 --on-reference"]);
    says(&mine, "solution 1.1", 2, &["would spoil it", "--yes"]);
    says(&mine, "predict 1 --answer \"1 2\"", 2, &["is not each of 1 to"]);
    says(&mine, "diagnose 1 --answer Z9", 2, &["`Z9` is no label"]);
    says(&mine, "trace nobody", 2, &["no chapter has a test called `nobody`"]);
    says(&mine, "dance", 2, &["unrecognized subcommand"]);

    let file = mine.join("crates/rt-toy/src/timer.rs");
    fs::write(&file, "// mine\n").expect("it can be written");
    says(
        &mine,
        "goto 2",
        2,
        &["a file is changed and not committed", "crates/rt-toy/src/timer.rs"],
    );
    says(&mine, "update", 2, &["a file is changed and not committed", "git commit"]);
    assert_eq!(fs::read_to_string(&file).expect("it is there"), "// mine\n", "work was lost");
    assert_eq!(git(&mine, &["log", "--all", "--oneline"]), before, "a refused command committed");
}

#[test]
fn from_the_first_red_to_the_first_green() {
    let (_folder, mine) = starter();
    says(
        &mine,
        "check",
        1,
        &[
            "step 1.1",
            "a ready future is polled once and its output returned",
            "wait for what is not written yet",
            "write block_on  crates/rt-toy/src/block_on.rs:",
            "Red is what you should see",
            "next: write step 1.1",
        ],
    );
    says(&mine, "hint", 0, &["what must hold", "next:"]);
    says(&mine, "hint", 0, &["the approach"]);
    says(&mine, "hint 1.1", 0, &["nearly the code", "there is no further hint"]);

    // Does not compile; then forgets the flag; then is right.
    let file = mine.join("crates/rt-toy/src/block_on.rs");
    let right = solution("block_on.rs");
    fs::write(&file, right.replace("return out;", "return;")).expect("it can be written");
    says(&mine, "check", 1, &["E0069", "next: mend what rustc says"]);
    let deaf = right.replace("self.1.unpark();", "");
    fs::write(&file, deaf).expect("as before");
    says(&mine, "check", 1, &["not done after 8s", "next: cargo course check 1.1"]);
    fs::write(&file, &right).expect("as before");
    says(&mine, "check", 0, &["9 of 9 green", "next: step 1.2"]);
    says(&mine, "solution 1.1", 0, &["yours is the same as ours"]);
    says(&mine, "check", 1, &["step 1.2", "write Executor::run", "earlier parts: 9 tests green"]);

    // All of it but one thing, which is known.
    fs::write(mine.join("crates/rt-toy/src/executor.rs"), solution("executor.rs"))
        .expect("as before");
    let storms = solution("executor.rs").replace(
        "if !self.queued.swap(true, Ordering::Release) {",
        "if { self.queued.swap(true, Ordering::Release); true } {",
    );
    fs::write(mine.join("crates/rt-toy/src/executor.rs"), storms).expect("as before");
    says(&mine, "check 1.2", 0, &["next: step 1.3"]);
    says(
        &mine,
        "check",
        1,
        &[
            "4,000 wakes are not one poll",
            "a mistake that we know fails the same tests",
            "It breaks [Y3]",
        ],
    );
    says(
        &mine,
        "trace a_task_that_yields_lets_every_peer_run_first",
        0,
        &["yours", "expected", "a1"],
    );
    says(&mine, "check 1 --on-reference", 1, &["Your step 1 is red on our other steps, too"]);
    says(&mine, "predict 1 --answer \"1 2 3 4 5 6 7\"", 1, &["what it printed", "not so"]);
    says(&mine, "diagnose 1 --answer y1", 0, &["Which invariant is broken?", "right: it is [Y1]"]);

    git(&mine, &["add", "--all"]);
    git(&mine, &["-c", "user.name=me", "-c", "user.email=me@here", "commit", "-m", "mine"]);
    says(&mine, "update", 0, &["Nothing is new"]);
    says(&mine, "goto 2", 0, &["Yours is kept in the branch before-goto-2"]);
    says(&mine, "update", 0, &["Nothing is new"]);
    let text = fs::read_to_string(mine.join("crates/rt-toy/src/timer.rs")).expect("it is there");
    assert!(!text.contains("todo!"), "the steps before are not ours");
    assert_eq!(git(&mine, &["status", "--porcelain"]), "", "`goto` leaves changes behind");
}

#[test]
fn an_update_merges_what_is_new_into_what_was_written() {
    let (_folder, mine) = starter();
    // As if this starter were older: a test that is there now was not.
    git(&mine, &["checkout", "--quiet", "starter"]);
    let path = mine.join("crates/rt-toy/tests/wake.rs");
    let now = fs::read_to_string(&path).expect("it is there");
    fs::write(&path, now.replace("fn a_storm_of_wakes", "fn an_older_storm_of_wakes"))
        .expect("as before");
    let commit =
        ["-c", "user.name=cargo course", "-c", "user.email=me@here", "commit", "--all", "-m"];
    git(&mine, &[&commit[..], &["older"]].concat());
    git(&mine, &["checkout", "--quiet", "main"]);
    git(&mine, &["merge", "--quiet", "starter"]);
    let file = mine.join("crates/rt-toy/src/block_on.rs");
    fs::write(&file, solution("block_on.rs")).expect("as before");
    git(&mine, &[&commit[..], &["mine"]].concat());

    says(&mine, "update", 0, &["1 file of the starter was new"]);
    assert_eq!(fs::read_to_string(&path).expect("it is there"), now, "what is new is not there");
    assert_eq!(
        fs::read_to_string(&file).expect("it is there"),
        solution("block_on.rs"),
        "work was lost"
    );
}
