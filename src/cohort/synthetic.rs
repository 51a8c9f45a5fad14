//! Patients that never were, in any number: drawn from what the source study publishes.
//!
//! The four predictors and the outcome come from the reconstructed joint distribution: the mean of the tables of 16 patterns by
//! outcome that satisfy every published constraint. Every other variable comes from its published margin within the outcome, and
//! is independent of all others given the outcome; only the age in years agrees with the predictor that it decides. So such a
//! cohort is right for checking software, and says nothing new about patients.
//!
//! The same seed gives the same patients on any number of threads: they are drawn in blocks, each with a stream of its own.
//! Read [`Population`] first.

use super::{Cohort, Outcome, Values, Variable};
use crate::domain::score::{Pattern, Predictor};
use crate::model::margins::Margins;
use crate::model::published::{Class, Published};
use crate::model::reconstruct::{CannotReconstruct, summed_tables};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{RngCore, SeedableRng};
use rayon::prelude::*;
use std::io::Write;

/// Patients who share a stream of random numbers.
const BLOCK: u64 = 4096;
/// Blocks that are in memory at once while a table is written.
const BLOCKS_AT_ONCE: u64 = 64;
/// Tables that are averaged for the joint distribution.
const TABLES: usize = 1000;
/// Seed of the chain that they come from; the seed of a cohort does not change its population.
const CHAIN_SEED: u64 = 2022;

/// Beginning of every patient's name: a row tells what it is, wherever it is copied to.
pub const PREFIX: &str = "synthetic-";

/// Where synthetic patients are drawn from.
#[derive(Debug, Clone)]
pub struct Population {
    classes: Draw,
    joint: [[u64; Pattern::COUNT]; 2],
    patterns: [Draw; 2],
    variables: Vec<DrawnVariable>,
    margins: Margins,
}

#[derive(Debug, Clone)]
struct DrawnVariable {
    by_class: [DrawnValue; 2],
}

#[derive(Debug, Clone)]
enum DrawnValue {
    Free(Draw),
    /// Below the threshold of a predictor, and from it on.
    Agreeing(Predictor, [Draw; 2]),
}

/// Draws a place with given probabilities.
#[derive(Debug, Clone)]
struct Draw {
    /// A random number of 63 bits below the first is place 0, below the second place 1, and so on; the last is 2^63.
    limits: Vec<u64>,
}

/// One patient: the place of every value.
struct Drawn<'a> {
    class: Class,
    pattern: Pattern,
    values: &'a [u16],
}

/// Patients who were drawn together.
#[derive(Default)]
struct Block {
    patients: Vec<(Class, Pattern)>,
    /// The place of each value, patient after patient.
    values: Vec<u16>,
}

impl Population {
    /// The population that the source study describes. `with_variables`: also those that are no predictor.
    ///
    /// # Errors
    /// [`CannotReconstruct`] where the published figures contradict each other.
    pub fn new(
        published: &Published,
        margins: &Margins,
        with_variables: bool,
    ) -> Result<Self, CannotReconstruct> {
        let joint = summed_tables(published, CHAIN_SEED, TABLES)?;
        let mut margins = margins.clone();
        if !with_variables {
            margins.variables.clear();
        }
        let variables = margins.variables.iter().map(|margin| DrawnVariable {
            by_class: Class::ALL.map(|class| {
                let shares = margin.of(class);
                match margin.agrees_with {
                    None => DrawnValue::Free(Draw::of_shares(shares)),
                    Some((predictor, from)) => {
                        let side = |keep: &dyn Fn(usize) -> bool| {
                            let shares: Vec<f64> = shares
                                .iter()
                                .enumerate()
                                .map(|(place, share)| if keep(place) { *share } else { 0.0 })
                                .collect();
                            Draw::of_shares(&shares)
                        };
                        DrawnValue::Agreeing(
                            predictor,
                            [side(&|place| place < from), side(&|place| place >= from)],
                        )
                    }
                }
            }),
        });
        Ok(Self {
            classes: Draw::of_counts(&joint.map(|class| class.iter().sum())),
            patterns: [Draw::of_counts(&joint[0]), Draw::of_counts(&joint[1])],
            variables: variables.collect(),
            joint,
            margins,
        })
    }

    /// The probability of each outcome (refractory, not) together with each pattern, by [`Pattern::index`]; all 32 sum to 1.
    pub fn joint(&self) -> [[f64; Pattern::COUNT]; 2] {
        let all: u64 = self.joint.iter().flatten().sum();
        self.joint
            .map(|class| class.map(|count| count as f64 / all as f64))
    }

