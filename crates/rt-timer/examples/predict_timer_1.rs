//! A wheel, by hand: what fires, and in which order?
use rt_timer::Wheel;

fn main() {
    let mut wheel = Wheel::new();
    let bread = wheel.insert(100, "bread");
    wheel.insert(70, "egg");
    wheel.insert(100, "tea");
    let soup = wheel.insert(4_000, "soup");
    wheel.insert(64, "bell");
    wheel.reset(bread, 100);
    println!("the next deadline is {:?}", wheel.next_deadline());
    wheel.expire(69, |name| println!("until 69: {name}"));

    wheel.insert(10, "toast");
    wheel.reset(soup, 99);
    wheel.expire(100, |name| println!("until 100: {name}"));
    println!("and then {:?} waits", wheel.remove(bread));
}
