//! `cargo course new DIR [--from N]`.

use std::fs;
use std::path::Path;

use crate::course::Course;
use crate::fault::Fault;
use crate::git::{PRISTINE, commit, git};
use crate::screen;
use crate::starter;

pub(crate) fn new(course: &Course, place: &Path, from: u32) -> Result<(), Fault> {
    let chapter = course.chapter(from)?;
    let is_empty = match fs::read_dir(place) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => true,
        Err(error) => return Err(Fault::file("read", place, &error)),
    };
    if !is_empty {
        return Err(Fault::new(format!(
            "{} is not empty, so nothing was written",
            place.display()
        ))
        .next("name a folder that does not exist yet, or one with nothing in it"));
    }
    let folder = starter::with_origin(course, from)?;
    fs::create_dir_all(place).map_err(|error| Fault::file("create", place, &error))?;
    let clone = course.root.canonicalize().unwrap_or_else(|_| course.root.clone());
    if place.canonicalize().is_ok_and(|place| place.starts_with(&clone)) {
        let _ = fs::remove_dir(place);
        return Err(Fault::new("a starter in the clone would be a part of it")
            .next("name a folder beside it, as in `cargo course new ../my-runtime`"));
    }
    folder.write(place)?;
    starter::settle(place)?;
    git(place, &["init", "--quiet", "--initial-branch", PRISTINE])?;
    commit(place, &format!("the starter, from step {from}"))?;
    git(place, &["checkout", "--quiet", "-b", "main"])?;

    let parts = course.parts().filter(|(_, part)| part.id.step >= from).count();
    let minutes: u32 = course
        .chapters
        .iter()
        .filter(|chapter| chapter.step >= from)
        .map(|chapter| chapter.minutes)
        .sum();
    anstream::println!(
        "{} holds your runtime: {parts} parts to build, in {} chapters. By our estimate: {} hours.",
        place.display(),
        course.chapters.iter().filter(|chapter| chapter.step >= from).count(),
        minutes.div_ceil(60)
    );
    anstream::println!("Read crates/{}/README.md, the chapter of step {from}.", chapter.package);
    let place = place.display().to_string();
    let is_plain = place.chars().all(|letter| letter.is_alphanumeric() || "/._-".contains(letter));
    let place = if is_plain { place } else { format!("'{}'", place.replace('\'', "'\\''")) };
    screen::next(&format!("cd {place} && cargo course check"));
    Ok(())
}
