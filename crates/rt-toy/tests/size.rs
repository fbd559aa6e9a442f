//! What the chapter promises about itself.
use std::fs;
use std::path::Path;

#[test]
fn the_whole_runtime_is_at_most_200_safe_lines() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut lines = 0;
    let mut forbids_unsafe = false;
    for file in fs::read_dir(folder).expect("the sources are there") {
        let text = fs::read_to_string(file.expect("it can be listed").path()).expect("it is text");
        // Comments and blank lines count; the course's markers are not ours.
        lines += text.lines().filter(|line| !line.trim().starts_with("// COURSE(")).count();
        forbids_unsafe |= text.contains("#![forbid(unsafe_code)]");
    }
    println!("{lines} lines");
    assert!(lines > 100, "only {lines} lines were found: is this the right folder?");
    assert!(lines <= 200, "a runtime of 200 lines was promised, these are {lines}");
    assert!(forbids_unsafe, "a runtime without `unsafe` was promised");
}
