//! The picture: what stands where.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::keys::Controls;
use super::look::Sample;
use super::notes::Notes;
use super::text::{bold, rate, time};
use super::{panes, tasks};

/// What is too small for all panes shows the ones above.
pub(crate) fn draw(
    frame: &mut Frame<'_>,
    sample: &Sample<'_>,
    controls: &mut Controls,
    notes: &Notes,
) {
    let area = frame.area();
    let workers = sample.now.snapshot.workers.len() as u16;
    let [top, workers, busiest, slowest, alive, note, keys] = Layout::vertical([
        Constraint::Length(3),
        Constraint::Length(1 + workers.min((area.height / 8).max(2))),
        Constraint::Length(1 + area.height / 6),
        Constraint::Length(1 + area.height / 8),
        Constraint::Min(0),
        Constraint::Length(1),
        Constraint::Length(1),
    ])
    .areas(area);
    header(frame, top, sample, controls.is_paused);
    panes::workers(frame, workers, sample);
    panes::busiest(frame, busiest, sample);
    panes::slowest(frame, slowest, sample);
    tasks::draw(frame, alive, sample, controls);
    last_note(frame, note, notes);
    let help = " q quit  s sort  p pause  ↑↓ jk scroll  PgUp PgDn page";
    frame.render_widget(Paragraph::new(help), keys);
}

fn header(frame: &mut Frame<'_>, area: Rect, sample: &Sample<'_>, is_paused: bool) {
    let now = &sample.now.snapshot;
    let mut first = parts(&[
        ("up", time(now.elapsed)),
        ("workers", now.workers.len().to_string()),
        ("injector", now.injector_depth.to_string()),
        ("remote/s", rate(sample.rate(sample.lately.remote_schedules))),
    ]);
    first.insert(0, Span::styled(" rt-top  ", bold()));
    if is_paused {
        first.push(Span::styled("PAUSED", Style::new().fg(Color::Red)));
    }
    let tasks = now.tasks;
    let mut second = parts(&[
        ("alive", tasks.alive.to_string()),
        ("spawned", tasks.spawned.to_string()),
        ("completed", tasks.completed.to_string()),
        ("cancelled", tasks.cancelled.to_string()),
        ("panicked", tasks.panicked.to_string()),
    ]);
    second.insert(0, Span::raw(" tasks   "));
    let (timers, sockets, pool) = (&now.timers, &now.sockets, &now.blocking);
    let mut third = parts(&[
        ("wait", timers.waiting.to_string()),
        ("fire/s", rate(sample.rate(sample.lately.timers.fired))),
        ("sockets", (sockets.registered - sockets.deregistered).to_string()),
        ("ready/s", rate(sample.rate(sample.lately.sockets.ready))),
        ("blocking", format!("{}/{}", pool.running, pool.threads)),
        ("queued", pool.queued.to_string()),
    ]);
    third.insert(0, Span::raw(" timers  "));
    let lines = [first, second, third].map(Line::from);
    frame.render_widget(Paragraph::new(lines.to_vec()), area);
}

/// Names, and their numbers in bold.
fn parts(parts: &[(&str, String)]) -> Vec<Span<'static>> {
    let spans = parts.iter().flat_map(|(name, value)| {
        [Span::raw(format!("{name} ")), Span::styled(value.clone(), bold()), Span::raw("  ")]
    });
    spans.collect()
}

fn last_note(frame: &mut Frame<'_>, area: Rect, notes: &Notes) {
    if let Some((age, note)) = notes.last() {
        let line = format!(" {} ago: {note}", time(age));
        let style = Style::new().fg(Color::Red);
        frame.render_widget(Paragraph::new(line).style(style), area);
    }
}
