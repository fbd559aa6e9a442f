//! What the label of an invariant says: chapters and module docs list them.

/// The first sentence of the list item that begins with the label, in the first text that has one:
/// `* **[S1]** One polls. ..`.
pub(crate) fn says(label: &str, texts: &[String]) -> Option<String> {
    texts.iter().find_map(|text| {
        let lines = text.lines().map(plain).collect::<Vec<_>>().join("\n");
        let items = format!("\n{lines}");
        items.split("\n* ").skip(1).find_map(|item| {
            let rest = item.trim_start_matches(['*', '`']).strip_prefix(&format!("[{label}]"))?;
            let end = rest.find("\n\n").unwrap_or(rest.len());
            let rest = rest[..end].replace("**", "").replace('\n', " ");
            let rest = rest.strip_prefix('`').unwrap_or(&rest).trim_start_matches([' ', ':']);
            let sentence = rest.split(". ").next().unwrap_or(rest);
            Some(sentence.trim_end_matches('.').to_owned())
        })
    })
}

/// A line of documentation without its sign.
fn plain(line: &str) -> &str {
    let line = line.trim();
    line.strip_prefix("//!").or_else(|| line.strip_prefix("///")).unwrap_or(line).trim()
}

#[cfg(test)]
mod tests {
    use super::says;

    #[test]
    fn the_statement_of_a_label_is_its_first_sentence() {
        let texts = [
            "a\n* **`[Y1]`** **A wake raises\n  a flag.** More.\n\nEnd".to_owned(),
            "//! * **[S1]** One polls. And\n//! * **[S12]** `x`: two.\n//!\n//! More".to_owned(),
        ];
        assert_eq!(says("Y1", &texts).unwrap(), "A wake raises a flag");
        assert_eq!(says("S1", &texts).unwrap(), "One polls");
        assert_eq!(says("S12", &texts).unwrap(), "`x`: two");
        assert!(says("Z", &texts).is_none());
    }
}
