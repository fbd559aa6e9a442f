use std::str::FromStr as _;

use proc_macro2::{Delimiter, LineColumn, TokenStream, TokenTree};
use quote::quote;

use super::{Attribute, expand};

fn main(options: TokenStream, item: TokenStream) -> String {
    expand(Attribute::Main, options, item).to_string()
}

fn test(options: TokenStream, item: TokenStream) -> String {
    expand(Attribute::Test, options, item).to_string()
}

/// The errors in what `source` expands to: their text, and the source they point at.
///
/// `source` is one line: the options in the parentheses of `#[main(..)]` or `#[test(..)]`, then
/// the item.
fn errors(source: &str) -> Vec<(String, String)> {
    let mut tokens = TokenStream::from_str(source).expect("the source is tokens").into_iter();
    tokens.next().expect("a hash");
    let Some(TokenTree::Group(brackets)) = tokens.next() else {
        panic!("the attribute stands in brackets");
    };
    let mut inside = brackets.stream().into_iter();
    let attribute = match inside.next().expect("a name").to_string().as_str() {
        "main" => Attribute::Main,
        "test" => Attribute::Test,
        other => panic!("no such attribute: {other}"),
    };
    let options = match inside.next() {
        Some(TokenTree::Group(parentheses)) => parentheses.stream(),
        _ => TokenStream::new(),
    };
    let expanded: Vec<TokenTree> =
        expand(attribute, options, tokens.collect()).into_iter().collect();
    expanded
        .windows(3)
        .filter_map(|window| match window {
            [TokenTree::Ident(name), TokenTree::Punct(_), TokenTree::Group(group)]
                if name == "compile_error" && group.delimiter() == Delimiter::Brace =>
            {
                let message = group.stream().to_string();
                let message = message[1..message.len() - 1].replace("\\\"", "\"");
                Some((message, between(source, name.span().start(), group.span().end())))
            }
            _ => None,
        })
        .collect()
}

fn between(source: &str, start: LineColumn, end: LineColumn) -> String {
    assert_eq!((start.line, end.line), (1, 1), "the error points into the source");
    source.chars().skip(start.column).take(end.column - start.column).collect()
}

#[track_caller]
fn one_error(source: &str, at: &str, text: &str) {
    let errors = errors(source);
    assert_eq!(errors.len(), 1, "one mistake, one message: {errors:?}");
    assert_eq!(errors[0].1, at, "the message points elsewhere: {}", errors[0].0);
    assert!(errors[0].0.contains(text), "the message is: {}", errors[0].0);
}

#[test]
fn main_blocks_on_the_body_with_the_builder_of_the_facade() {
    let expanded = main(
        quote!(),
        quote!(
            /// Says hello.
            #[cold]
            pub(crate) async fn hello() -> Result<(), Error> {
                greet().await?;
                Ok(())
            }
        ),
    );
    let refused = super::REFUSED;
    let expected = quote! {
        /// Says hello.
        #[cold]
        pub(crate) fn hello() -> Result<(), Error> {
            let body = async {
                if let ::core::option::Option::Some(output) =
                    ::core::option::Option::None::<Result<(), Error>>
                {
                    return output;
                }
                greet().await?;
                Ok(())
            };
            #[allow(
                unreachable_code,
                clippy::diverging_sub_expression,
                clippy::expect_used,
                clippy::needless_return
            )]
            {
                return ::rt::__macros::builder()
                    .enable_all()
                    .build()
                    .expect(#refused)
                    .block_on(body);
            }
        }
    };
    // `>>` is one operator in a file and two in an expansion: spaces do not count.
    let dense = |text: &str| text.replace(' ', "");
    assert_eq!(dense(&expanded), dense(&expected.to_string()));
}

