#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod expand;
mod function;
mod options;

use proc_macro::TokenStream;

use options::Attribute;

/// Runs an `async fn` to its end on a runtime of its own: the attribute of `main`.
///
/// ```text
/// #[rt::main]
/// async fn main() {
///     rt::spawn(async { println!("hello") }).await.unwrap();
/// }
/// ```
///
/// | option | values | without it |
/// |---|---|---|
/// | `flavor` | `"current_thread"`, `"multi_thread"`, `"local"` (one thread, keeps local tasks between runs) | `"multi_thread"` |
/// | `worker_threads` | a whole number from 1; not with a flavor of one thread | as many as there are CPUs |
/// | `start_paused` | `true`, `false`; asks for a flavor of one thread | the clock runs |
/// | `tokio_compat` | `true`, `false`; needs the feature `tokio-context` of `rt`: a tokio runtime stands behind, for libraries that ask for one | none does |
/// | `crate` | the path of `rt`, in quotes | `"::rt"` |
///
/// `#[rt::main(flavor = "current_thread", start_paused = true)]` is a program whose clock jumps.
///
/// The code that it writes names `::rt`. Where that crate has another name, say which one. After
/// `runtime = { package = "rt", .. }` in `Cargo.toml`, that is
/// `#[runtime::main(crate = "runtime")]`; where `rt` is re-exported by a crate of yours,
/// `#[mine::rt::main(crate = "mine::rt")]`.
///
/// `main` takes no arguments; any other function may, and may be a method.
#[proc_macro_attribute]
pub fn main(options: TokenStream, function: TokenStream) -> TokenStream {
    expand::expand(Attribute::Main, options.into(), function.into()).into()
}

/// Runs an `async fn` as a test, on a current-thread runtime of its own.
///
/// ```text
/// #[rt::test(start_paused = true)]
/// async fn an_hour_is_soon_over() {
///     rt::time::sleep(Duration::from_secs(3600)).await;
/// }
/// ```
///
/// | option | values | without it |
/// |---|---|---|
/// | `flavor` | `"current_thread"`, `"multi_thread"`, `"local"` (one thread, keeps local tasks between runs) | `"current_thread"` |
/// | `worker_threads` | a whole number from 1; not with a flavor of one thread | as many as there are CPUs |
/// | `start_paused` | `true`, `false`; asks for a flavor of one thread | the clock runs |
/// | `tokio_compat` | `true`, `false`; needs the feature `tokio-context` of `rt`: a tokio runtime stands behind, for libraries that ask for one | none does |
/// | `crate` | the path of `rt`, in quotes; for a dependency with another name, see [`macro@main`] | `"::rt"` |
///
/// A test takes no arguments, and may return a `Result`. Other attributes, such as `#[should_panic]`
/// and `#[ignore]`, stand beside it.
#[proc_macro_attribute]
pub fn test(options: TokenStream, function: TokenStream) -> TokenStream {
    expand::expand(Attribute::Test, options.into(), function.into()).into()
}
