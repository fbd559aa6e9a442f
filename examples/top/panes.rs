//! Workers, the busiest places and the slowest polls.

use ratatui::Frame;
use ratatui::layout::{Constraint, Rect};
use ratatui::widgets::{Cell, Row, Table};
use rt::metrics::PlaceSnapshot;

use super::look::{self, Sample};
use super::text::{class, head, heat, left, number, percent, place, right, slowness, time};

/// A title that is a column too, and heads over numbers.
fn titles(first: &[&str], rest: &[&str]) -> Row<'static> {
    let first = first.iter().map(|title| left(*title));
    Row::new(first.chain(rest.iter().map(|title| right(*title)))).style(head())
}

fn widths(first: Constraint, rest: &[u16]) -> Vec<Constraint> {
    [first].into_iter().chain(rest.iter().map(|width| Constraint::Length(*width))).collect()
}

pub(crate) fn workers(frame: &mut Frame<'_>, area: Rect, sample: &Sample<'_>) {
    const REST: [u16; 6] = [5, 8, 8, 8, 8, 6];
    let gauge = area.width.saturating_sub(9 + REST.iter().map(|width| width + 1).sum::<u16>() + 1);
    let rows = sample.lately.workers.iter().enumerate().map(|(index, worker)| {
        let share = sample.share(worker.busy);
        let rate = |count| right(number(sample.rate(count)));
        Row::new([
            left(format!(" {index}")),
            Cell::from(bar(share, gauge)).style(heat(share)),
            right(percent(share)),
            rate(worker.polls),
            rate(worker.steals),
            rate(worker.parks),
            rate(worker.slot_hits),
            right(worker.queue_depth.to_string()),
        ])
    });
    let mut all = widths(Constraint::Length(9), &[gauge]);
    all.extend(&widths(Constraint::Length(REST[0]), &REST[1..]));
    let heads = ["busy", "polls/s", "steals/s", "parks/s", "slot/s", "queue"];
    frame.render_widget(Table::new(rows, all).header(titles(&[" WORKERS", ""], &heads)), area);
}

/// Full to so much.
fn bar(share: f64, width: u16) -> String {
    let full = (share * f64::from(width)).round() as usize;
    "█".repeat(full) + &"░".repeat(usize::from(width).saturating_sub(full))
}

/// What was polled longest in the last second.
pub(crate) fn busiest(frame: &mut Frame<'_>, area: Rect, sample: &Sample<'_>) {
    let rows = sample.places.iter().take(usize::from(area.height)).map(|row| {
        let share = sample.share(row.poll_time.sum());
        // A dash where no delay is known, which is not the same as none.
        let has_delay = row.delay.count() > 0;
        let delay = if has_delay { time(row.delay.quantile(0.99)) } else { "-".to_owned() };
        Row::new([
            left(names(row)),
            left(place(row.place)),
            left(class(row.class)),
            right(percent(share)).style(heat(share)),
            right(number(sample.rate(row.polls()))),
            right(time(row.poll_time.mean())),
            right(time(row.poll_time.quantile(0.99))),
            right(delay),
        ])
    });
    let widths = widths(Constraint::Fill(1), &[16, 6, 4, 7, 6, 6, 6]);
    let heads = ["busy", "polls/s", "mean", "p99", "wait"];
    let titles = titles(&[" BUSIEST PLACES", "spawned at", "class"], &heads);
    frame.render_widget(Table::new(rows, widths).header(titles), area);
}

/// Where the longest polls were, since the beginning.
pub(crate) fn slowest(frame: &mut Frame<'_>, area: Rect, sample: &Sample<'_>) {
    let slowest = look::slowest(&sample.now.places, usize::from(area.height));
    let rows = slowest.iter().map(|row| {
        let (max, all) = (row.poll_time.max(), row.poll_time.sum());
        Row::new([
            left(names(row)),
            left(place(row.place)),
            left(class(row.class)),
            right(time(max)).style(slowness(max)),
            right(time(row.poll_time.quantile(0.99))),
            right(time(row.poll_time.quantile(0.5))),
            right(number(row.polls() as f64)),
            right(time(all)),
        ])
    });
    let widths = widths(Constraint::Fill(1), &[16, 6, 6, 6, 6, 6, 6]);
    let heads = ["max", "p99", "p50", "polls", "all"];
    let titles = titles(&[" SLOWEST POLLS", "spawned at", "class"], &heads);
    frame.render_widget(Table::new(rows, widths).header(titles), area);
}

fn names(row: &PlaceSnapshot) -> String {
    match &row.names[..] {
        [] => " -".to_owned(),
        [name] => format!(" {name}"),
        [first, ..] => format!(" {first}, …"),
    }
}
