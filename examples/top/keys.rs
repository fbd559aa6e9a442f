//! What keys do: which order, which page, and whether the picture stands.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};

/// What follows from a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Go {
    On,
    Quit,
}

/// What tasks are sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Order {
    /// How busy they are now: the busiest first.
    #[default]
    Now,
    /// How long they were polled in all.
    Busy,
    Polls,
    Age,
    /// Who has waited longest for a poll.
    LastPoll,
    Name,
    Number,
}

impl Order {
    fn next(self) -> Order {
        match self {
            Order::Now => Order::Busy,
            Order::Busy => Order::Polls,
            Order::Polls => Order::Age,
            Order::Age => Order::LastPoll,
            Order::LastPoll => Order::Name,
            Order::Name => Order::Number,
            Order::Number => Order::Now,
        }
    }
}

/// How the user wants to see it.
#[derive(Default)]
pub(crate) struct Controls {
    pub(crate) order: Order,
    pub(crate) is_paused: bool,
    /// The task at the top of the list.
    first: usize,
    /// How many rows there are, and how many fit: as drawn last.
    rows: usize,
    page: usize,
}

impl Controls {
    pub(crate) fn take(&mut self, event: &Event) -> Go {
        match event {
            Event::Key(key) if key.is_press() => self.press(*key),
            _ => Go::On, // another size: it is drawn anew anyway
        }
    }

    fn press(&mut self, key: KeyEvent) -> Go {
        let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
        let page = self.page.max(1);
        match key.code {
            KeyCode::Char('c') if is_control => return Go::Quit,
            KeyCode::Char('q') | KeyCode::Esc => return Go::Quit,
            KeyCode::Char('s') => self.order = self.order.next(),
            KeyCode::Char('p' | ' ') => self.is_paused = !self.is_paused,
            KeyCode::Char('j') | KeyCode::Down => self.first += 1,
            KeyCode::Char('k') | KeyCode::Up => self.first = self.first.saturating_sub(1),
            KeyCode::PageDown => self.first += page,
            KeyCode::PageUp => self.first = self.first.saturating_sub(page),
            KeyCode::Char('g') | KeyCode::Home => self.first = 0,
            KeyCode::Char('G') | KeyCode::End => self.first = self.rows,
            _ => {}
        }
        self.first = self.first.min(self.rows.saturating_sub(page));
        Go::On
    }

    /// Of so many rows, of which so many fit: the first to draw.
    pub(crate) fn scroll(&mut self, rows: usize, page: usize) -> usize {
        (self.rows, self.page) = (rows, page);
        self.first = self.first.min(rows.saturating_sub(page));
        self.first
    }
}
