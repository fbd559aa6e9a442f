#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod expand;
mod function;
mod options;

use proc_macro::TokenStream;

use options::Attribute;

/// Runs an `async fn` to its end on a runtime of its own.
///
/// The options and their defaults stand in the [crate documentation](crate).
#[proc_macro_attribute]
pub fn main(options: TokenStream, function: TokenStream) -> TokenStream {
    expand::expand(Attribute::Main, options.into(), function.into()).into()
}

/// Runs an `async fn` as a test, on a current-thread runtime of its own.
///
/// The options and their defaults stand in the [crate documentation](crate).
#[proc_macro_attribute]
pub fn test(options: TokenStream, function: TokenStream) -> TokenStream {
    expand::expand(Attribute::Test, options.into(), function.into()).into()
}
