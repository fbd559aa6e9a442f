//! Without the feature `tokio-context`: nothing stands behind.

use std::io;
use std::marker::PhantomData;
use std::time::Duration;

pub(crate) type Wanted = ();

#[derive(Debug)]
pub(crate) struct Behind;

#[derive(Clone, Debug, Default)]
pub(crate) struct Foreign;

/// The guard of nothing.
#[derive(Debug)]
pub(crate) struct Guard<'a>(PhantomData<&'a Foreign>);

impl Behind {
    pub(crate) fn start(_: &Wanted) -> io::Result<Behind> {
        Ok(Behind)
    }

    pub(crate) fn foreign(&self) -> Foreign {
        Foreign
    }

    pub(crate) fn end(&mut self, _: Duration) {}
}

impl Foreign {
    #[inline]
    pub(crate) fn enter(&self) -> Guard<'_> {
        Guard(PhantomData)
    }
}
