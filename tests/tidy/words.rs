//! What the repository says about the machine it was written on: nothing.

use super::tree;

const RULE: &str = "no path of one machine, no word about who or what typed the text";

/// In two halves, so that this file may be checked too.
const MACHINE: [(&str, &str); 5] =
    [("/wo", "rk/"), ("/tm", "p/"), ("/ho", "me/"), ("/ro", "ot/"), ("/Us", "ers/")];
const TOOLING: [(&str, &str); 11] = [
    ("clau", "de"),
    ("anthro", "pic"),
    ("open", "ai"),
    ("chat", "gpt"),
    ("co", "pilot"),
    ("sub", "agent"),
    ("ll", "m"),
    ("language", " model"),
    ("issues", " show"),
    ("before", "-stop"),
    ("../sha", "red"),
];

fn traces(path: &str, text: &str) -> Vec<String> {
    let mut findings = Vec::new();
    for (at, line) in text.lines().enumerate() {
        for (half, rest) in MACHINE {
            let needle = format!("{half}{rest}");
            let starts = line.match_indices(&needle).any(|(start, _)| {
                !line[..start]
                    .ends_with(|before: char| before.is_alphanumeric() || "._-}".contains(before))
            });
            if starts {
                findings.push(format!("{path}:{}: `{needle}` is a path of one machine", at + 1));
            }
        }
        let lower = line.to_lowercase();
        for (half, rest) in TOOLING {
            let needle = format!("{half}{rest}");
            let stands_alone = lower.match_indices(&needle).any(|(start, _)| {
                let before = lower[..start].chars().next_back();
                let after = lower[start + needle.len()..].chars().next();
                !before.is_some_and(char::is_alphanumeric)
                    && !after.is_some_and(char::is_alphanumeric)
            });
            if stands_alone {
                findings.push(format!("{path}:{}: `{needle}` does not belong here", at + 1));
            }
        }
    }
    findings
}

#[test]
fn no_text_speaks_of_the_machine_it_was_written_on() {
    let files = tree::files(|path| path != "Cargo.lock");
    tree::none(RULE, files.iter().flat_map(|file| traces(&file.path, &file.text)));
}

#[test]
fn a_path_of_one_machine_is_found() {
    let bad =
        format!("see {}{}a and ask {}{}.", MACHINE[0].0, MACHINE[0].1, TOOLING[0].0, TOOLING[0].1);
    assert_eq!(traces("a.md", &format!("\n{bad}")).len(), 2);
    let good = format!(
        "crates/a{}{}b, the {}{}s; ${{TMPDIR}}",
        MACHINE[0].0, MACHINE[0].1, TOOLING[6].0, TOOLING[6].1
    );
    assert!(traces("a.md", &good).is_empty(), "{:?}", traces("a.md", &good));
}
