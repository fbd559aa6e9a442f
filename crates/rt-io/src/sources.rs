//! Who is registered: a slab, whose tokens can not be mistaken.
//!
//! ```text
//!   63                32 31                 0
//!  ┌────────────────────┬────────────────────┐
//!  │     generation     │  place in the slab │   a token, as the kernel gives it back
//!  └────────────────────┴────────────────────┘
//! ```
//!
//! * **[TK1]** A place is used again at once, with a generation of it only after four thousand million uses: an
//!   event that was on its way when its socket was closed finds nobody, and not the next socket in that
//!   place. A token is looked up, never taken for an address (RUSTSEC-2024-0019).
//! * **[TK2]** Behind a close nobody is registered.

use std::sync::Arc;

use slab::Slab;

use crate::source::Source;

static_assertions::const_assert!(usize::BITS == 64); // a token is a word of the kernel's

/// Which registration an event is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token(u64);

impl Token {
    /// No registration has the last generation.
    pub(crate) const BELL: mio::Token = mio::Token(usize::MAX);
    pub(crate) const ALARM: mio::Token = mio::Token(usize::MAX - 1);

    fn new(place: usize, generation: u32) -> Token {
        Token(u64::from(generation) << 32 | place as u64)
    }

    fn place(self) -> usize {
        (self.0 & u64::from(u32::MAX)) as usize
    }

    fn generation(self) -> u32 {
        (self.0 >> 32) as u32
    }
}

impl From<Token> for mio::Token {
    fn from(token: Token) -> mio::Token {
        mio::Token(token.0 as usize)
    }
}

impl From<mio::Token> for Token {
    fn from(token: mio::Token) -> Token {
        Token(token.0 as u64)
    }
}

/// All that are registered.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    places: Slab<Arc<Source>>,
    /// Of each place, the one of its use now or the next one. They stay when places are given back.
    generations: Vec<u32>,
    is_closed: bool,
    counts: SocketCounts,
}

/// What a reactor has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SocketCounts {
    /// Sockets, pipes and the like that were registered: each the first time that it has to wait.
    pub registered: u64,
    /// Those that were closed since, or were left when the reactor ended.
    pub deregistered: u64,
    /// Events of the kernel's that reached one of them.
    pub ready: u64,
}

impl Sources {
    /// Takes a source in. `None` behind a close; and if four thousand million are in, which no system allows.
    // COURSE(8.4) stub: todo
    pub(crate) fn insert(&mut self, source: Arc<Source>) -> Option<Token> {
        if self.is_closed || self.places.vacant_key() >= u32::MAX as usize {
            return None;
        }
        let place = self.places.insert(source);
        if place == self.generations.len() {
            self.generations.push(0);
        }
        Some(Token::new(place, self.generations[place]))
    }

    /// The source of a token, if it is still registered `[TK1]`.
    // COURSE(8.4) stub: todo
    pub(crate) fn get(&self, token: Token) -> Option<&Arc<Source>> {
        let is_now = self.generations.get(token.place()) == Some(&token.generation());
        self.places.get(token.place()).filter(|_| is_now)
    }

    /// Lets it go. Its place has another generation from now on `[TK1]`.
    // COURSE(8.4) stub: todo
    pub(crate) fn remove(&mut self, token: Token) -> Option<Arc<Source>> {
        self.get(token)?;
        let generation = &mut self.generations[token.place()];
        // The last one is that of the bell.
        *generation = generation.wrapping_add(1) % u32::MAX;
        let removed = self.places.try_remove(token.place());
        if self.places.is_empty() {
            self.places.shrink_to_fit();
        }
        removed
    }

    /// Takes nobody in any more `[TK2]`. Who was in.
    pub(crate) fn close(&mut self) -> Vec<Arc<Source>> {
        self.is_closed = true;
        self.counts.deregistered += self.places.len() as u64;
        self.places.drain().collect()
    }

    /// The kernel knows it.
    pub(crate) fn note_registered(&mut self) {
        self.counts.registered += 1;
    }

    /// Lets one go that the kernel knew.
    pub(crate) fn forget(&mut self, token: Token) -> Option<Arc<Source>> {
        let source = self.remove(token);
        self.counts.deregistered += u64::from(source.is_some());
        source
    }

    /// So many events reached somebody.
    pub(crate) fn note_ready(&mut self, events: u64) {
        self.counts.ready += events;
    }

    /// `registered = deregistered + len`.
    pub(crate) fn counts(&self) -> SocketCounts {
        self.counts
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed
    }

    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Sources, Token};
    use crate::source::Source;

    fn insert(sources: &mut Sources) -> Token {
        sources.insert(Arc::new(Source::new())).expect("it is open, and there is room")
    }

    #[test]
    fn a_token_of_a_place_that_is_used_again_finds_nobody() {
        let mut sources = Sources::default();
        let first = insert(&mut sources);
        assert!(sources.remove(first).is_some());
        let second = insert(&mut sources);
        assert_eq!(first.place(), second.place(), "a test of places that are used again");
        assert!(sources.get(first).is_none(), "[TK1] an event goes to the next socket");
        assert!(sources.remove(first).is_none(), "[TK1] the next socket is let go");
        assert!(sources.get(second).is_some());
    }

    #[test]
    fn generations_come_round_without_that_of_the_bell() {
        let mut sources = Sources { generations: vec![u32::MAX - 2], ..Sources::default() };
        for generation in [u32::MAX - 2, u32::MAX - 1, 0, 1] {
            let token = insert(&mut sources);
            assert_eq!((token.place(), token.generation()), (0, generation));
            assert_eq!(Token::from(mio::Token::from(token)), token, "the kernel gives it back");
            assert_ne!(mio::Token::from(token), Token::BELL);
            assert_ne!(mio::Token::from(token), Token::ALARM);
            assert!(sources.remove(token).is_some());
        }
    }

    #[test]
    fn behind_a_close_nobody_is_registered() {
        let mut sources = Sources::default();
        let token = insert(&mut sources);
        assert_eq!(sources.close().len(), 1);
        assert!(sources.get(token).is_none());
        assert!(sources.insert(Arc::new(Source::new())).is_none(), "[TK2] nobody wakes it");
        assert_eq!(sources.len(), 0);
    }
}
