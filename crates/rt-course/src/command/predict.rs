//! `cargo course predict N`: put the events of a small program in order, then see it run.

use crate::chapter::Chapter;
use crate::fault::Fault;
use crate::folder::read;
use crate::learner::Learner;
use crate::screen::{self, BAD, FAINT, GOOD, STRONG, paint};
use crate::starter;
use crate::suite;

pub(crate) fn predict(
    learner: &mut Learner,
    step: u32,
    answer: Option<&str>,
) -> Result<bool, Fault> {
    let course = &learner.course;
    let chapter = match &course.zero {
        Some(zero) if zero.step == step => zero,
        _ => course.chapter(step)?,
    };
    if chapter.predict.is_empty() {
        return Err(Fault::new(format!("step {step} has nothing to predict"))
            .next(format!("cargo course diagnose {step}")));
    }
    // The next one each time.
    let key = format!("predict {step}");
    let (right, tried) = learner.progress.answers.get(&key).copied().unwrap_or_default();
    let predict = &chapter.predict[tried as usize % chapter.predict.len()];
    let count = chapter.predict.len();
    let events = events(learner, chapter, &predict.program)?;
    let mut choice = events.clone();
    choice.sort();

    let path = chapter.example(&predict.program);
    anstream::println!("{}\n", paint(STRONG, format!("{path}, run on the reference")));
    let text = read(&learner.course.root.join(&path))?;
    let is_head = |line: &&str| line.starts_with("//!") || line.is_empty();
    for line in text.lines().skip_while(is_head) {
        anstream::println!("    {}", paint(FAINT, line));
    }
    anstream::println!("\n{}\n", predict.question);
    for (number, event) in (1..).zip(&choice) {
        anstream::println!("  {number}  {event}");
    }
    let answer = match answer {
        Some(answer) => answer.to_owned(),
        None => screen::ask(&format!(
            "\nthe numbers, in your order, as in `{}`: ",
            numbers(choice.len())
        ))?,
    };
    let order = parse(&answer, choice.len())?;
    let yours: Vec<String> = order.iter().map(|number| choice[number - 1].clone()).collect();
    let is_right = yours == events;
    anstream::println!();
    screen::beside(("yours", &yours), ("what it printed", &events));
    let word = if is_right {
        paint(GOOD, "right")
    } else {
        paint(BAD, "not so: read on at the first line that differs")
    };
    anstream::println!("{word}");
    let answers = (right + u32::from(is_right), tried + 1);
    learner.record(|progress| {
        progress.answers.insert(key, answers);
    })?;
    screen::next(&match tried as usize + 1 < count {
        true => format!("cargo course predict {step}, the next of {count}"),
        false => "cargo course check".to_owned(),
    });
    Ok(is_right)
}

/// What the program prints on the reference.
fn events(learner: &Learner, chapter: &Chapter, program: &str) -> Result<Vec<String>, Fault> {
    let place = starter::reference(&learner.course)?;
    suite::run_example(&place, &chapter.package, program)
}

fn numbers(count: usize) -> String {
    (1..=count).rev().map(|number| number.to_string()).collect::<Vec<_>>().join(" ")
}

/// Each number from 1 to `count` once.
fn parse(answer: &str, count: usize) -> Result<Vec<usize>, Fault> {
    let words = answer.split([' ', ',']).filter(|word| !word.trim().is_empty());
    let order: Vec<usize> = words.map(|word| word.trim().parse().unwrap_or(0)).collect();
    let mut sorted = order.clone();
    sorted.sort_unstable();
    if sorted != (1..=count).collect::<Vec<_>>() {
        return Err(Fault::new(format!("`{}` is not each of 1 to {count} once", answer.trim()))
            .next(format!("write it as `{}`", numbers(count))));
    }
    Ok(order)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn an_order_has_each_number_once() {
        assert_eq!(parse("3 1, 2\n", 3).unwrap(), [3, 1, 2]);
        for wrong in ["1 2", "1 2 2", "1 2 4", "a b c", ""] {
            assert!(parse(wrong, 3).is_err(), "{wrong}");
        }
    }
}
