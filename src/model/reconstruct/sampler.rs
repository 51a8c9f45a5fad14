//! A Markov chain over pairs of tables that satisfy every published constraint.
//!
//! # A step
//! Two patients of one class exchange some of their predictors. This leaves the class sizes and the four marginal counts as
//! they are. Who is drawn makes the prior:
//!
//! * [`Prior::Multinomial`] draws patients. Each way to give the patients of a class their predictors is then as likely as any
//!   other, so a table has the weight n! / product of (count!), that of independent predictors with the published margins.
//! * [`Prior::Flat`] draws patterns that somebody has. Every table is then as likely as any other.
//!
//! # What holds the constraints
//! Margins by the step itself; the number at or above the cut-off without FDG uptake by refusing steps that change it. Standard
//! deviations and AUC allow so few values that a chain confined to them would hardly move: outside of their rounding each
//! unit of distance halves the weight of a table, and only tables inside are taken as draws. These follow the prior confined to
//! the constraints exactly.
//!
//! All of this is arithmetic on integers: the same draws on every machine and in every build.

use super::tables::{Scores, Tables};
use super::{CannotReconstruct, Targets};
use crate::domain::score::Pattern;
use crate::model::published::Class;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{RngCore, SeedableRng};

/// How likely a table is before the score's distribution is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prior {
    /// Multinomial weights: within a class the predictors are independent.
    Multinomial,
    /// Every table alike.
    Flat,
}

impl Prior {
    /// Both, the one that gives the coefficients first.
    pub const ALL: [Self; 2] = [Self::Multinomial, Self::Flat];

    /// Name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Multinomial => "multinomial",
            Self::Flat => "flat",
        }
    }

    /// Steps between two looks at a chain: about as many as make draws nearly independent.
    pub fn steps_between_looks(self) -> u32 {
        match self {
            Self::Multinomial => 200,
            Self::Flat => 2000,
        }
    }

    /// For number streams.
    fn stream(self) -> u64 {
        match self {
            Self::Multinomial => 0,
            Self::Flat => 1 << 32,
        }
    }
}

/// Sums of squared scores this far outside halve the weight.
const SQUARES_THAT_HALVE: i64 = 60;
/// Twice a count of pairs this far outside halves the weight.
const PAIRS_THAT_HALVE: i64 = 30;
/// Looks without a table inside the constraints, at most.
const PATIENCE: u32 = 200_000;
/// Steps to reach the published number at or above the cut-off without FDG uptake, at most.
const STEPS_TO_SETTLE: u32 = 10_000_000;
/// Draws at the start of a chain that are thrown away.
const BURN_IN: usize = 200;

/// A chain at work.
pub struct Chain<'a> {
    prior: Prior,
    targets: &'a Targets,
    random: Xoshiro256PlusPlus,
    tables: Tables,
    /// Sum of squared scores of each class.
    squares: [i64; 2],
    /// Twice the pairs of one refractory and one other patient whose scores are in this order; a tie counts one.
    pairs: i64,
    /// What one patient of a class and pattern adds to `pairs`.
    pairs_of_one: [[i64; Pattern::COUNT]; 2],
}

/// Two patients of a class and what they become.
#[derive(Clone, Copy)]
struct Exchange {
    class: usize,
    before: [usize; 2],
    after: [usize; 2],
}

impl<'a> Chain<'a> {
    /// A chain that has reached the constraints. `number` tells the chains of one prior apart.
    ///
    /// # Errors
    /// [`CannotReconstruct::Contradiction`] when no table with the published counts is found.
    pub fn start(
        prior: Prior,
        targets: &'a Targets,
        seed: u64,
        number: u64,
    ) -> Result<Self, CannotReconstruct> {
        let stream = prior.stream() + number;
        let mut chain = Self {
            prior,
            targets,
            random: Xoshiro256PlusPlus::seed_from_u64(
                seed ^ stream.wrapping_mul(0x9e37_79b9_7f4a_7c15),
            ),
            tables: margins_only(targets),
            squares: [0; 2],
            pairs: 0,
            pairs_of_one: [[0; Pattern::COUNT]; 2],
        };
        chain.settle()?;
        chain.count_again();
        for _ in 0..BURN_IN {
            chain.next_draw()?;
        }
        Ok(chain)
    }

