//! `cargo course goto N`: everything before step N is ours, from there on everything is a stub.

use crate::command::update;
use crate::fault::Fault;
use crate::git::{PRISTINE, commit, git, must_be_clean};
use crate::learner::Learner;
use crate::part::PartId;
use crate::screen;
use crate::starter::{self, ORIGIN, Tree};

pub(crate) fn goto(learner: &mut Learner, step: u32) -> Result<(), Fault> {
    learner.course.chapter(step)?;
    must_be_clean(&learner.root, &format!("goto {step}"))?;
    // What is newer comes first: afterwards nothing tells it from what changes here.
    update::merge(learner)?;
    let is_solved = |part: PartId| part.step < step;
    // All sources of the crates: a helper in a file of one's own would need what is gone.
    let mut folder = starter::make(&learner.course, &Tree::Filled(&is_solved))?;
    folder.files.retain(|path, _| path.starts_with("crates/") && path.contains("/src/"));
    learner.origin.from = step;
    folder.put(ORIGIN, learner.origin.text());

    // What is there now stays reachable by name.
    let here = git(&learner.root, &["rev-parse", "--short", "HEAD"])?.trim().to_owned();
    let kept = format!("before-goto-{step}-{here}");
    git(&learner.root, &["branch", "--force", &kept])?;
    folder.write(&learner.root)?;
    commit(&learner.root, &format!("goto step {step}"))?;
    update::refresh(learner, step)?;
    let taken = ["merge", "--quiet", "--no-edit", "--strategy", "ours", PRISTINE];
    git(&learner.root, &taken)?;
    let is_before = |part: &String| part.parse().is_ok_and(|part: PartId| part.step < step);
    learner.record(|progress| progress.passed.retain(is_before))?;
    anstream::println!("The steps before {step} are ours now, and step {step} begins.");
    anstream::println!("Yours is kept in the branch {kept}: `git checkout {kept}` leads back.");
    screen::next("cargo course check");
    Ok(())
}
