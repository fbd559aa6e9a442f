//! The function under the attribute, read no deeper than the expansion needs.
//!
//! The body stays the tokens that the user wrote. It is never parsed here, so a mistake in it is
//! reported by the compiler, at its place, and this crate does without the grammar of expressions.

use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use quote::{ToTokens as _, quote};
use syn::parse::{Parse, ParseStream, Parser as _};
use syn::{
    AttrStyle, Attribute, Error, Generics, Result, ReturnType, Token, Type, Visibility, WhereClause,
};

/// `#[attributes] pub async fn name<generics>(arguments) -> Output where .. { body }`
pub(crate) struct Function {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) asyncness: Token![async],
    pub(crate) keyword: Token![fn],
    pub(crate) name: Ident,
    pub(crate) generics: Generics,
    pub(crate) arguments: Group,
    pub(crate) output: ReturnType,
    pub(crate) body: Group,
}

impl Function {
    /// Reads the item under the attribute.
    pub(crate) fn read(tokens: TokenStream) -> Result<Function> {
        Function::parse.parse2(tokens)
    }

    /// The output, if it can be written a second time: `impl Trait` would be another type there,
    /// and `!` is none on stable.
    pub(crate) fn output_type(&self) -> Option<TokenStream> {
        match &self.output {
            ReturnType::Default => Some(quote!(())),
            ReturnType::Type(_, output) if matches!(**output, Type::Never(_)) => None,
            ReturnType::Type(_, output) => {
                let tokens = output.to_token_stream();
                (!mentions(tokens.clone(), "impl")).then_some(tokens)
            }
        }
    }
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        let asyncness: Option<Token![async]> = input.parse()?;
        if !input.peek(Token![fn]) {
            return Err(input.error("this attribute stands on an `async fn`"));
        }
        let keyword: Token![fn] = input.parse()?;
        let Some(asyncness) = asyncness else {
            return Err(Error::new(keyword.span, "the function is not async: write `async fn`"));
        };
        let name = input.parse()?;
        let mut generics: Generics = input.parse()?;
        let arguments = input.parse()?;
        let output = input.parse()?;
        generics.where_clause = input.parse::<Option<WhereClause>>()?;
        let block: Group = input.parse()?;

        // `#![..]` at the start of the body belongs to the function, not to the async block.
        let (inner, body) = (|body: ParseStream<'_>| {
            Ok((body.call(Attribute::parse_inner)?, body.parse::<TokenStream>()?))
        })
        .parse2(block.stream())?;
        attributes.extend(inner.into_iter().map(|mut attribute| {
            attribute.style = AttrStyle::Outer;
            attribute
        }));
        let mut rest = Group::new(block.delimiter(), body);
        rest.set_span(block.span());

        Ok(Function {
            attributes,
            visibility,
            asyncness,
            keyword,
            name,
            generics,
            arguments,
            output,
            body: rest,
        })
    }
}

fn mentions(tokens: TokenStream, word: &str) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == word,
        TokenTree::Group(group) => mentions(group.stream(), word),
        _ => false,
    })
}
