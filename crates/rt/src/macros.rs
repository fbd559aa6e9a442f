//! The macros: `main` and `test` are ours; what joins and selects futures is tokio's, which need no
//! runtime.

#[doc(inline)]
pub use rt_macros::{main, test};
pub use tokio::{join, pin, select, try_join};
