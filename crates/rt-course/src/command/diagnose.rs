//! `cargo course diagnose N`: a runtime with a mistake in it fails a test; which invariant is broken?

use std::collections::BTreeMap;
use std::time::Duration;

use crate::chapter::{Chapter, Wrong};
use crate::fault::Fault;
use crate::invariant;
use crate::learner::Learner;
use crate::screen::{self, BAD, GOOD, STRONG, paint};
use crate::starter::{self, Tree};
use crate::suite::{self, How};
use crate::timeline;

pub(crate) fn diagnose(
    learner: &mut Learner,
    step: u32,
    answer: Option<&str>,
) -> Result<bool, Fault> {
    let chapter = learner.course.chapter(step)?;
    let wrong: Vec<&Wrong> = chapter.parts.iter().flat_map(|part| &part.wrong).collect();
    if wrong.is_empty() {
        return Err(Fault::new(format!("step {step} has nothing to diagnose"))
            .next(format!("cargo course predict {step}")));
    }
    let key = format!("diagnose {step}");
    let (right, tried) = learner.progress.answers.get(&key).copied().unwrap_or_default();
    let count = wrong.len();
    // Not in their order: neighbours break the same invariant.
    let stride = (count * 5 / 8..).find(|stride| is_coprime(*stride, count)).unwrap_or(1);
    let wrong = wrong[tried as usize * stride % count];
    let test = &wrong.fails[0];
    let invariants = invariants(learner, chapter)?;

    let place = learner.course.root.join("target/course/switched");
    starter::make(&learner.course, &Tree::Switched)?.replace(&place)?;
    let suite = suite::build(&place, &chapter.package)?.map_err(|_| {
        Fault::new("the reference does not compile")
            .next("git status in the clone: was it changed?")
    })?;
    let environment = [("RT_COURSE_WRONG", wrong.name.clone()), ("RT_DEADLINE", "4".to_owned())];
    let outcome = suite.run(
        test,
        How { deadline: Duration::from_secs(30), environment: &environment, until: None },
    )?;

    anstream::println!(
        "{} One function of it is not as it should be. With it, this test fails:\n",
        paint(STRONG, format!("The runtime of step {step}, somebody else's."))
    );
    anstream::println!("  {}", suite::sentence(test));
    for line in timeline::message(&outcome.lines) {
        anstream::println!("    {}", without_labels(line));
    }
    let yours = timeline::events(&outcome.lines);
    if !yours.is_empty() {
        let ours = timeline::of_reference(learner, chapter, test, &[])?;
        screen::beside(("with the mistake", &yours), ("as it should be", &ours));
    }
    anstream::println!("\nWhich invariant is broken?\n");
    for (label, says) in &invariants {
        for (number, line) in screen::wrap(says, 84).iter().enumerate() {
            let label = if number == 0 { label } else { "" };
            anstream::println!("  {}  {line}", paint(STRONG, format!("{label:<4}")));
        }
    }
    let answer = match answer {
        Some(answer) => answer.to_owned(),
        None => screen::ask("\nits label: ")?,
    };
    let answer = answer.trim().trim_matches(['[', ']']).to_uppercase();
    if !invariants.contains_key(&answer) {
        let labels: Vec<_> = invariants.keys().map(String::as_str).collect();
        return Err(Fault::new(format!("`{answer}` is no label of this chapter"))
            .next(format!("one of {}", labels.join(", "))));
    }
    let is_right = answer == wrong.breaks;
    if !is_right && !learner.progress.missed.contains(&key) {
        // Once more, with the answer kept back.
        learner.record(|progress| {
            progress.missed.insert(key);
        })?;
        anstream::println!(
            "{} What must have happened for this test to fail?",
            paint(BAD, "not so.")
        );
        screen::next(&format!("cargo course diagnose {step}, the same once more"));
        return Ok(false);
    }
    let word = if is_right { paint(GOOD, "right:") } else { paint(BAD, "not so:") };
    anstream::println!("{word} it is [{}]. {}", wrong.breaks, wrong.says);
    let answers = (right + u32::from(is_right), tried + 1);
    learner.record(|progress| {
        progress.missed.remove(&key);
        progress.answers.insert(key, answers);
    })?;
    screen::next(&match tried as usize + 1 < count {
        true => format!("cargo course diagnose {step}, the next of {count}; or cargo course check"),
        false => "cargo course check".to_owned(),
    });
    Ok(is_right)
}

fn is_coprime(a: usize, b: usize) -> bool {
    !(2..=a.min(b)).any(|divisor| a.is_multiple_of(divisor) && b.is_multiple_of(divisor))
}

/// The labels that wrong bodies of the chapter break, and what each says.
fn invariants(learner: &Learner, chapter: &Chapter) -> Result<BTreeMap<String, String>, Fault> {
    let texts = chapter.texts(&learner.course.root)?;
    let labels =
        chapter.parts.iter().flat_map(|part| &part.wrong).map(|wrong| wrong.breaks.clone());
    let says = |label: &str| invariant::says(label, &texts).unwrap_or_default();
    Ok(labels.map(|label| (label.clone(), says(&label))).collect())
}

/// Without the labels that a message cites: they would be the answer.
fn without_labels(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, behind)) = rest.split_once('[') {
        text.push_str(before);
        let label = behind.split(']').next().unwrap_or_default();
        let is_label = label.starts_with(|letter: char| letter.is_ascii_uppercase())
            && label.ends_with(|letter: char| letter.is_ascii_digit())
            && label.chars().all(|letter| letter.is_ascii_uppercase() || letter.is_ascii_digit())
            && behind.len() > label.len();
        if is_label {
            text.push_str("[?]");
            rest = &behind[label.len() + 1..];
        } else {
            text.push('[');
            rest = behind;
        }
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::without_labels;

    #[test]
    fn a_message_does_not_tell_which_invariant_it_is() {
        assert_eq!(without_labels("freed under its waker [K1]"), "freed under its waker [?]");
        assert_eq!(without_labels("left: [1, 2] [A12]: x [b"), "left: [1, 2] [?]: x [b");
    }
}
