//! In which order things happen: step 0 of the course asks before it runs this.
//!
//! Run it with `cargo run --example breakfast`.

#![forbid(unsafe_code)]

use rt::runtime::Builder;
use rt::time::{Duration, sleep};

fn main() {
    let one_thread = Builder::new_current_thread().enable_all().build().expect("a thread is there");
    one_thread.block_on(async {
        println!("main: begins");
        let tea = rt::spawn(async {
            println!("tea: the kettle is on");
            sleep(Duration::from_millis(40)).await;
            println!("tea: is ready");
        });
        println!("main: has spawned the tea");
        let toast = async {
            println!("toast: goes in");
            sleep(Duration::from_millis(20)).await;
            println!("toast: comes out");
        };
        toast.await;
        tea.await.expect("nobody panics");
        println!("main: breakfast");
    });
}
