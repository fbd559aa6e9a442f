//! JSON, written by hand: a text that stands in any page, and needs no crate.
//!
//! * **[JS1]** Names are users' texts. Everything that ends a string, a script or a comment of HTML, and
//!   every control character, is written as `\u…`: what is written here may stand inside of `<script>`.

use std::fmt::{Display, Write as _};

/// A text of JSON on the way: commas are set by themselves.
#[derive(Default)]
pub(crate) struct Json {
    text: String,
    has_item: bool,
}

impl Json {
    pub(crate) fn finish(self) -> String {
        self.text
    }

    /// `[` … `]`
    pub(crate) fn array(&mut self, items: impl FnOnce(&mut Json)) {
        self.nest('[', items, ']');
    }

    /// `{` … `}`; its items are said with [`key`](Json::key).
    pub(crate) fn object(&mut self, items: impl FnOnce(&mut Json)) {
        self.nest('{', items, '}');
    }

    /// The key of the item that comes next.
    pub(crate) fn key(&mut self, key: &str) -> &mut Json {
        self.string(key);
        self.text.push(':');
        self.has_item = false;
        self
    }

    pub(crate) fn number(&mut self, number: impl Display) {
        self.separate();
        let _ = write!(self.text, "{number}"); // to a String: it does not fail
    }

    /// The number, or `-1`.
    pub(crate) fn place(&mut self, place: Option<usize>) {
        match place {
            Some(place) => self.number(place),
            None => self.number(-1),
        }
    }

    pub(crate) fn string(&mut self, text: &str) {
        self.separate();
        self.text.push('"');
        text.chars().for_each(|char| self.char(char));
        self.text.push('"');
    }

    /// A string, or nothing at all.
    pub(crate) fn optional(&mut self, key: &str, text: Option<impl AsRef<str>>) {
        if let Some(text) = text {
            self.key(key).string(text.as_ref());
        }
    }

    fn nest(&mut self, open: char, items: impl FnOnce(&mut Json), close: char) {
        self.separate();
        self.text.push(open);
        self.has_item = false;
        items(self);
        self.text.push(close);
        self.has_item = true;
    }

    fn separate(&mut self) {
        if std::mem::replace(&mut self.has_item, true) {
            self.text.push(',');
        }
    }

    /// [JS1]
    fn char(&mut self, char: char) {
        match char {
            '"' | '\\' => self.text.extend(['\\', char]),
            '<' | '>' | '&' | '\'' | '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | ..' ' => {
                let _ = write!(self.text, "\\u{:04x}", u32::from(char)); // as above
            }
            _ => self.text.push(char),
        }
    }
}
