//! Rust source, read as far as the rules need: tokens with their lines, comments apart.
//!
//! It knows comments (nested too), strings (raw too), characters and lifetimes, so that no rule is
//! fooled by a word in a text. It does not know the grammar.

/// A word, a string (with its quotes) or one character of punctuation; `::` is one token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) line: usize,
}

/// One line's worth of a comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Comment {
    /// With its `//`, `///` or `//!`; the first line of a block comment with its `/*`.
    pub(crate) text: String,
    pub(crate) line: usize,
}

pub(crate) struct Source {
    pub(crate) tokens: Vec<Token>,
    pub(crate) comments: Vec<Comment>,
    /// By line: whether it holds nothing but a comment, an attribute or both.
    margin: Vec<bool>,
}

impl Source {
    pub(crate) fn read(text: &str) -> Source {
        let mut reader = Reader {
            chars: text.chars().collect(),
            at: 0,
            line: 1,
            tokens: Vec::new(),
            comments: Vec::new(),
        };
        reader.read();
        let margin = margin(&reader.tokens, &reader.comments);
        Source { tokens: reader.tokens, comments: reader.comments, margin }
    }

    /// The same, without unit tests: items under `#[cfg(test)]` and `#[cfg(all(test, ..))]`.
    pub(crate) fn without_tests(text: &str) -> Source {
        let mut source = Source::read(text);
        let tokens = std::mem::take(&mut source.tokens);
        let mut at = 0;
        while at < tokens.len() {
            if is_test_attribute(&tokens[at..]) {
                at = end_of_item(&tokens, at);
            } else {
                source.tokens.push(tokens[at].clone());
                at += 1;
            }
        }
        source
    }

    pub(crate) fn is(&self, at: usize, texts: &[&str]) -> bool {
        matches(self.tokens.get(at..).unwrap_or_default(), texts)
    }

    /// The comments that speak about the token at `at`: on the lines from where its statement
    /// begins, and directly above that.
    pub(crate) fn comments_about(&self, at: usize) -> Vec<&Comment> {
        let last = self.tokens[at].line;
        let mut start = at;
        while start > 0 {
            match self.tokens[start - 1].text.as_str() {
                // `unsafe { a }.b()` goes on behind its block.
                "}" if [".", "?"].contains(&self.tokens[start].text.as_str()) => {
                    start = opening(&self.tokens, start - 1);
                }
                "{" | "}" | ";" => break,
                _ => start -= 1,
            }
        }
        // The margin above an item belongs to its statement, attributes are tokens of it.
        let mut first = self.tokens[start].line.max(last.saturating_sub(LOOK_BACK));
        while first > 1 && self.margin.get(first - 1).copied().unwrap_or(false) {
            first -= 1;
        }
        self.comments.iter().filter(|comment| (first..=last).contains(&comment.line)).collect()
    }
}

/// How far above an operation, in a long statement, its comment may stand.
const LOOK_BACK: usize = 12;

pub(crate) fn matches(tokens: &[Token], texts: &[&str]) -> bool {
    tokens.len() >= texts.len() && tokens.iter().zip(texts).all(|(token, text)| token.text == *text)
}

pub(crate) fn is_word(text: &str) -> bool {
    text.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

fn is_test_attribute(tokens: &[Token]) -> bool {
    matches(tokens, &["#", "[", "cfg", "(", "test", ")", "]"])
        || matches(tokens, &["#", "[", "cfg", "(", "all", "(", "test", ","])
}

/// The index after the item that begins at `at`, attributes included.
pub(crate) fn end_of_item(tokens: &[Token], mut at: usize) -> usize {
    while matches(&tokens[at..], &["#", "["]) {
        at = closing(tokens, at + 1) + 1;
    }
    while at < tokens.len() {
        match tokens[at].text.as_str() {
            ";" => return at + 1,
            "{" => return closing(tokens, at) + 1,
            "(" | "[" => at = closing(tokens, at) + 1,
            _ => at += 1,
        }
    }
    at
}

/// The index of the bracket that closes the one at `open`, or the last index.
pub(crate) fn closing(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.text.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at;
                }
            }
            _ => {}
        }
    }
    tokens.len() - 1
}

