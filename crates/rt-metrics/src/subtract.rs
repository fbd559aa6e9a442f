//! The difference of two looks.

/// Writes `new`, `since` and `+=` of a type whose counters and gauges are named: counters are subtracted, gauges
/// stay as they are.
macro_rules! differences {
    ($type:ident { counters: $($counter:ident),+; gauges: $($gauge:ident),* $(,)? }) => {
        impl $type {
            /// All zero.
            #[must_use]
            pub fn new() -> $type {
                <$type>::default()
            }

            /// What was counted since `earlier`. What is no counter, but says how much there is now, stays as it is.
            #[must_use]
            pub fn since(&self, earlier: &$type) -> $type {
                let mut later = self.clone();
                $(later.$counter = later.$counter.saturating_sub(earlier.$counter);)+
                later
            }
        }

        impl ::std::ops::AddAssign<&$type> for $type {
            fn add_assign(&mut self, other: &$type) {
                $(self.$counter += other.$counter;)+
                $(self.$gauge += other.$gauge;)*
            }
        }

        impl ::std::ops::AddAssign for $type {
            fn add_assign(&mut self, other: $type) {
                *self += &other;
            }
        }
    };
}

pub(crate) use differences;