    /// The next pair of tables inside all constraints.
    ///
    /// # Errors
    /// [`CannotReconstruct::NotFound`] when none turns up.
    pub fn next_draw(&mut self) -> Result<Tables, CannotReconstruct> {
        for _ in 0..PATIENCE {
            for _ in 0..self.prior.steps_between_looks() {
                self.step();
            }
            if self.distance(self.squares, self.pairs) == 0 {
                return Ok(self.tables.clone());
            }
        }
        Err(CannotReconstruct::NotFound {
            prior: self.prior.name(),
        })
    }

    /// The generator, for what is drawn beside the tables.
    pub fn random(&mut self) -> &mut impl RngCore {
        &mut self.random
    }

    fn step(&mut self) {
        let Some(exchange) = self.propose() else {
            return;
        };
        if self.change_without_pet(exchange) != 0 {
            return;
        }
        let (squares, pairs) = self.after(exchange);
        let further = self.distance(squares, pairs) - self.distance(self.squares, self.pairs);
        // Accepted with probability 2^-further.
        if further <= 0 || (further < 64 && self.random.next_u64() >> (64 - further) == 0) {
            self.make(exchange);
            self.count_pairs_of_one(exchange);
            self.squares = squares;
            self.pairs = pairs;
        }
    }

    /// Draws two patients of one class and the predictors to exchange; none where that changes nothing.
    fn propose(&mut self) -> Option<Exchange> {
        let class = (self.random.next_u64() >> 63) as usize;
        let before = [self.draw(class), self.draw(class)];
        // At least one predictor; those in which the two agree do not matter.
        let exchanged = self.below(Pattern::COUNT as u64 - 1) as usize + 1;
        let differing = before[0] ^ before[1];
        let flipped = differing & exchanged;
        let somebody_has_both = before
            .iter()
            .all(|pattern| self.tables.0[class][*pattern] > 0);
        // Exchanging everything in which they differ gives the same two patients again.
        (somebody_has_both && flipped != 0 && flipped != differing).then(|| Exchange {
            class,
            before,
            after: before.map(|pattern| pattern ^ flipped),
        })
    }

    fn draw(&mut self, class: usize) -> usize {
        match self.prior {
            Prior::Flat => self.below(Pattern::COUNT as u64) as usize,
            Prior::Multinomial => {
                let patients = u64::from(self.targets.patients[class]);
                let mut number = self.below(patients) as u32;
                let counts = &self.tables.0[class];
                // The counts sum to the patients.
                counts
                    .iter()
                    .position(|count| {
                        let is_here = number < *count;
                        number = number.wrapping_sub(*count);
                        is_here
                    })
                    .unwrap_or(0)
            }
        }
    }

