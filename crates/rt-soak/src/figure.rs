//! A number that was measured, and what it may be.

use std::fmt;

/// One line of the report.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    what: String,
    value: f64,
    unit: &'static str,
    /// The most that it may be; `None` if it is only shown.
    limit: Option<f64>,
}

impl Figure {
    /// A figure that is only shown.
    pub(crate) fn shown(what: impl Into<String>, value: f64, unit: &'static str) -> Figure {
        Figure { what: what.into(), value, unit, limit: None }
    }

    /// A figure that must not be more than `limit`.
    pub(crate) fn at_most(self, limit: f64) -> Figure {
        Figure { limit: Some(limit), ..self }
    }

    /// Whether it is within its limit.
    pub(crate) fn is_kept(&self) -> bool {
        self.limit.is_none_or(|limit| self.value <= limit)
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.limit {
            None => "      ",
            Some(_) if self.is_kept() => "ok    ",
            Some(_) => "MISSED",
        };
        write!(f, "{verdict} {:<62} {:>14.1} {}", self.what, self.value, self.unit)?;
        self.limit.map_or(Ok(()), |limit| write!(f, " (at most {limit})"))
    }
}

#[cfg(test)]
mod tests {
    use super::Figure;

    #[test]
    fn a_figure_above_its_limit_is_a_miss_and_says_so() {
        let figure = Figure::shown("wake-ups", 3.0, "").at_most(2.0);
        assert!(!figure.is_kept());
        assert!(figure.to_string().starts_with("MISSED"));
        assert!(Figure::shown("wake-ups", 2.0, "").at_most(2.0).is_kept());
        assert!(Figure::shown("nanoseconds", 9e9, "ns").is_kept());
    }
}
