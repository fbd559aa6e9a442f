//! Chapter 10: what others read of a trace: JSON for Chrome's viewers, and a page.

use std::collections::HashMap;
use std::time::Duration;

use rt_metrics::trace::{Outcome, What};
use rt_task::Id;
use rt_testkit::within;
use serde_json::Value;

#[path = "trace/stage.rs"]
mod stage;

use stage::{HOSTILE, Stage, alone};

const LIMIT: Duration = Duration::from_secs(60);

/// Tasks that wait for each other, on two threads; one poll inside of another; somebody who steals.
fn program() -> Stage {
    let stage = Stage::new(1000);
    let first = stage.spawn("first", async { 1 });
    let _detached = stage.spawn("second", async move { first.await.unwrap() + 1 });
    stage.note(What::Parking);
    stage.note(What::Parked);
    stage.note(What::Stolen(2));
    stage.run();
    let (outer, inner) = (Id::next(), Id::next());
    let trace = stage.trace.clone();
    let body = move || {
        for (task, what) in [
            (outer, What::Polling),
            (inner, What::Polling),
            (inner, What::Polled(Outcome::Pending)),
            (outer, What::Polled(Outcome::Done)),
        ] {
            trace.record(Some(task), Some(1), what);
        }
    };
    std::thread::spawn(body).join().unwrap();
    stage
}

fn events(json: &str) -> Vec<Value> {
    let json: Value = serde_json::from_str(json).expect("it is JSON");
    json["traceEvents"].as_array().expect("a list of events").clone()
}

fn of<'a>(events: &'a [Value], phase: &str) -> Vec<&'a Value> {
    events.iter().filter(|event| event["ph"] == phase).collect()
}

/// Nanoseconds.
fn time(value: &Value) -> u64 {
    (value.as_f64().expect("a number") * 1000.0).round() as u64
}

#[test]
fn in_chromes_json_bars_nest_and_threads_have_names() {
    let _alone = alone();
    within(LIMIT, || {
        let events = events(&program().trace.to_chrome_json());
        let names: Vec<_> = of(&events, "M")
            .into_iter()
            .filter(|event| event["name"] == "thread_name")
            .map(|event| (event["tid"].as_u64().unwrap(), event["args"]["name"].as_str().unwrap()))
            .collect();
        assert_eq!(names, [(1, "worker 0"), (2, "worker 1")]);
        let mut bars: HashMap<u64, Vec<(u64, u64)>> = HashMap::new();
        for bar in of(&events, "X") {
            assert_eq!(bar["pid"], 1);
            let from = time(&bar["ts"]);
            let row = bars.entry(bar["tid"].as_u64().unwrap()).or_default();
            row.push((from, from + time(&bar["dur"])));
        }
        assert!(bars[&1].len() >= 4 && bars[&2].len() == 2, "{bars:?}");
        for (thread, row) in bars {
            for (at, &(from, to)) in row.iter().enumerate() {
                let nests = |&(other, end): &(u64, u64)| {
                    end <= from
                        || to <= other
                        || (from <= other && end <= to)
                        || (other <= from && to <= end)
                };
                assert!(row[at..].iter().all(nests), "bars of thread {thread} cross: {row:?}");
            }
        }
        let polls: Vec<_> =
            of(&events, "X").into_iter().filter(|bar| bar["cat"] == "poll").collect();
        assert!(
            polls.iter().any(|bar| bar["name"] == "second" && bar["args"]["ended"] == "Completed")
        );
        let place = polls[0]["args"]["place"].as_str().expect("where it was spawned");
        assert!(place.contains("stage.rs:"), "{place}");
        let marks = of(&events, "i");
        assert!(marks.iter().any(|mark| mark["name"] == "steal" && mark["args"]["count"] == 2));
    });
}

#[test]
fn in_chromes_json_every_arrow_has_two_ends_in_bars() {
    let _alone = alone();
    within(LIMIT, || {
        let events = events(&program().trace.to_chrome_json());
        let (starts, ends) = (of(&events, "s"), of(&events, "f"));
        assert!(!starts.is_empty(), "nobody was woken");
        assert_eq!(starts.len(), ends.len());
        let bars = of(&events, "X");
        let is_in_a_bar = |end: &Value| {
            bars.iter().any(|bar| {
                let (from, at) = (time(&bar["ts"]), time(&end["ts"]));
                bar["tid"] == end["tid"] && from <= at && at <= from + time(&bar["dur"])
            })
        };
        for start in starts {
            let pair: Vec<_> = ends.iter().filter(|end| end["id"] == start["id"]).collect();
            let [end] = pair[..] else { panic!("{start} has {} ends", pair.len()) };
            assert_eq!((&start["name"], &start["cat"]), (&end["name"], &end["cat"]), "one arrow");
            assert!(time(&start["ts"]) <= time(&end["ts"]), "{start} is after {end}");
            assert_eq!(end["bp"], "e", "to the bar that begins there");
            assert!(
                is_in_a_bar(start) && is_in_a_bar(end),
                "a viewer draws neither {start} nor {end}"
            );
        }
    });
}