    /// A number below a bound; uneven by less than one in 2^50.
    fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.random.next_u64()) * u128::from(bound)) >> 64) as u64
    }

    fn change_without_pet(&self, exchange: Exchange) -> i32 {
        let count = |patterns: [usize; 2]| -> i32 {
            let without_pet = &self.targets.is_at_or_above_without_pet;
            patterns
                .iter()
                .map(|pattern| i32::from(without_pet[*pattern]))
                .sum()
        };
        count(exchange.after) - count(exchange.before)
    }

    /// Sums of squares and pairs after an exchange.
    fn after(&self, exchange: Exchange) -> ([i64; 2], i64) {
        let change = |of: &[i64; Pattern::COUNT]| {
            let sum = |patterns: [usize; 2]| of[patterns[0]] + of[patterns[1]];
            sum(exchange.after) - sum(exchange.before)
        };
        let mut squares = self.squares;
        squares[exchange.class] += change(&self.targets.squared_scores);
        (
            squares,
            self.pairs + change(&self.pairs_of_one[exchange.class]),
        )
    }

    /// How many times the weight is halved; 0 inside all constraints.
    fn distance(&self, squares: [i64; 2], pairs: i64) -> i64 {
        let halvings = |value: i64, window: (i64, i64), that_halve: i64| {
            let outside = (window.0 - value).max(value - window.1).max(0);
            (outside + that_halve - 1) / that_halve
        };
        let of_class = |class: usize| {
            halvings(
                squares[class],
                self.targets.squares[class],
                SQUARES_THAT_HALVE,
            )
        };
        of_class(0) + of_class(1) + halvings(pairs, self.targets.pairs, PAIRS_THAT_HALVE)
    }

    fn make(&mut self, exchange: Exchange) {
        let counts = &mut self.tables.0[exchange.class];
        for (before, after) in exchange.before.into_iter().zip(exchange.after) {
            counts[before] -= 1;
            counts[after] += 1;
        }
    }

    fn count_pairs_of_one(&mut self, exchange: Exchange) {
        let other = 1 - exchange.class;
        let order = &self.targets.order;
        for (pattern, pairs) in self.pairs_of_one[other].iter_mut().enumerate() {
            let of = |one: usize| match exchange.class {
                0 => order[one][pattern],
                _ => order[pattern][one],
            };
            *pairs += of(exchange.after[0]) + of(exchange.after[1])
                - of(exchange.before[0])
                - of(exchange.before[1]);
        }
    }

    /// Squares and pairs from the tables as they are.
    fn count_again(&mut self) {
        let [refractory, not_refractory] = &self.tables.0;
        let order = &self.targets.order;
        self.pairs_of_one = [[0; Pattern::COUNT]; 2];
        for (one, row) in order.iter().enumerate() {
            for (other, order) in row.iter().enumerate() {
                self.pairs_of_one[0][one] += order * i64::from(not_refractory[other]);
                self.pairs_of_one[1][other] += order * i64::from(refractory[one]);
            }
        }
        let total = |counts: &[u32; Pattern::COUNT], of: &[i64; Pattern::COUNT]| -> i64 {
            counts
                .iter()
                .zip(of)
                .map(|(count, each)| i64::from(*count) * each)
                .sum()
        };
        self.pairs = total(refractory, &self.pairs_of_one[0]);
        self.squares =
            [refractory, not_refractory].map(|counts| total(counts, &self.targets.squared_scores));
    }

    /// Goes on until the number at or above the cut-off without FDG uptake is as published in both classes.
    fn settle(&mut self) -> Result<(), CannotReconstruct> {
        let mut off = Class::ALL.map(|class| {
            let is_counted =
                |pattern: Pattern| self.targets.is_at_or_above_without_pet[pattern.index()];
            let count = self.tables.count(class, is_counted);
            i64::from(count) - i64::from(self.targets.without_pet[class as usize])
        });
        for _ in 0..STEPS_TO_SETTLE {
            if off == [0, 0] {
                return Ok(());
            }
            let Some(exchange) = self.propose() else {
                continue;
            };
            let after = off[exchange.class] + i64::from(self.change_without_pet(exchange));
            if after.abs() <= off[exchange.class].abs() {
                off[exchange.class] = after;
                self.make(exchange);
            }
        }
        Err(CannotReconstruct::Contradiction)
    }
}

/// Tables with the class sizes and the marginal counts: the first patients of a class have a predictor, the last ones not.
fn margins_only(targets: &Targets) -> Tables {
    let mut tables = Tables([[0; Pattern::COUNT]; 2]);
    for class in 0..2 {
        for patient in 0..targets.patients[class] {
            let present = targets.present[class].map(|count| patient < count);
            tables.0[class][Pattern(present).index()] += 1;
        }
    }
    tables
}

impl Targets {
    /// Makes the windows of the chain from what is published.
    pub(super) fn score_tables(
        scores: &Scores,
    ) -> (
        [[i64; Pattern::COUNT]; Pattern::COUNT],
        [i64; Pattern::COUNT],
    ) {
        let by_pattern = scores.by_pattern.map(i64::from);
        let order = by_pattern.map(|one| {
            by_pattern.map(|other| match one.cmp(&other) {
                std::cmp::Ordering::Greater => 2,
                std::cmp::Ordering::Equal => 1,
                std::cmp::Ordering::Less => 0,
            })
        });
        (order, by_pattern.map(|score| score * score))
    }
}
