//! A subscriber that writes down what it is told.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

static BOOK: Mutex<Book> = Mutex::new(Book { spans: Vec::new(), lines: Vec::new() });

thread_local! {
    /// The spans in which this thread is.
    static HERE: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

/// What was told, of all tests of the process: each reads what concerns its own names.
pub(crate) struct Book {
    /// The number of a span is its place, plus one.
    spans: Vec<Span>,
    lines: Vec<String>,
}

struct Span {
    name: String,
    fields: Fields,
    references: usize,
}

/// By name; a string stands in quotes, what was only shown does not.
pub(crate) type Fields = BTreeMap<String, String>;

/// From now on, for the process.
pub(crate) fn open() {
    let _ = tracing::subscriber::set_global_default(Scribe);
}

/// The lines in which one of the names is.
pub(crate) fn lines(names: &[&str]) -> Vec<String> {
    let of_ours = |line: &&String| line.split(' ').any(|word| names.contains(&word));
    book().lines.iter().filter(of_ours).cloned().collect()
}

/// What a span was made with.
pub(crate) fn fields(name: &str) -> Option<Fields> {
    book().spans.iter().find(|span| span.name == name).map(|span| span.fields.clone())
}

fn book() -> MutexGuard<'static, Book> {
    BOOK.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Book {
    fn span(&mut self, id: &Id) -> &mut Span {
        &mut self.spans[id.into_u64() as usize - 1]
    }

    fn name(&self, number: u64) -> &str {
        &self.spans[number as usize - 1].name
    }

    /// The span in which the thread is.
    fn here(&self) -> String {
        let innermost = HERE.with_borrow(|here| here.last().copied());
        innermost.map_or_else(|| "none".to_owned(), |number| self.name(number).to_owned())
    }

    fn say(&mut self, what: &str, id: &Id) {
        let line = format!("{what} {}", self.name(id.into_u64()));
        self.lines.push(line);
    }
}

struct Scribe;

impl Subscriber for Scribe {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut fields = Fields::new();
        span.record(&mut Writer(&mut fields));
        let metadata = span.metadata();
        fields.insert("span".to_owned(), metadata.name().to_owned());
        fields.insert("target".to_owned(), metadata.target().to_owned());
        fields.insert("level".to_owned(), metadata.level().to_string());
        let mut book = book();
        let parent = if span.is_contextual() { book.here() } else { "none".to_owned() };
        // A task by its name, other spans by theirs.
        let name = fields.get("task.name").map_or(metadata.name(), String::as_str).to_owned();
        book.lines.push(format!("span {name} below {parent}"));
        book.spans.push(Span { name, fields, references: 1 });
        Id::from_u64(book.spans.len() as u64)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::new();
        event.record(&mut Writer(&mut fields));
        let target = event.metadata().target();
        let mut book = book();
        let here = book.here();
        let line = match (target, fields.get("op"), fields.get("task.id")) {
            ("tokio::task::waker", Some(op), Some(number)) => {
                let number = number.parse().expect("a number of a span");
                format!("{} {} in {here}", op.trim_matches('"'), book.name(number))
            }
            _ => format!("{target} {fields:?} in {here}"),
        };
        book.lines.push(line);
    }

    fn enter(&self, id: &Id) {
        book().say("enter", id);
        HERE.with_borrow_mut(|here| here.push(id.into_u64()));
    }

    fn exit(&self, id: &Id) {
        book().say("exit", id);
        let left = HERE.with_borrow_mut(Vec::pop);
        assert_eq!(left, Some(id.into_u64()), "a span is left that is not the innermost");
    }

    fn clone_span(&self, id: &Id) -> Id {
        book().span(id).references += 1;
        id.clone()
    }

    fn try_close(&self, id: Id) -> bool {
        let mut book = book();
        let span = book.span(&id);
        span.references -= 1;
        let is_closed = span.references == 0;
        if is_closed {
            book.say("close", &id);
        }
        is_closed
    }
}

struct Writer<'a>(&'a mut Fields);

impl Visit for Writer<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }
}
