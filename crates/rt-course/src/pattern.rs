//! Which tests are meant: `wake::a_wake_*` of the file `tests/wake.rs`, `lib::*` of the unit tests.

use serde::Deserialize;

/// The name of a test behind the name of its target; `*` stands for any text.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub(crate) struct Pattern(pub(crate) String);

impl Pattern {
    pub(crate) fn is(&self, name: &str) -> bool {
        let mut pieces = self.0.split('*');
        let first = pieces.next().unwrap_or_default();
        let Some(mut rest) = name.strip_prefix(first) else { return false };
        let mut pieces: Vec<&str> = pieces.collect();
        let Some(last) = pieces.pop() else { return rest.is_empty() };
        for piece in pieces {
            match rest.find(piece) {
                Some(at) => rest = &rest[at + piece.len()..],
                None => return false,
            }
        }
        rest.ends_with(last)
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn a_star_is_any_text_and_nothing_else_is() {
        let is = |pattern: &str, name: &str| Pattern(pattern.to_owned()).is(name);
        assert!(is("wake::*", "wake::a_wake") && is("wake::*_lost", "wake::none_is_lost"));
        assert!(is("lib::a::b", "lib::a::b") && is("*", "x::y") && is("a*b*c", "a1b2c"));
        assert!(!is("wake::*", "wakes::a") && !is("lib::a", "lib::ab") && !is("a*b*c", "a1c2b"));
        assert!(!is("ab*b", "ab"));
    }
}
