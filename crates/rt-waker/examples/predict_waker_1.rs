//! What a slot drops, what a batch wakes, and when.

use std::sync::{Arc, Mutex};
use std::task::{Wake, Waker};

use rt_waker::{WakeBatch, WakerSlot};

struct Named(&'static str);

impl Wake for Named {
    fn wake(self: Arc<Self>) {
        println!("{} is woken", self.0);
    }
}

impl Drop for Named {
    fn drop(&mut self) {
        println!("{} is dropped", self.0);
    }
}

fn main() {
    let timers = Mutex::new(WakerSlot::new());
    let mut batch = WakeBatch::new();
    let slot = timers.lock().expect("one thread");
    slot.register(&Waker::from(Arc::new(Named("the older one"))));
    println!("the older one is registered");
    slot.register(&Waker::from(Arc::new(Named("the newer one"))));
    println!("the newer one is registered");
    slot.take().into_iter().for_each(|waker| batch.push(waker));
    drop(slot);
    println!("the lock is free");
    batch.wake_all();
}
