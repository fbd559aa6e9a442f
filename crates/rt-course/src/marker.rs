//! The one-line comment that makes an item a part of the course.

use crate::fault::Fault;
use crate::part::PartId;

const SIGN: &str = "// COURSE(";

/// What the starter has in the place of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stub {
    /// A body that panics with the number and the title of the part.
    Todo,
    /// An empty body: for drops, where a panic would abort the test.
    Leak,
    /// This expression: where the other two do not compile.
    Expr(String),
    /// Nothing: only the solution needs the item.
    Omit,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Marker {
    pub(crate) part: PartId,
    pub(crate) stub: Stub,
}

impl Marker {
    /// The marker on a line of source; none if it is another line.
    pub(crate) fn read(line: &str) -> Result<Option<Marker>, Fault> {
        let Some(rest) = line.trim().strip_prefix(SIGN) else { return Ok(None) };
        let unknown = || {
            Fault::new(format!("`{}` is no marker", line.trim())).next(
                "write `// COURSE(2.3) stub: todo`, `stub: leak`, `stub: expr: CODE` or `omit`",
            )
        };
        let (part, what) = rest.split_once(')').ok_or_else(unknown)?;
        let stub = match what.trim() {
            "stub: todo" => Stub::Todo,
            "stub: leak" => Stub::Leak,
            "omit" => Stub::Omit,
            other => {
                let code = other.strip_prefix("stub: expr:").map(str::trim);
                Stub::Expr(code.filter(|code| !code.is_empty()).ok_or_else(unknown)?.to_owned())
            }
        };
        Ok(Some(Marker { part: part.parse()?, stub }))
    }
}

#[cfg(test)]
mod tests {
    use super::{Marker, Stub};

    #[test]
    fn the_four_kinds_are_read() {
        let stub = |line: &str| Marker::read(line).unwrap().unwrap().stub;
        assert_eq!(stub("    // COURSE(2.3) stub: todo"), Stub::Todo);
        assert_eq!(stub("// COURSE(2.3) stub: leak"), Stub::Leak);
        assert_eq!(stub("// COURSE(12.10) omit"), Stub::Omit);
        assert_eq!(stub("// COURSE(2.3) stub: expr: todo!()"), Stub::Expr("todo!()".to_owned()));
    }

    #[test]
    fn other_lines_are_none_and_misspelt_ones_are_named() {
        assert!(Marker::read("// a comment about COURSE(2.3)").unwrap().is_none());
        for line in [
            "// COURSE(2.3",
            "// COURSE(2.3) stub",
            "// COURSE(2.3) stub: expr:",
            "// COURSE(x) omit",
        ] {
            assert!(Marker::read(line).is_err(), "{line}");
        }
    }
}
