//! Closed intervals and comparisons that may stay open: the answer is yes, no, or "cannot be told".

/// A closed interval `low..=high` in which the true value lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Interval<T> {
    /// Least value that is possible.
    pub low: T,
    /// Greatest value that is possible.
    pub high: T,
}

/// Three-valued truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truth {
    /// Holds for every possible value.
    Yes,
    /// Holds for no possible value.
    No,
    /// Holds for some and not for others.
    Unknown,
}

impl<T: PartialOrd + Copy> Interval<T> {
    /// An interval of one value.
    pub fn exactly(value: T) -> Self {
        Self {
            low: value,
            high: value,
        }
    }

    /// Is this value strictly greater than the other one?
    pub fn after(&self, other: &Self) -> Truth {
        if self.low > other.high {
            Truth::Yes
        } else if self.high <= other.low {
            Truth::No
        } else {
            Truth::Unknown
        }
    }

    /// The earlier of two unknown values: least low end, least high end.
    pub fn earliest(self, other: Self) -> Self {
        Self {
            low: min(self.low, other.low),
            high: min(self.high, other.high),
        }
    }

    /// The later of two unknown values: greatest low end, greatest high end.
    pub fn latest(self, other: Self) -> Self {
        Self {
            low: max(self.low, other.low),
            high: max(self.high, other.high),
        }
    }

    /// Whether any value is possible for both.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.low <= other.high && other.low <= self.high
    }
}

fn min<T: PartialOrd>(a: T, b: T) -> T {
    if b < a { b } else { a }
}

fn max<T: PartialOrd>(a: T, b: T) -> T {
    if b > a { b } else { a }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_is_decided_only_when_no_value_disagrees() {
        let i = |low, high| Interval { low, high };
        for (a, b, expected) in [
            (i(5, 6), i(1, 4), Truth::Yes),
            (i(1, 4), i(5, 6), Truth::No),
            (i(3, 3), i(3, 3), Truth::No), // the same day is not "after"
            (i(1, 5), i(3, 3), Truth::Unknown),
            (i(3, 5), i(3, 3), Truth::Unknown),
            (i(1, 3), i(3, 5), Truth::No),
        ] {
            assert_eq!(a.after(&b), expected, "{a:?} after {b:?}");
        }
    }
}
