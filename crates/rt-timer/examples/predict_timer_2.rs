//! Four tasks on a clock that stands, and goes on when all of them wait: who prints when?
use std::time::Duration;

use rt_executor::{Executor, Fifo};
use rt_timer::{Clock, Instant, TimerDriver, interval, sleep, timeout};
use rt_waker::Parker;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn main() {
    let driver = TimerDriver::new(Parker::new(), Clock::manual());
    let _entered = driver.timers().enter();
    let executor = Executor::with(driver, Fifo::new(), ());
    let start = Instant::now();
    executor.spawn(async move {
        sleep(ms(20)).await;
        println!("a sleep of 20 ends after {:?}", start.elapsed());
    });
    executor.spawn(async move {
        let late = timeout(ms(15), sleep(ms(30))).await;
        println!("a timeout of 15 says {late:?} after {:?}", start.elapsed());
    });
    executor.spawn(async move {
        let mut every = interval(ms(10));
        for _ in 0..3 {
            every.tick().await;
            println!("an interval of 10 ticks after {:?}", start.elapsed());
        }
    });
    executor.run(async move {
        println!("a timeout of 0 says {:?}", timeout(ms(0), async { "in time" }).await);
        sleep(ms(25)).await;
    });
}
