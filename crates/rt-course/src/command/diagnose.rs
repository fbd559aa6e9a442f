//! `cargo course diagnose N`: a runtime with a mistake in it fails a test; which invariant is broken?

use std::collections::BTreeMap;
use std::time::Duration;

use crate::chapter::{Chapter, Wrong, read};
use crate::command::predict::ask;
use crate::command::trace;
use crate::fault::Fault;
use crate::learner::Learner;
use crate::screen::{self, BAD, GOOD, STRONG, paint};
use crate::starter::{self, Tree};
use crate::suite::{self, How};

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
    anstream::println!("  {}", test.rsplit("::").next().unwrap_or(test).replace('_', " "));
    for line in trace::message(&outcome.lines) {
        anstream::println!("    {line}");
    }
    let yours = trace::timeline(&outcome.lines);
    if !yours.is_empty() {
        let ours = trace::of_reference(learner, chapter, test)?;
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
        None => ask("\nits label: ")?,
    };
    let answer = answer.trim().trim_matches(['[', ']']).to_uppercase();
    if !invariants.contains_key(&answer) {
        let labels: Vec<_> = invariants.keys().map(String::as_str).collect();
        return Err(Fault::new(format!("`{answer}` is no label of this chapter"))
            .next(format!("one of {}", labels.join(", "))));
    }
    let is_right = answer == wrong.breaks;
    let missed = learner.progress.missed.get(&key).copied().unwrap_or(0);
    if !is_right && missed == 0 {
        // Once more, with the answer kept back.
        learner.progress.missed.insert(key, 1);
        learner.save()?;
        anstream::println!(
            "{} What must have happened for this test to fail?",
            paint(BAD, "not so.")
        );
        screen::next(&format!("cargo course diagnose {step}, the same once more"));
        return Ok(false);
    }
    let word = if is_right { paint(GOOD, "right:") } else { paint(BAD, "not so:") };
    anstream::println!("{word} it is [{}]. {}", wrong.breaks, wrong.says);
    learner.progress.missed.remove(&key);
    learner.progress.answers.insert(key, (right + u32::from(is_right), tried + 1));
    learner.save()?;
    screen::next(&match tried as usize + 1 < count {
        true => format!("cargo course diagnose {step}, the next of {count}; or cargo course check"),
        false => "cargo course check".to_owned(),
    });
    Ok(is_right)
}

fn is_coprime(a: usize, b: usize) -> bool {
    (2..=a.min(b)).all(|divisor| a % divisor != 0 || b % divisor != 0)
}

/// The labels that wrong bodies of the chapter break, and what each says, from the source.
fn invariants(learner: &Learner, chapter: &Chapter) -> Result<BTreeMap<String, String>, Fault> {
    let folder = learner.course.root.join("crates").join(&chapter.package);
    let mut texts = vec![read(&folder.join("README.md"))?];
    for source in &chapter.sources {
        texts.push(source.text.clone());
    }
    let labels =
        chapter.parts.iter().flat_map(|part| &part.wrong).map(|wrong| wrong.breaks.clone());
    Ok(labels.map(|label| (label.clone(), statement(&label, &texts).unwrap_or_default())).collect())
}

/// The sentence that follows the first `[LABEL]` that stands in bold or begins an item of a list.
fn statement(label: &str, texts: &[String]) -> Option<String> {
    let sign = format!("`[{label}]`");
    for text in texts {
        let text: String = text
            .lines()
            .map(|line| {
                line.trim_start().trim_start_matches("//!").trim_start_matches("///").trim()
            })
            .collect::<Vec<_>>()
            .join("\n");
        for item in format!("\n{text}").split("\n* ").skip(1) {
            let head = item.trim_start_matches("**").trim_start();
            if let Some(rest) = head.strip_prefix(&sign) {
                let rest = rest.replace("**", "").replace('\n', " ");
                let rest = rest.trim().trim_start_matches(':').trim();
                let end = rest.find(". ").map_or(rest.len(), |at| at + 1);
                return Some(rest[..end].trim_end_matches('.').to_owned());
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::statement;

    #[test]
    fn the_statement_of_a_label_is_its_first_sentence() {
        let texts = [
            "a\n* **`[Y1]`** **A wake raises\n  a flag.** More.\n".to_owned(),
            "//! * `[S1]`: one polls. And\n".to_owned(),
        ];
        assert_eq!(statement("Y1", &texts).unwrap(), "A wake raises a flag");
        assert_eq!(statement("S1", &texts).unwrap(), "one polls");
        assert!(statement("Z", &texts).is_none());
    }
}