/// The index of the brace that the one at `close` closes.
fn opening(tokens: &[Token], close: usize) -> usize {
    let mut opens = (0..close).rev().filter(|&at| tokens[at].text == "{");
    opens.find(|&at| closing(tokens, at) == close).unwrap_or(0)
}

fn margin(tokens: &[Token], comments: &[Comment]) -> Vec<bool> {
    let lines = tokens.iter().map(|token| token.line);
    let lines = lines.chain(comments.iter().map(|comment| comment.line)).max().unwrap_or(0);
    let mut margin = vec![false; lines + 1];
    for comment in comments {
        margin[comment.line] = true;
    }
    let mut at = 0;
    while at < tokens.len() {
        if matches(&tokens[at..], &["#", "["]) {
            let end = closing(tokens, at + 1);
            for line in &mut margin[tokens[at].line..=tokens[end].line] {
                *line = true;
            }
            at = end + 1;
        } else {
            at += 1;
        }
    }
    let mut at = 0;
    while at < tokens.len() {
        if matches(&tokens[at..], &["#", "["]) {
            at = closing(tokens, at + 1) + 1;
        } else {
            margin[tokens[at].line] = false;
            at += 1;
        }
    }
    margin
}

struct Reader {
    chars: Vec<char>,
    at: usize,
    line: usize,
    tokens: Vec<Token>,
    comments: Vec<Comment>,
}

