//! tokio's traits.

use crate::io::forward::tokio::{tokio_read, tokio_write};
use crate::io::stdio::stdin::Stdin;
use crate::io::stdio::stdout::{Stderr, Stdout};

tokio_read!(Stdin);
tokio_write!(Stdout Stderr);
