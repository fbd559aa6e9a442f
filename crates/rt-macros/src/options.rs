//! What stands in the parentheses of `#[rt::main(..)]`: read, checked, and settled.
//!
//! * `Options` is what was written, option by option.
//! * `Plan` is what it means; an `Options` that contradicts itself has no `Plan`.
//!
//! Not here: what the plan expands to.

use proc_macro2::{Ident, Span, TokenStream};
use syn::ext::IdentExt as _;
use syn::parse::{Parse, ParseStream, Parser as _};
use syn::{Error, Lit, LitInt, LitStr, Path, Result, Token};

const KNOWN: &str = "`flavor`, `worker_threads`, `start_paused`, `tokio_compat`, `crate`";
const FLAVORS: &str = "\"current_thread\", \"multi_thread\", \"local\"";

/// Which of the two attributes is being expanded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attribute {
    Main,
    Test,
}

impl Attribute {
    fn name(self) -> &'static str {
        match self {
            Attribute::Main => "rt::main",
            Attribute::Test => "rt::test",
        }
    }
}

/// Which constructor of `rt::runtime::Builder` the expansion calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flavor {
    /// What the facade takes when nobody asks.
    Facade,
    CurrentThread,
    MultiThread,
    Local,
}

/// What the options mean together.
pub(crate) struct Plan {
    pub(crate) flavor: Flavor,
    pub(crate) worker_threads: Option<LitInt>,
    pub(crate) start_paused: Option<bool>,
    /// Whether a tokio runtime stands behind.
    pub(crate) has_tokio: bool,
    /// The path of the facade: `::rt` unless renamed.
    pub(crate) facade: Path,
}

impl Plan {
    /// Reads the options of `attribute`.
    pub(crate) fn read(attribute: Attribute, tokens: TokenStream) -> Result<Plan> {
        Options::parse.parse2(tokens)?.settle(attribute)
    }

    /// What is expanded when the options are wrong: it keeps the compiler from a second message.
    pub(crate) fn fallback() -> Plan {
        Plan {
            flavor: Flavor::CurrentThread,
            worker_threads: None,
            start_paused: None,
            has_tokio: false,
            facade: default_facade(),
        }
    }
}

/// A value, and where it was written.
struct Written<T> {
    value: T,
    span: Span,
}

#[derive(Default)]
struct Options {
    flavor: Option<Written<Flavor>>,
    worker_threads: Option<Written<LitInt>>,
    start_paused: Option<Written<bool>>,
    tokio_compat: Option<Written<bool>>,
    facade: Option<Written<Path>>,
}

impl Options {
    fn settle(self, attribute: Attribute) -> Result<Plan> {
        let unasked = match attribute {
            Attribute::Main => Flavor::Facade,
            Attribute::Test => Flavor::CurrentThread,
        };
        let flavor = self.flavor.map_or(unasked, |written| written.value);
        let name = attribute.name();

        if let (Flavor::CurrentThread | Flavor::Local, Some(threads)) =
            (flavor, &self.worker_threads)
        {
            return Err(Error::new(
                threads.span,
                format!(
                    "`worker_threads` asks for many threads and this runtime has one: \
                     write `#[{name}(flavor = \"multi_thread\", worker_threads = ..)]`"
                ),
            ));
        }
        if let (Flavor::MultiThread | Flavor::Facade, Some(paused)) = (flavor, &self.start_paused) {
            return Err(Error::new(
                paused.span,
                format!(
                    "`start_paused` needs a runtime on one thread, which knows when all is idle: \
                     write `#[{name}(flavor = \"current_thread\", start_paused = ..)]`"
                ),
            ));
        }
        Ok(Plan {
            flavor,
            worker_threads: self.worker_threads.map(|written| written.value),
            start_paused: self.start_paused.map(|written| written.value),
            has_tokio: self.tokio_compat.is_some_and(|written| written.value),
            facade: self.facade.map_or_else(default_facade, |written| written.value),
        })
    }

    fn set(&mut self, name: &Ident, literal: Literal<'_>) -> Result<()> {
        match name.to_string().as_str() {
            "flavor" => once(&mut self.flavor, name, literal.flavor()?),
            "worker_threads" => once(&mut self.worker_threads, name, literal.count()?),
            "start_paused" => once(&mut self.start_paused, name, literal.bool()?),
            "tokio_compat" => once(&mut self.tokio_compat, name, literal.bool()?),
            "crate" => once(&mut self.facade, name, literal.path()?),
            _ => Err(unknown(name)),
        }
    }
}

impl Parse for Options {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut options = Options::default();
        while !input.is_empty() {
            let name = input.call(Ident::parse_any)?;
            if !["flavor", "worker_threads", "start_paused", "tokio_compat", "crate"]
                .iter()
                .any(|known| name == known)
            {
                return Err(unknown(&name));
            }
            if !input.peek(Token![=]) {
                return Err(Error::new(
                    name.span(),
                    format!("`{name}` needs a value: `{name} = ..`"),
                ));
            }
            input.parse::<Token![=]>()?;
            let value: Lit = input.parse().map_err(|error| {
                Error::new(error.span(), format!("the value of `{name}` must be a literal"))
            })?;
            let literal = Literal { name: &name, value: &value };
            options.set(&name, literal)?;
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(options)
    }
}

/// The literal on the right of an option, not yet known to be of the right kind.
struct Literal<'a> {
    name: &'a Ident,
    value: &'a Lit,
}

impl Literal<'_> {
    fn flavor(&self) -> Result<Written<Flavor>> {
        let text = self.string(FLAVORS)?;
        let flavor = match text.value().as_str() {
            "current_thread" => Flavor::CurrentThread,
            "multi_thread" => Flavor::MultiThread,
            "local" => Flavor::Local,
            _ => return Err(self.is_not(FLAVORS)),
        };
        Ok(self.written(flavor))
    }

    fn count(&self) -> Result<Written<LitInt>> {
        match self.value {
            Lit::Int(int) if int.base10_parse::<usize>().is_ok_and(|count| count > 0) => {
                Ok(self.written(int.clone()))
            }
            _ => Err(self.is_not("a whole number from 1")),
        }
    }

    fn bool(&self) -> Result<Written<bool>> {
        match self.value {
            Lit::Bool(bool) => Ok(self.written(bool.value)),
            _ => Err(self.is_not("`true` or `false`")),
        }
    }

    fn path(&self) -> Result<Written<Path>> {
        let expected = "a path in quotes, such as \"crate::rt\"";
        let path = self
            .string(expected)?
            .parse_with(Path::parse_mod_style)
            .map_err(|_| self.is_not(expected))?;
        Ok(self.written(path))
    }

    fn string(&self, expected: &str) -> Result<&LitStr> {
        match self.value {
            Lit::Str(text) => Ok(text),
            _ => Err(self.is_not(expected)),
        }
    }

    fn written<T>(&self, value: T) -> Written<T> {
        Written { value, span: self.value.span() }
    }

    fn is_not(&self, expected: &str) -> Error {
        Error::new(self.value.span(), format!("`{}` takes {expected}", self.name))
    }
}

fn once<T>(slot: &mut Option<Written<T>>, name: &Ident, value: Written<T>) -> Result<()> {
    if slot.is_some() {
        return Err(Error::new(name.span(), format!("`{name}` is set twice: keep one")));
    }
    *slot = Some(value);
    Ok(())
}

fn unknown(name: &Ident) -> Error {
    Error::new(name.span(), format!("`{name}` is no option of this attribute; there are {KNOWN}"))
}

fn default_facade() -> Path {
    syn::parse_quote!(::rt)
}