impl Reader {
    fn read(&mut self) {
        while let Some(&first) = self.chars.get(self.at) {
            match first {
                '\n' => {
                    self.line += 1;
                    self.at += 1;
                }
                _ if first.is_whitespace() => self.at += 1,
                '/' if self.peek(1) == Some('/') => self.line_comment(),
                '/' if self.peek(1) == Some('*') => self.block_comment(),
                '"' => self.string(self.at, 0, false),
                '\'' => self.quote(),
                _ if first.is_alphanumeric() || first == '_' => self.word(),
                ':' if self.peek(1) == Some(':') => self.token(2),
                _ => self.token(1),
            }
        }
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn text(&self, from: usize) -> String {
        self.chars[from..self.at.min(self.chars.len())].iter().collect()
    }

    fn token(&mut self, length: usize) {
        let from = self.at;
        self.at += length;
        let text = self.text(from);
        self.tokens.push(Token { text, line: self.line });
    }

    fn line_comment(&mut self) {
        let from = self.at;
        while self.peek(0).is_some_and(|next| next != '\n') {
            self.at += 1;
        }
        let text = self.text(from);
        self.comments.push(Comment { text, line: self.line });
    }

    fn block_comment(&mut self) {
        let mut depth = 0usize;
        let mut from = self.at;
        while self.at < self.chars.len() {
            match (self.peek(0), self.peek(1)) {
                (Some('/'), Some('*')) => {
                    depth += 1;
                    self.at += 2;
                }
                (Some('*'), Some('/')) => {
                    depth -= 1;
                    self.at += 2;
                    if depth == 0 {
                        break;
                    }
                }
                (Some('\n'), _) => {
                    let text = self.text(from);
                    self.comments.push(Comment { text, line: self.line });
                    self.line += 1;
                    self.at += 1;
                    from = self.at;
                }
                _ => self.at += 1,
            }
        }
        let text = self.text(from);
        self.comments.push(Comment { text, line: self.line });
    }

    /// A word, or a string with a prefix: `r"`, `br#"`, `c"`; or a raw word, `r#type`.
    fn word(&mut self) {
        let from = self.at;
        while self.peek(0).is_some_and(|next| next.is_alphanumeric() || next == '_') {
            self.at += 1;
        }
        let prefix = self.text(from);
        let is_raw = ["r", "br", "cr"].contains(&prefix.as_str());
        let hashes = (0..).take_while(|&ahead| self.peek(ahead) == Some('#')).count();
        if is_raw && self.peek(hashes) == Some('"') {
            self.at += hashes;
            return self.string(from, hashes, true);
        }
        if ["b", "c"].contains(&prefix.as_str()) && self.peek(0) == Some('"') {
            return self.string(from, 0, false);
        }
        if prefix == "b" && self.peek(0) == Some('\'') {
            return self.quote();
        }
        self.tokens.push(Token { text: prefix, line: self.line });
    }

    fn string(&mut self, from: usize, hashes: usize, is_raw: bool) {
        let line = self.line;
        self.at += 1;
        while let Some(next) = self.peek(0) {
            self.at += 1;
            match next {
                '\n' => self.line += 1,
                '\\' if !is_raw => {
                    if self.peek(0) == Some('\n') {
                        self.line += 1;
                    }
                    self.at += 1;
                }
                '"' if (0..hashes).all(|ahead| self.peek(ahead) == Some('#')) => {
                    self.at += hashes;
                    break;
                }
                _ => {}
            }
        }
        let text = self.text(from);
        self.tokens.push(Token { text, line });
    }

    /// `'x'` and `'\n'` are characters, `'a` is a lifetime.
    fn quote(&mut self) {
        let from = self.at;
        if self.peek(1) == Some('\\') {
            self.at += 3;
            while self.peek(0).is_some_and(|next| next != '\'') {
                self.at += 1;
            }
            self.at += 1;
        } else if self.peek(2) == Some('\'') {
            self.at += 3;
        } else {
            self.at += 1;
            while self.peek(0).is_some_and(|next| next.is_alphanumeric() || next == '_') {
                self.at += 1;
            }
        }
        let text = self.text(from);
        self.tokens.push(Token { text, line: self.line });
    }
}

#[test]
fn words_in_texts_and_comments_are_no_code() {
    let text = "let a = \"unsafe \\\" {\"; // unsafe {\nlet b = r#\"a \" panic!()\"#; /* a /* b */ c\n d */ let c: &'a u8 = '\"';";
    let source = Source::read(text);
    let words: Vec<&str> = source.tokens.iter().map(|token| token.text.as_str()).collect();
    assert!(!words.contains(&"unsafe") && !words.contains(&"panic"), "{words:?}");
    assert!(words.contains(&"'a") && words.contains(&"'\"'"), "{words:?}");
    assert_eq!(source.comments.len(), 3, "{:?}", source.comments);
    assert_eq!(source.tokens.last().map(|token| token.line), Some(3));
}

#[test]
fn unit_tests_are_left_out() {
    let text =
        "fn a() {}\n#[cfg(test)]\nmod tests { fn b() { { } } }\n#[cfg(test)]\nuse c::d;\nfn e() {}";
    let source = Source::without_tests(text);
    let words: Vec<&str> = source.tokens.iter().map(|token| token.text.as_str()).collect();
    assert_eq!(words.join(" "), "fn a ( ) { } fn e ( ) { }");
}

#[test]
fn a_comment_is_about_the_statement_below_it() {
    let text = "fn a() {\n    b(); // of b\n    // of c\n    #[inline]\n    let c = d(\n        // of e\n        e,\n    );\n}";
    let source = Source::read(text);
    let at = source.tokens.iter().position(|token| token.text == "e").expect("an e");
    let texts: Vec<&str> = source.comments_about(at).iter().map(|comment| &*comment.text).collect();
    assert_eq!(texts, ["// of c", "// of e"]);

    let chain = Source::read(
        "fn a() {\n    // of b\n    unsafe { b() }\n        .c(|d| unsafe { e(d) });\n}",
    );
    let at = chain.tokens.iter().rposition(|token| token.text == "unsafe").expect("two of them");
    assert_eq!(chain.comments_about(at).len(), 1, "the chain is one statement");
}
