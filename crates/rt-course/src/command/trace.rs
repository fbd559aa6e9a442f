//! `cargo course trace TEST`: the timeline of your run beside the expected one.

use crate::fault::Fault;
use crate::learner::Learner;
use crate::screen;
use crate::suite;
use crate::timeline;

pub(crate) fn trace(learner: &Learner, name: &str) -> Result<(), Fault> {
    // As `check` shows it, or as it is called.
    let name: &str = &name.replace(' ', "_");
    for chapter in &learner.course.chapters {
        let suite = match suite::build(&learner.root, &chapter.package)? {
            Ok(suite) => suite,
            Err(build) => {
                for said in build.said.iter().take(1) {
                    anstream::println!("{}", said.text.trim_end());
                }
                return Err(Fault::new(format!("{} does not compile", chapter.package))
                    .next("mend what rustc says"));
            }
        };
        let Some(test) =
            suite.tests.iter().find(|test| *test == name || test.ends_with(&format!("::{name}")))
        else {
            continue;
        };
        let outcome = suite.run(test, timeline::HOW)?;
        let (yours, ours) = (
            timeline::events(&outcome.lines),
            timeline::of_reference(learner, chapter, test, &[])?,
        );
        if ours.is_empty() {
            return Err(Fault::new(format!("`{test}` writes no timeline"))
                .next("cargo course check says what it says"));
        }
        anstream::println!("{test} in {}", chapter.package);
        screen::beside(("yours", &yours), ("expected", &ours));
        for line in timeline::message(&outcome.lines) {
            anstream::println!("    {line}");
        }
        return Ok(());
    }
    Err(Fault::new(format!("no chapter has a test called `{name}`"))
        .next("cargo course check shows their names"))
}
