//! A team that works, and its end.

use std::thread;
use std::time::Duration;

use rt_steal::{Shared, Team, Worker};
use rt_waker::Parker;

const LIMIT: Duration = Duration::from_secs(60);

/// A team whose workers wait at a park without timers.
pub(crate) fn start(workers: usize) -> Team {
    let (team, places) = Team::hire(workers).unwrap();
    let park = Shared::new(Parker::new());
    team.share(&park);
    for place in places {
        let park = park.another();
        thread::spawn(move || Worker::new(place, park, (), ()).run());
    }
    team
}

pub(crate) fn end(team: &Team) {
    team.close();
    assert!(team.wait(Some(LIMIT)), "a worker does not leave");
    assert_eq!(team.alive(), 0);
}
