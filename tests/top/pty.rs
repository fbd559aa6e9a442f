//! A terminal without a window, and the program that has it.

use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZero;
use std::os::fd::OwnedFd;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Termios, Winsize, tcgetattr, tcsetwinsize};

/// How long a picture may take on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(30);

/// A program in a terminal. Killed when this is dropped.
pub(crate) struct Pty {
    child: Child,
    /// The side of the window: what is written there is typed.
    window: File,
    /// The side of the program, kept open so that its settings can be read when the program has ended.
    line: OwnedFd,
    before: Termios,
    parser: vt100::Parser,
    /// All that it wrote.
    log: Vec<u8>,
}

impl Pty {
    pub(crate) fn start(mut command: Command, rows: u16, columns: u16) -> Pty {
        let window =
            openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("the system has terminals");
        grantpt(&window).unwrap();
        unlockpt(&window).unwrap();
        let path = ptsname(&window, Vec::new()).unwrap();
        let line = rustix::fs::open(path, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
        tcsetwinsize(&line, size(rows, columns)).unwrap();
        let end = || Stdio::from(line.try_clone().unwrap());
        command.stdin(end()).stdout(end()).stderr(end());
        command.env("TERM", "xterm-256color").env_remove("NO_COLOR");
        let (before, child) = (tcgetattr(&line).unwrap(), command.spawn().unwrap());
        let parser = vt100::Parser::new(count(rows), count(columns), 1000);
        Pty { child, window: window.into(), line, before, parser, log: Vec::new() }
    }

    /// What stands on the screen, a line a row.
    pub(crate) fn text(&self) -> String {
        self.parser.screen().contents()
    }

    /// The row that begins so.
    pub(crate) fn row(&self, begin: &str) -> Option<String> {
        self.text().lines().find(|row| row.trim_start().starts_with(begin)).map(str::to_owned)
    }

    pub(crate) fn screen(&self) -> &vt100::Screen {
        self.parser.screen()
    }

    pub(crate) fn type_in(&mut self, keys: &str) {
        self.window.write_all(keys.as_bytes()).unwrap();
    }

    pub(crate) fn resize(&mut self, rows: u16, columns: u16) {
        tcsetwinsize(&self.line, size(rows, columns)).unwrap();
        self.parser.screen_mut().set_size(count(rows), count(columns));
        // The kernel tells those whose controlling terminal it is. To have one takes a call that is not safe.
        self.signal(Signal::WINCH);
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Reads on until the screen is so.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, what: &str, is_so: impl Fn(&Pty) -> bool) {
        let end = Instant::now() + PATIENCE;
        while !is_so(self) {
            let has_ended = self.child.try_wait().unwrap().is_some();
            let has_read = self.read(Duration::from_millis(20));
            let is_over = Instant::now() > end || (has_ended && !has_read);
            assert!(!is_over || is_so(self), "no {what} on the screen:\n{}", self.text());
        }
    }

    /// The program ends by itself: how, and whether the terminal is as it was.
    #[track_caller]
    pub(crate) fn end(&mut self) -> ExitStatus {
        let end = Instant::now() + PATIENCE;
        let status = loop {
            self.read(Duration::from_millis(20));
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < end, "it does not end:\n{}", self.text());
        };
        while self.read(Duration::ZERO) {}
        let (screen, after) = (self.parser.screen(), tcgetattr(&self.line).unwrap());
        assert!(self.log.windows(8).any(|part| part == b"\x1b[?1049h"), "there was no picture");
        assert!(!screen.alternate_screen(), "the picture was left on the terminal");
        assert!(!screen.hide_cursor(), "the cursor is gone for good");
        let modes = |termios: &Termios| {
            (termios.input_modes, termios.output_modes, termios.local_modes, termios.control_modes)
        };
        assert_eq!(modes(&after), modes(&self.before), "what is typed next is not seen");
        status
    }

    /// Whether something came.
    fn read(&mut self, patience: Duration) -> bool {
        let patience = Timespec::try_from(patience).unwrap();
        let mut fds = [PollFd::new(&self.window, PollFlags::IN)];
        poll(&mut fds, Some(&patience)).unwrap();
        if !fds[0].revents().contains(PollFlags::IN) {
            return false;
        }
        let mut buf = [0; 1 << 14];
        let len = self.window.read(&mut buf).unwrap();
        self.parser.process(&buf[..len]);
        self.log.extend_from_slice(&buf[..len]);
        len > 0
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn count(lines: u16) -> NonZero<u16> {
    NonZero::new(lines).expect("a screen has lines")
}

fn size(rows: u16, columns: u16) -> Winsize {
    Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }
}
