//! Workers, the busiest places and the slowest polls.

use ratatui::Frame;
use ratatui::layout::{Constraint, Rect};
use ratatui::widgets::{Cell, Row, Table};
use rt::metrics::PlaceSnapshot;

use super::look::{self, Sample};
use super::text::{
    class, count, fit, head, heat, left, percent, place, rate, right, slowness, time,
};

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
    let gauge = (room(area, &REST) as u16).saturating_sub(9 + 1);
    let rows = sample.lately.workers.iter().enumerate().map(|(index, worker)| {
        let share = sample.share(worker.busy);
        let per_second = |count| right(rate(sample.rate(count)));
        Row::new([
            left(format!(" {index}")),
            Cell::from(bar(share, gauge)).style(heat(share)),
            right(percent(share)),
            per_second(worker.polls),
            per_second(worker.steals),
            per_second(worker.parks),
            per_second(worker.slot_hits),
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

/// Beside the names: the same in both tables, so that columns stand below each other.
const OF_PLACES: [u16; 7] = [16, 6, 6, 7, 6, 6, 6];

/// What was polled longest in the last second.
pub(crate) fn busiest(frame: &mut Frame<'_>, area: Rect, sample: &Sample<'_>) {
    let room = room(area, &OF_PLACES);
    let rows = sample.places.iter().take(usize::from(area.height)).map(|row| {
        let share = sample.share(row.poll_time.sum());
        // A dash where no delay is known, which is not the same as none.
        let has_delay = row.delay.count() > 0;
        let delay = if has_delay { time(row.delay.quantile(0.99)) } else { "-".to_owned() };
        Row::new([
            left(names(row, room)),
            left(place(row.place, usize::from(OF_PLACES[0]))),
            left(class(row.class)),
            right(percent(share)).style(heat(share)),
            right(rate(sample.rate(row.polls()))),
            right(time(row.poll_time.mean())),
            right(time(row.poll_time.quantile(0.99))),
            right(delay),
        ])
    });
    let widths = widths(Constraint::Fill(1), &OF_PLACES);
    let heads = ["busy", "polls/s", "mean", "p99", "delay"];
    let titles = titles(&[" BUSIEST PLACES", "spawned at", "class"], &heads);
    frame.render_widget(Table::new(rows, widths).header(titles), area);
}

/// Where the longest polls were, since the beginning.
pub(crate) fn slowest(frame: &mut Frame<'_>, area: Rect, sample: &Sample<'_>) {
    let room = room(area, &OF_PLACES);
    let slowest = look::slowest(&sample.now.places, usize::from(area.height));
    let rows = slowest.iter().map(|row| {
        let (max, all) = (row.poll_time.max(), row.poll_time.sum());
        Row::new([
            left(names(row, room)),
            left(place(row.place, usize::from(OF_PLACES[0]))),
            left(class(row.class)),
            right(time(max)).style(slowness(max)),
            right(time(row.poll_time.quantile(0.99))),
            right(time(row.poll_time.quantile(0.5))),
            right(count(row.polls())),
            right(time(all)),
        ])
    });
    let widths = widths(Constraint::Fill(1), &OF_PLACES);
    let heads = ["max", "p99", "p50", "polls", "all"];
    let titles = titles(&[" SLOWEST POLLS", "spawned at", "class"], &heads);
    frame.render_widget(Table::new(rows, widths).header(titles), area);
}

/// What is left beside the other columns.
fn room(area: Rect, rest: &[u16]) -> usize {
    area.width.saturating_sub(rest.iter().map(|width| width + 1).sum()).into()
}

/// The names of the tasks, as far as they are known and fit.
fn names(row: &PlaceSnapshot, room: usize) -> String {
    let mut names = row.names.clone();
    names.sort(); // they come in the order in which workers met them
    let names = if names.is_empty() { "-".to_owned() } else { names.join(", ") };
    fit(&format!(" {names}"), room)
}
