//! `cargo course update`: takes a newer starter in, by a merge.

use crate::fault::Fault;
use crate::git::{CONFLICT, PRISTINE, commit, git, must_be_clean, must_be_on_a_branch};
use crate::learner::Learner;
use crate::screen;
use crate::starter::{settle, with_origin};

pub(crate) fn update(learner: &Learner) -> Result<(), Fault> {
    must_be_clean(&learner.root, "update")?;
    match merge(learner)? {
        0 => anstream::println!("Nothing is new."),
        1 => anstream::println!("1 file of the starter was new, and is merged into yours."),
        new => {
            anstream::println!("{new} files of the starter were new, and are merged into yours.");
        }
    }
    screen::next("cargo course check");
    Ok(())
}

/// Merges what is newer; how many files are.
pub(crate) fn merge(learner: &Learner) -> Result<usize, Fault> {
    must_be_on_a_branch(&learner.root)?;
    refresh(learner, learner.origin.from)?;
    let range = format!("HEAD...{PRISTINE}");
    let new = git(&learner.root, &["diff", "--name-only", &range])?.lines().count();
    git(&learner.root, &["merge", "--quiet", "--no-edit", PRISTINE]).map_err(|fault| {
        let what = format!("{new} files of the starter are new, and some touch what you wrote:");
        Fault::new(format!("{what}\n{fault}")).next(CONFLICT)
    })?;
    Ok(new)
}

/// Commits the starter as it would be made today to its own branch, on a checkout of its own: yours
/// is not touched.
pub(crate) fn refresh(learner: &Learner, from: u32) -> Result<(), Fault> {
    let place = tempfile::tempdir()
        .map_err(|error| Fault::new(format!("no room for a checkout: {error}")))?;
    let checkout = place.path().join("starter");
    let path = checkout.display().to_string();
    // One that was interrupted has left its name behind.
    git(&learner.root, &["worktree", "prune"])?;
    git(&learner.root, &["worktree", "add", "--quiet", "--detach", &path, PRISTINE])?;
    let made = with_origin(&learner.course, from).and_then(|folder| {
        folder.replace(&checkout)?;
        settle(&checkout)?;
        if !git(&checkout, &["status", "--porcelain"])?.is_empty() {
            commit(&checkout, &format!("the starter, from step {from}"))?;
        }
        git(&checkout, &["rev-parse", "HEAD"])
    });
    git(&learner.root, &["worktree", "remove", "--force", &path])?;
    git(&learner.root, &["branch", "--force", PRISTINE, made?.trim()])?;
    Ok(())
}