/// What the page knows.
fn data(page: &str) -> &str {
    let (_, rest) = page.split_once(r#"<script type="application/json" id="data">"#).expect("data");
    rest.split_once("</script>").expect("their end").0
}

#[test]
fn the_page_stands_alone_and_has_everything() {
    let _alone = alone();
    within(LIMIT, || {
        let stage = program();
        let page = stage.trace.to_html();
        let data: Value = serde_json::from_str(data(&page)).expect("the data are JSON");
        let picture = stage.trace.picture();
        for (list, count) in [
            ("threads", picture.threads.len()),
            ("tasks", picture.tasks.len()),
            ("bars", picture.bars.len()),
            ("wakes", picture.wakes.len()),
            ("marks", picture.marks.len()),
        ] {
            assert_eq!(data[list].as_array().map(Vec::len), Some(count), "{list}");
            assert!(count > 0, "{list}");
        }
        assert_eq!(data["span"], picture.span);
        for word in ["src=", "href=\"", "@import", "url(http", "fetch(", "XMLHttp", "/* main.js */"]
        {
            assert!(!page.contains(word), "the page asks for something with `{word}`");
        }
        let addresses: Vec<_> =
            page.match_indices("http").map(|(at, _)| &page[at..at + 20]).collect();
        let is_a_name = |text: &&str| {
            text.starts_with("http://www.w3.org/20") || text.starts_with("http-equiv")
        };
        assert!(addresses.iter().all(is_a_name), "{addresses:?}");
    });
}

#[test]
fn hostile_names_stay_names() {
    let _alone = alone();
    within(LIMIT, || {
        let stage = Stage::new(1000);
        HOSTILE.iter().for_each(|name| drop(stage.spawn(name, async {})));
        stage.run();
        let page = stage.trace.to_html();
        let text = data(&page);
        let is_safe = |char: char| !"<>&'".contains(char) && !char.is_control();
        assert!(text.chars().all(is_safe), "a name can end the script that it stands in");
        let known: Value = serde_json::from_str(text).expect("the data are JSON");
        let labels: Vec<_> = known["tasks"]
            .as_array()
            .unwrap()
            .iter()
            .map(|task| task["label"].as_str().unwrap())
            .collect();
        assert_eq!(labels, HOSTILE, "names arrive as they were given");
        let events = events(&stage.trace.to_chrome_json());
        let polled: Vec<_> =
            of(&events, "X").into_iter().filter(|bar| bar["cat"] == "poll").collect();
        let names: Vec<_> = polled.iter().map(|bar| bar["name"].as_str().unwrap()).collect();
        assert_eq!(names, HOSTILE);
        assert_eq!(stage.trace.to_logical().lines().count(), stage.trace.events().len());
    });
}

#[test]
fn a_trace_without_events_can_be_looked_at_too() {
    let _alone = alone();
    within(LIMIT, || {
        let stage = Stage::new(0);
        let page = stage.trace.to_html();
        assert!(serde_json::from_str::<Value>(data(&page)).is_ok());
        assert_eq!(events(&stage.trace.to_chrome_json()).len(), 1);
        assert_eq!(stage.trace.to_logical(), "");
    });
}

#[test]
fn the_name_of_the_file_says_which_format_it_is() {
    let _alone = alone();
    within(LIMIT, || {
        let stage = program();
        let folder = std::env::temp_dir().join(format!("rt-metrics-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        for (name, beginning) in
            [("a.json", "{\"displayTimeUnit"), ("b.html", "<!DOCTYPE"), ("c", "<!DOCTYPE")]
        {
            stage.trace.write(folder.join(name)).unwrap();
            let text = std::fs::read_to_string(folder.join(name)).unwrap();
            assert!(text.starts_with(beginning), "{name}");
        }
        assert!(stage.trace.write(folder.join("none/d.html")).is_err(), "there is no such folder");
        std::fs::remove_dir_all(folder).unwrap();
    });
}
