//! From an `async fn` to a `fn` that builds a runtime and blocks on the body.
//!
//! What it owns: the shape of the expansion, and which function is refused. Not here: reading the options or the function.

use proc_macro2::{Delimiter, Group, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Error, Result, ReturnType};

use crate::function::Function;
use crate::options::{Attribute, Flavor, Plan};

/// What the panic says when `build` fails; the error of the system follows it.
const REFUSED: &str =
    "the runtime could not be built, look at the limits of threads and of open files";

/// Expands `attribute`. An error becomes `compile_error!` beside a function that still has the
/// name, the arguments and the type of the one that was written: one mistake, one message.
pub(crate) fn expand(attribute: Attribute, options: TokenStream, item: TokenStream) -> TokenStream {
    let function = match Function::read(item.clone()) {
        Ok(function) => function,
        Err(error) => return beside(item, &error),
    };
    match check(attribute, &function).and_then(|()| Plan::read(attribute, options)) {
        Ok(plan) => run(attribute, &plan, &function),
        Err(error) => beside(run(attribute, &Plan::fallback(), &function), &error),
    }
}

fn beside(mut tokens: TokenStream, error: &Error) -> TokenStream {
    tokens.extend(error.to_compile_error());
    tokens
}

fn check(attribute: Attribute, function: &Function) -> Result<()> {
    let arguments = function.arguments.stream();
    if attribute == Attribute::Test {
        if let Some(second) = function.attributes.iter().find(|other| is_test(other)) {
            return Err(Error::new_spanned(
                second,
                "a second test attribute: the test would run twice; keep one",
            ));
        }
        if !arguments.is_empty() {
            return Err(Error::new_spanned(
                arguments,
                "a test takes no arguments: nobody is there to pass them",
            ));
        }
    } else if function.name == "main" && !arguments.is_empty() {
        return Err(Error::new_spanned(
            arguments,
            "`main` takes no arguments: read them from `std::env::args`",
        ));
    }
    Ok(())
}

/// `#[test]`, or the path that it is short for.
fn is_test(attribute: &syn::Attribute) -> bool {
    let path: Vec<String> =
        attribute.path().segments.iter().map(|segment| segment.ident.to_string()).collect();
    matches!(
        path.iter().map(String::as_str).collect::<Vec<_>>()[..],
        ["test"] | ["core" | "std", "prelude", _, "test"]
    )
}

fn run(attribute: Attribute, plan: &Plan, function: &Function) -> TokenStream {
    let Function {
        attributes,
        visibility,
        asyncness,
        keyword,
        name,
        generics,
        arguments,
        output,
        ..
    } = function;
    let where_clause = &generics.where_clause;
    let test = match attribute {
        Attribute::Main => TokenStream::new(),
        Attribute::Test => quote!(#[::core::prelude::v1::test]),
    };
    let body = typed(function);
    let runtime = runtime(plan);
    quote! {
        #(#attributes)*
        #test
        #visibility #keyword #name #generics #arguments #output #where_clause {
            let body = #asyncness #body;
            #[allow(
                unreachable_code,
                clippy::diverging_sub_expression,
                clippy::expect_used,
                clippy::needless_return
            )]
            {
                return #runtime.block_on(body);
            }
        }
    }
}

/// The body, after a return of the declared type that never happens. An async block can not declare
/// its output; this way the compiler knows it while it checks the body (a `?`, a `Box<dyn Error>`),
/// and reports a mismatch once, in the body. The trick is `async-trait`'s.
fn typed(function: &Function) -> Group {
    let body = &function.body;
    let Some(output) = function.output_type() else {
        return body.clone();
    };
    // Where the compiler says "return type inferred to be .. here".
    let declared = match &function.output {
        ReturnType::Default => function.name.span(),
        ReturnType::Type(_, output) => output.span(),
    };
    let never = quote_spanned! {Span::mixed_site().located_at(declared)=>
        if let ::core::option::Option::Some(output) = ::core::option::Option::None::<#output> {
            return output;
        }
    };
    let statements = body.stream();
    let mut typed = Group::new(Delimiter::Brace, quote!(#never #statements));
    typed.set_span(body.span());
    typed
}

fn runtime(plan: &Plan) -> TokenStream {
    let facade = &plan.facade;
    let builder = match plan.flavor {
        Flavor::Facade => quote!(#facade::__macros::builder()),
        Flavor::CurrentThread | Flavor::Local => {
            quote!(#facade::runtime::Builder::new_current_thread())
        }
        Flavor::MultiThread => quote!(#facade::runtime::Builder::new_multi_thread()),
    };
    let worker_threads = plan.worker_threads.iter();
    let start_paused = plan.start_paused.iter();
    let tokio_compat = plan.has_tokio.then(|| quote!(#facade::compat::TokioCompat::new()));
    let tokio_compat = tokio_compat.iter();
    let build = match plan.flavor {
        Flavor::Local => quote!(build_local),
        Flavor::Facade | Flavor::CurrentThread | Flavor::MultiThread => quote!(build),
    };
    quote! {
        #builder
            #(.worker_threads(#worker_threads))*
            #(.start_paused(#start_paused))*
            #(.tokio_compat(#tokio_compat))*
            .enable_all()
            .#build()
            .expect(#REFUSED)
    }
}

#[cfg(test)]
mod tests;
