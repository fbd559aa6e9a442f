//! One `block_on`: the local tasks of its thread, and the context in which they run and end.

use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::task::Waker;

use rt_executor::{Home, RootFuture, drive};
use rt_steal::Watching;
use rt_waker::{Park, WakeBatch};

use crate::context::{self, Entered};
use crate::inner::{Inner, RuntimeFlavor};
use crate::recorder::Recorder;
use crate::runtime::threads::Queue;

/// Local tasks belong to the thread, and end with its `block_on`. They are dropped first, while the
/// runtime is still the thread's.
pub(super) struct Session {
    pub(super) home: Home<Queue, Recorder>,
    _watching: Option<Watching>,
    _entered: Entered,
}

impl Session {
    /// Enters the runtime, with local tasks whose thread is woken by `bell`.
    pub(super) fn new(runtime: &Inner, bell: Waker) -> Session {
        let recorder = runtime.recorder.clone();
        let watching = Session::watch(runtime);
        let recorder = recorder.watched(watching.as_ref());
        // Until it waits; dropped, nobody looks any more.
        watching.iter().for_each(|watching| watching.watch().set_awake(true));
        let home = Home::new(Queue::aged(runtime.ageing.clone()), recorder, bell);
        runtime.settle(&home.local_handle());
        let entered = context::enter(runtime.clone(), Some(home.local_handle()));
        Session { home, _watching: watching, _entered: entered }
    }

    /// Local tasks that share a thread with all others hold them up.
    fn watch(runtime: &Inner) -> Option<Watching> {
        let is_shared = runtime.flavor == RuntimeFlavor::CurrentThread;
        let watch = || runtime.recorder.lookout.watch(None).ok(); // there is a monitor: the runtime has seen to it
        is_shared.then(watch).flatten().flatten()
    }

    /// Runs a future to its end, and the local tasks of this thread; no others.
    pub(super) fn block_on<F: Future>(&mut self, future: F, park: &mut impl Park) -> F::Output {
        let mut root = pin!(future);
        let mut root = RootFuture::new(root.as_mut(), park.waker());
        let (mut home, mut ready) = (self.home.enter(), WakeBatch::new());
        let never = || None::<Infallible>;
        let Ok(output) = drive(&mut root, &mut home, park, &mut ready, never);
        output
    }
}
