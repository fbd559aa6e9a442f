//! The rules of style that a program can check. Every rule is a pure function from the text of a file to findings,
//! `file:line: what is wrong`, and stands in a module of its own with three kinds of test: the
//! workspace obeys it, a bad sample does not, a good one does. What a project may want to adjust
//! (the files that may say `unsafe`, the exceptions, the limits) is a constant at the top of each.

mod tidy {
    mod blocks;
    mod conditional;
    mod imports;
    mod labels;
    mod layout;
    mod manifest;
    mod orderings;
    mod panics;
    mod paths;
    mod source;
    mod tree;
    mod unsafety;
    mod words;
}
