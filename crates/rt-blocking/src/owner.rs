//! Who keeps a pool open: its handles, not its threads.

use std::sync::Arc;

use crate::shared::Shared;

/// One for all handles of a pool. The threads hold what is behind it, and so end after it.
pub(crate) struct Owner {
    pub(crate) shared: Arc<Shared>,
}

impl Drop for Owner {
    /// Closes the pool. Waits for nobody: this may be a thread of the pool.
    fn drop(&mut self) {
        self.shared.close();
    }
}