#[test]
fn a_test_runs_on_one_thread_and_keeps_its_attributes() {
    let expanded = test(
        quote!(),
        quote!(
            #[should_panic]
            async fn panics() {
                panic!("as expected")
            }
        ),
    );
    let attributes = quote!(#[should_panic] #[::core::prelude::v1::test] fn panics()).to_string();
    assert!(expanded.starts_with(&attributes), "{expanded}");
    let builder = quote!(return ::rt::runtime::Builder::new_current_thread().enable_all());
    assert!(expanded.contains(&builder.to_string()), "{expanded}");
    assert!(
        expanded.contains(&quote!(::core::option::Option::None::<()>).to_string()),
        "{expanded}"
    );
}

#[test]
fn every_option_reaches_the_builder() {
    let item = quote!(
        async fn main() {}
    );
    for (options, calls) in [
        (
            quote!(flavor = "current_thread", start_paused = true),
            quote!(
                ::rt::runtime::Builder::new_current_thread()
                    .start_paused(true)
                    .enable_all()
                    .build()
            ),
        ),
        (
            quote!(flavor = "multi_thread", worker_threads = 4,),
            quote!(
                ::rt::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build()
            ),
        ),
        (
            quote!(flavor = "local", start_paused = false),
            quote!(
                ::rt::runtime::Builder::new_current_thread()
                    .start_paused(false)
                    .enable_all()
                    .build_local()
            ),
        ),
        (
            quote!(tokio_compat = true),
            quote!(
                ::rt::__macros::builder()
                    .tokio_compat(::rt::compat::TokioCompat::new())
                    .enable_all()
                    .build()
            ),
        ),
        (
            quote!(tokio_compat = false, crate = "mine"),
            quote!(mine::__macros::builder().enable_all().build()),
        ),
        (
            quote!(worker_threads = 0x2),
            quote!(::rt::__macros::builder().worker_threads(0x2).enable_all().build()),
        ),
        (
            quote!(crate = "crate::parts::rt", flavor = "multi_thread"),
            quote!(crate::parts::rt::runtime::Builder::new_multi_thread().enable_all().build()),
        ),
    ] {
        let expanded = main(options.clone(), item.clone());
        assert!(expanded.contains(&calls.to_string()), "{options} gave {expanded}");
        assert!(!expanded.contains("compile_error"), "{options} gave {expanded}");
    }
}

#[test]
fn generics_arguments_and_inner_attributes_stay_with_the_function() {
    let expanded = main(
        quote!(),
        quote!(
            async fn twice<T: Copy>(value: T) -> (T, T)
            where
                T: Send,
            {
                #![allow(unused)]
                (value, value)
            }
        ),
    );
    let signature = quote!(#[allow(unused)] fn twice<T: Copy>(value: T) -> (T, T) where T: Send);
    assert!(expanded.starts_with(&signature.to_string()), "{expanded}");
    assert!(expanded.contains(&quote!((value, value)).to_string()), "{expanded}");
}

#[test]
fn an_opaque_output_is_left_to_inference() {
    let expanded = main(
        quote!(),
        quote!(
            async fn opaque() -> Result<impl Debug, ()> {
                Ok(1)
            }
        ),
    );
    assert!(expanded.contains(&quote!(async { Ok(1) }).to_string()), "{expanded}");
}

#[test]
fn a_function_that_is_not_async_is_refused() {
    one_error("#[main] fn main() {}", "fn", "write `async fn`");
    one_error("#[test] pub fn reads() {}", "fn", "write `async fn`");
}

#[test]
fn what_is_no_function_is_refused() {
    one_error("#[main] struct Main;", "struct", "stands on an `async fn`");
}

#[test]
fn arguments_nobody_can_pass_are_refused() {
    one_error("#[main] async fn main(count: u8) {}", "count: u8", "`std::env::args`");
    one_error("#[test] async fn counts(count: u8) {}", "count: u8", "takes no arguments");
}

#[test]
fn a_second_test_attribute_is_refused() {
    one_error("#[test] #[test] async fn once() {}", "#[test]", "run twice");
    let twice = "#[test] #[core::prelude::v1::test] async fn once() {}";
    one_error(twice, "#[core::prelude::v1::test]", "run twice");
}

#[test]
fn an_unknown_option_is_refused_with_the_known_ones() {
    let known = "there are `flavor`, `worker_threads`, `start_paused`, `tokio_compat`, `crate`";
    one_error("#[main(threads = 4)] async fn main() {}", "threads", known);
    one_error("#[main(multi_thread)] async fn main() {}", "multi_thread", known);
}

#[test]
fn an_option_without_a_value_is_refused() {
    one_error("#[main(flavor)] async fn main() {}", "flavor", "`flavor` needs a value");
    one_error("#[main(flavor = many())] async fn main() {}", "many", "must be a literal");
}

#[test]
fn a_value_of_the_wrong_kind_is_refused() {
    for (option, at, text) in [
        ("flavor = \"threads\"", "\"threads\"", "\"current_thread\", \"multi_thread\", \"local\""),
        ("flavor = 2", "2", "\"current_thread\", \"multi_thread\", \"local\""),
        ("worker_threads = \"2\"", "\"2\"", "a whole number from 1"),
        ("worker_threads = 0", "0", "a whole number from 1"),
        ("start_paused = 1", "1", "`true` or `false`"),
        ("tokio_compat = \"yes\"", "\"yes\"", "`true` or `false`"),
        ("crate = 7", "7", "a path in quotes"),
        ("crate = \"not a path\"", "\"not a path\"", "a path in quotes"),
    ] {
        one_error(&format!("#[main({option})] async fn main() {{}}"), at, text);
    }
}

#[test]
fn an_option_set_twice_is_refused() {
    let source = "#[test(start_paused = true, start_paused = true)] async fn twice() {}";
    one_error(source, "start_paused", "`start_paused` is set twice");
}

#[test]
fn many_workers_on_one_thread_are_refused() {
    for options in [
        "flavor = \"current_thread\", worker_threads = 2",
        "worker_threads = 2, flavor = \"local\"",
    ] {
        one_error(
            &format!("#[main({options})] async fn main() {{}}"),
            "2",
            "#[rt::main(flavor = \"multi_thread\"",
        );
    }
    one_error(
        "#[test(worker_threads = 2)] async fn works() {}",
        "2",
        "#[rt::test(flavor = \"multi_thread\"",
    );
}

#[test]
fn a_paused_clock_on_many_threads_is_refused() {
    let advice = "#[rt::main(flavor = \"current_thread\"";
    one_error("#[main(start_paused = true)] async fn main() {}", "true", advice);
    one_error(
        "#[main(start_paused = true, flavor = \"multi_thread\")] async fn main() {}",
        "true",
        advice,
    );
}

#[test]
fn beside_an_error_the_function_keeps_its_name_and_type() {
    let expanded = main(
        quote!(threads = 4),
        quote!(
            async fn main() -> u8 {
                0
            }
        ),
    );
    assert!(expanded.starts_with(&quote!(fn main() -> u8).to_string()), "{expanded}");
}