    /// So many patients in memory.
    pub fn cohort(&self, patients: u64, seed: u64) -> Cohort {
        let blocks: Vec<Block> = blocks(patients)
            .into_par_iter()
            .map(|number| {
                let mut block = Block::default();
                self.draw(number, patients, seed, |drawn| {
                    block.patients.push((drawn.class, drawn.pattern));
                    block.values.extend_from_slice(drawn.values);
                });
                block
            })
            .collect();
        let mut cohort = Cohort::default();
        for (class, pattern) in blocks.iter().flat_map(|block| &block.patients) {
            cohort.states.push(pattern.states());
            cohort.outcomes.push(match class {
                Class::Refractory => Outcome::Refractory,
                Class::NotRefractory => Outcome::NotRefractory,
            });
        }
        let number_of_variables = self.variables.len();
        cohort.variables = self
            .margins
            .variables
            .iter()
            .enumerate()
            .map(|(at, margin)| {
                let places = blocks.iter().flat_map(|block| {
                    let values = block.values.iter().skip(at);
                    values.step_by(number_of_variables).copied()
                });
                let values = match &margin.numbers {
                    Some(numbers) => Values::Numbers(
                        places
                            .map(|p| numbers.get(usize::from(p)).copied())
                            .collect(),
                    ),
                    None => Values::Categories {
                        levels: margin.values.clone(),
                        of: places.map(Some).collect(),
                    },
                };
                Variable {
                    name: margin.name.clone(),
                    values,
                }
            })
            .collect();
        cohort
    }

    /// Writes a table of so many patients (CSV) and tells after each part how many there are. What [`Self::cohort`] holds is
    /// the same.
    ///
    /// # Errors
    /// What `out` refuses.
    pub fn write(
        &self,
        out: &mut impl Write,
        patients: u64,
        seed: u64,
        progress: &dyn Fn(u64),
    ) -> std::io::Result<()> {
        let mut header: Vec<&str> = vec!["patient"];
        header.extend(Predictor::ALL.map(Predictor::name));
        header.push("outcome");
        header.extend(
            self.margins
                .variables
                .iter()
                .map(|margin| margin.name.as_str()),
        );
        writeln!(out, "{}", header.join(","))?;
        let blocks: Vec<u64> = blocks(patients).collect();
        for part in blocks.chunks(BLOCKS_AT_ONCE as usize) {
            let texts: Vec<Vec<u8>> = part
                .par_iter()
                .map(|block| self.block_as_text(*block, patients, seed))
                .collect();
            for text in texts {
                out.write_all(&text)?;
            }
            let last = part.last().map_or(0, |block| (block + 1) * BLOCK);
            progress(last.min(patients));
        }
        out.flush()
    }

    fn block_as_text(&self, block: u64, patients: u64, seed: u64) -> Vec<u8> {
        let mut text = Vec::new();
        let mut number = block * BLOCK;
        self.draw(block, patients, seed, |drawn| {
            number += 1;
            text.extend_from_slice(PREFIX.as_bytes());
            text.extend_from_slice(number.to_string().as_bytes());
            for present in drawn.pattern.0 {
                text.extend_from_slice(if present { b",1" } else { b",0" });
            }
            text.extend_from_slice(match drawn.class {
                Class::Refractory => b",1",
                Class::NotRefractory => b",0",
            });
            for (margin, place) in self.margins.variables.iter().zip(drawn.values) {
                text.push(b',');
                text.extend_from_slice(margin.values[usize::from(*place)].as_bytes());
            }
            text.push(b'\n');
        });
        text
    }

    /// Draws the patients of one block.
    fn draw(&self, block: u64, patients: u64, seed: u64, mut with: impl FnMut(Drawn)) {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(
            seed ^ (block + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15),
        );
        let mut values = vec![0; self.variables.len()];
        for _ in block * BLOCK..((block + 1) * BLOCK).min(patients) {
            let class = Class::ALL[self.classes.place(&mut random)];
            let place = self.patterns[class as usize].place(&mut random);
            let pattern = Pattern(std::array::from_fn(|bit| place >> bit & 1 == 1));
            for (value, variable) in values.iter_mut().zip(&self.variables) {
                let draw = match &variable.by_class[class as usize] {
                    DrawnValue::Free(draw) => draw,
                    DrawnValue::Agreeing(predictor, sides) => {
                        &sides[usize::from(pattern.has(*predictor))]
                    }
                };
                *value = draw.place(&mut random) as u16;
            }
            with(Drawn {
                class,
                pattern,
                values: &values,
            });
        }
    }
}

fn blocks(patients: u64) -> std::ops::Range<u64> {
    0..patients.div_ceil(BLOCK)
}

impl Draw {
    fn of_counts(counts: &[u64]) -> Self {
        let all: u64 = counts.iter().sum();
        let mut below = 0;
        let limits = counts.iter().map(|count| {
            below += count;
            let limit = (u128::from(below) << 63) / u128::from(all.max(1));
            limit as u64
        });
        Self {
            limits: limits.collect(),
        }
    }

    /// Probabilities in proportion to these.
    fn of_shares(shares: &[f64]) -> Self {
        // Parts of 2^53: as fine as the shares are known.
        let parts: Vec<u64> = {
            let sum: f64 = shares.iter().sum();
            let scale = (1_u64 << 53) as f64 / sum;
            shares
                .iter()
                .map(|share| (share * scale).round() as u64)
                .collect()
        };
        Self::of_counts(&parts)
    }

    fn place(&self, random: &mut impl RngCore) -> usize {
        let number = random.next_u64() >> 1;
        self.limits.partition_point(|limit| *limit <= number)
    }
}
