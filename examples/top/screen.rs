//! The terminal, and that it is left as it was: at the end, after an error, in a panic.

use std::io::{self, BufWriter, Stdout, Write};
use std::panic::{self, PanicHookInfo};
use std::sync::Arc;
use std::thread;

use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    disable_raw_mode, enable_raw_mode,
};
use crossterm::{cursor, execute, queue};
use ratatui::backend::CrosstermBackend;
use ratatui::{Frame, Terminal};

use super::notes::Notes;

/// The whole terminal, until it is dropped.
pub(crate) struct Screen {
    terminal: Terminal<CrosstermBackend<BufWriter<Stdout>>>,
    _taken: Taken,
}

impl Screen {
    /// Panics of other threads go to the notes from now on.
    pub(crate) fn open(notes: &Notes) -> io::Result<Screen> {
        // First, so that it is given back if something of this fails.
        let taken = Taken::new(notes.clone());
        enable_raw_mode()?;
        execute!(io::stdout(), EnterAlternateScreen, cursor::Hide)?;
        // A buffer: a picture is one write, not one for each of its colours.
        let out = BufWriter::with_capacity(1 << 16, io::stdout());
        Ok(Screen { terminal: Terminal::new(CrosstermBackend::new(out))?, _taken: taken })
    }

    /// Writes what has changed since the last time, which a terminal that can shows at once.
    pub(crate) fn draw(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        self.terminal.draw(draw)?;
        execute!(self.terminal.backend_mut(), EndSynchronizedUpdate)
    }
}

/// As it was. Where that fails, nobody can be told.
fn restore() {
    let mut out = io::stdout();
    let _ = execute!(out, EndSynchronizedUpdate, LeaveAlternateScreen, cursor::Show);
    let _ = disable_raw_mode();
    let _ = out.flush();
}

type Hook = dyn Fn(&PanicHookInfo<'_>) + Send + Sync;

/// Evidence that the terminal is taken.
struct Taken {
    previous: Arc<Hook>,
}

impl Taken {
    fn new(notes: Notes) -> Taken {
        let (view, previous) = (thread::current().id(), Arc::<Hook>::from(panic::take_hook()));
        let hook = previous.clone();
        panic::set_hook(Box::new(move |info| {
            if thread::current().id() == view {
                // Before the message, which is to stand on the screen that stays.
                restore();
                hook(info);
            } else {
                notes.add(info.to_string());
            }
        }));
        Taken { previous }
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        if thread::panicking() {
            return; // the hook has done it, and can not be changed now
        }
        restore();
        let previous = self.previous.clone();
        panic::set_hook(Box::new(move |info| previous(info)));
    }
}
