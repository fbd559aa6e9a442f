//! Where a part is to be written, and what of it is still as the starter has it.

use crate::chapter::{Chapter, Part};
use crate::fault::Fault;
use crate::folder::read;
use crate::learner::Learner;
use crate::marker::Stub;
use crate::screen::{STRONG, paint};
use crate::source::{Rendering, Source};

/// A body that a learner writes.
pub(crate) struct Place {
    /// `Signal::wake`.
    name: String,
    path: String,
    /// None if there is no function of that name any more, or the file can not be read.
    line: Option<usize>,
    pub(crate) is_untouched: bool,
}

impl Place {
    pub(crate) fn show(&self) {
        let line = self.line.map_or(String::new(), |line| format!(":{line}"));
        anstream::println!("  write {}  {}{line}", paint(STRONG, &self.name), self.path);
    }
}

/// The places of a part, in the order of its files.
pub(crate) fn of(learner: &Learner, chapter: &Chapter, part: &Part) -> Result<Vec<Place>, Fault> {
    let mut places = Vec::new();
    for (source, marked) in chapter.marked(part.id) {
        if marked.stub == Stub::Omit {
            continue;
        }
        let name = &marked.item.name;
        let starter =
            Source::read(&source.path, &source.render(|_| Rendering::Stubbed(&part.title)))?;
        // What is not there, or does not parse, has been touched.
        let text = read(&learner.root.join(&source.path)).unwrap_or_default();
        let yours = Source::read(&source.path, &text).ok();
        let item = yours.as_ref().and_then(|yours| Some((yours, yours.find(name)?)));
        let is_untouched = item.is_some_and(|(yours, item)| {
            starter.find(name).is_some_and(|stub| starter.body_of(stub) == yours.body_of(item))
        });
        places.push(Place {
            name: name.split_once("::").map_or(name.as_str(), |(_, name)| name).to_owned(),
            path: source.path.clone(),
            line: item.map(|(yours, item)| yours.line_of(item)),
            is_untouched,
        });
    }
    Ok(places)
}
