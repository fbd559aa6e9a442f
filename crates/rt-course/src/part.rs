//! The number of a part: `2.3` is the third part of step 2.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

use crate::fault::Fault;

/// Parts are ordered as they are built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct PartId {
    pub(crate) step: u32,
    pub(crate) number: u32,
}

impl fmt::Display for PartId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.step, self.number)
    }
}

impl FromStr for PartId {
    type Err = Fault;

    fn from_str(text: &str) -> Result<PartId, Fault> {
        let numbers = text.split_once('.').and_then(|(step, number)| {
            Some(PartId { step: step.parse().ok()?, number: number.parse().ok()? })
        });
        numbers.ok_or_else(|| Fault::new(format!("`{text}` is no part: a part looks like `2.3`")))
    }
}

impl TryFrom<String> for PartId {
    type Error = Fault;

    fn try_from(text: String) -> Result<PartId, Fault> {
        text.parse()
    }
}

/// What a learner names: a part, or a whole step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Goal {
    Step(u32),
    Part(PartId),
}

impl Goal {
    /// Whether a part belongs to it.
    pub(crate) fn has(self, part: PartId) -> bool {
        match self {
            Goal::Step(step) => part.step == step,
            Goal::Part(id) => part == id,
        }
    }

    /// Whether a part comes before all of it.
    pub(crate) fn is_behind(self, part: PartId) -> bool {
        match self {
            Goal::Step(step) => part.step < step,
            Goal::Part(id) => part < id,
        }
    }
}

impl FromStr for Goal {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Goal, Fault> {
        match text.parse() {
            Ok(step) => Ok(Goal::Step(step)),
            Err(_) => text.parse().map(Goal::Part).map_err(|_| {
                Fault::new(format!("`{text}` is no step: a step is `2`, a part of it `2.3`"))
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Goal, PartId};

    #[test]
    fn parts_are_ordered_by_number_and_not_by_letter() {
        let id = |text: &str| text.parse::<PartId>().unwrap();
        assert!(id("2.9") < id("2.10") && id("2.10") < id("3.1"));
        assert_eq!(id("2.10").to_string(), "2.10");
        assert!("2".parse::<PartId>().is_err() && "2.x".parse::<PartId>().is_err());
    }

    #[test]
    fn a_goal_is_a_step_or_a_part() {
        let (step, part): (Goal, Goal) = ("2".parse().unwrap(), "2.2".parse().unwrap());
        let id = |text: &str| text.parse::<PartId>().unwrap();
        assert!(step.has(id("2.1")) && !part.has(id("2.1")) && part.has(id("2.2")));
        assert!(
            part.is_behind(id("2.1")) && !step.is_behind(id("2.1")) && step.is_behind(id("1.4"))
        );
        assert!("two".parse::<Goal>().is_err());
    }
}
