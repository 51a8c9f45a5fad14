//! What the source study publishes of all its other variables: how each is spread within each outcome (its Table 1).
//!
//! A category has its counts. Of a number the paper gives mean and standard deviation, and for some the share at or above a cut:
//! [`Margin`] spreads its values as evenly as these allow (the distribution of greatest entropy that has them). Nothing is
//! published of how the variables hang together, and nothing is said here. Read [`Margins`] first.

use super::file::{UnusableModel, sha256, shape};
use crate::domain::score::Predictor;
use crate::model::published::Class;
use serde::Deserialize;

/// Every variable of the file.
#[derive(Debug, Clone)]
pub struct Margins {
    /// Name of the file's content, with its version.
    pub id: String,
    /// What must be said wherever these are used.
    pub statement: String,
    /// SHA-256 of its text.
    pub sha256: String,
    /// The variables in the order of the file.
    pub variables: Vec<Margin>,
}

/// One variable: its values, and how likely each is within each outcome.
#[derive(Debug, Clone)]
pub struct Margin {
    /// Name of its column.
    pub name: String,
    /// Its values as a table writes them.
    pub values: Vec<String>,
    /// The values as numbers, where they are numbers.
    pub numbers: Option<Vec<f64>>,
    /// The probability of each value, by [`Class`]; each sums to 1.
    pub shares: [Vec<f64>; 2],
    /// The predictor that is present exactly from this place among the values on.
    pub agrees_with: Option<(Predictor, usize)>,
}

#[derive(Deserialize)]
struct Shape {
    id: String,
    version: String,
    statement: String,
    variables: Vec<VariableShape>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct VariableShape {
    name: String,
    categories: Option<Vec<String>>,
    numbers: Option<NumbersShape>,
    agrees_with: Option<String>,
    at: Option<f64>,
    refractory: serde_json::Value,
    not_refractory: serde_json::Value,
}

/// From, to in units of 1/per.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NumbersShape {
    from: u32,
    to: u32,
    per: u32,
    even_on: Option<Scale>,
}

#[derive(Deserialize, Clone, Copy, PartialEq)]
#[serde(rename_all = "camelCase")]
enum Scale {
    Linear,
    Logarithmic,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MomentsShape {
    mean: f64,
    sd: f64,
    at_or_above: Option<f64>,
    patients: f64,
}

impl Margins {
    /// Reads a file; `file` is its name in messages.
    ///
    /// # Errors
    /// [`UnusableModel`] with the variable that is wrong.
    pub fn read(file: &str, text: &str) -> Result<Self, UnusableModel> {
        let shape: Shape = shape(file, text)?;
        let variables = shape
            .variables
            .into_iter()
            .map(|variable| {
                let name = variable.name.clone();
                variable
                    .margin()
                    .map_err(|problem| UnusableModel::Unreadable {
                        file: file.into(),
                        problem: format!("{name}: {problem}"),
                    })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            id: format!("{} {}", shape.id, shape.version),
            statement: shape.statement,
            sha256: sha256(text),
            variables,
        })
    }
}

impl VariableShape {
    fn margin(self) -> Result<Margin, String> {
        let classes = [self.refractory, self.not_refractory];
        match (self.categories, self.numbers) {
            (Some(values), None) => {
                let mut shares = [Vec::new(), Vec::new()];
                for (shares, counts) in shares.iter_mut().zip(classes) {
                    *shares = shares_of(counts, values.len())?;
                }
                Ok(Margin {
                    name: self.name,
                    values,
                    numbers: None,
                    shares,
                    agrees_with: None,
                })
            }
            (None, Some(grid)) => {
                if grid.per == 0 || grid.from >= grid.to || grid.to - grid.from > 100_000 {
                    return Err("numbers: expected from < to, and per from 1".into());
                }
                let per = f64::from(grid.per);
                let numbers: Vec<f64> = (grid.from..=grid.to).map(|k| f64::from(k) / per).collect();
                let cut = self.at.map(|at| numbers.partition_point(|x| *x < at));
                let agrees_with = match &self.agrees_with {
                    None => None,
                    Some(name) => {
                        let predictor = Predictor::ALL.into_iter().find(|p| p.name() == name);
                        Some(predictor.zip(cut).ok_or(
                            "agreesWith: expected the name of a predictor, and at, its threshold",
                        )?)
                    }
                };
                let scale = grid.even_on.unwrap_or(Scale::Linear);
                let mut shares = [Vec::new(), Vec::new()];
                for (shares, moments) in shares.iter_mut().zip(classes) {
                    let moments: MomentsShape =
                        serde_json::from_value(moments).map_err(|error| error.to_string())?;
                    let cut = match (cut, moments.at_or_above) {
                        (Some(cut), Some(count)) => Some((cut, count / moments.patients)),
                        (None, None) => None,
                        _ => return Err("at and atOrAbove belong together".into()),
                    };
                    *shares = spread(&numbers, scale, moments.mean, moments.sd, cut)
                        .ok_or("no distribution was found that has its mean, sd and share")?;
                }
                let digits = grid.per.ilog10() as usize;
                Ok(Margin {
                    name: self.name,
                    values: numbers.iter().map(|x| format!("{x:.digits$}")).collect(),
                    numbers: Some(numbers),
                    shares,
                    agrees_with,
                })
            }
            _ => Err("expected either categories or numbers".into()),
        }
    }
}

fn shares_of(counts: serde_json::Value, levels: usize) -> Result<Vec<f64>, String> {
    let counts: Vec<u32> = serde_json::from_value(counts).map_err(|error| error.to_string())?;
    let sum: f64 = counts.iter().copied().map(f64::from).sum();
    if counts.len() != levels || sum <= 0.0 {
        return Err("expected a count for each category, not all of them 0".into());
    }
    Ok(counts.iter().map(|count| f64::from(*count) / sum).collect())
}

/// The distribution of greatest entropy over these values with this mean and standard deviation, and with this share from a place
/// on: exp(a x + b x^2), each side of the cut scaled to its share. On a logarithmic scale it is relative to 1/x. Newton's method
/// in a and b; the log partition function is convex.
fn spread(
    numbers: &[f64],
    scale: Scale,
    mean: f64,
    sd: f64,
    cut: Option<(usize, f64)>,
) -> Option<Vec<f64>> {
    let standardised: Vec<f64> = numbers.iter().map(|x| (x - mean) / sd).collect();
    let base: Vec<f64> = numbers
        .iter()
        .map(|x| match scale {
            Scale::Linear => 0.0,
            Scale::Logarithmic => -x.ln(),
        })
        .collect();
    let (cut, share) = cut.unwrap_or((0, 1.0));
    let sides = [(0..cut, 1.0 - share), (cut..numbers.len(), share)];
    if !sd.is_finite()
        || sides
            .iter()
            .any(|(side, share)| side.is_empty() && *share > 0.0)
    {
        return None;
    }
    let at = |[a, b]: [f64; 2]| {
        let mut shares = vec![0.0; numbers.len()];
        for (side, share) in &sides {
            let log = |i: usize| base[i] + a * standardised[i] + b * standardised[i].powi(2);
            let greatest = side.clone().map(log).fold(f64::NEG_INFINITY, f64::max);
            let weight = |i: usize| (log(i) - greatest).exp();
            let sum: f64 = side.clone().map(weight).sum();
            for i in side.clone() {
                shares[i] = share * weight(i) / sum;
            }
        }
        shares
    };
    // How far mean and mean square, both standardised, are from 0 and 1.
    let residual = |shares: &[f64]| {
        let moment = |power: i32| -> f64 {
            let terms = standardised.iter().zip(shares);
            terms.map(|(x, share)| share * x.powi(power)).sum()
        };
        [-moment(1), 1.0 - moment(2)]
    };
    let size = |[first, second]: [f64; 2]| first.hypot(second);
    let mut parameters = [0.0, -0.5];
    let mut shares = at(parameters);
    for _ in 0..100 {
        let wanted = residual(&shares);
        if size(wanted) < 1e-12 {
            return Some(shares);
        }
        let [mut j11, mut j12, mut j22] = [0.0; 3];
        for (side, share) in sides.iter().filter(|(_, share)| *share > 0.0) {
            let moment = |power: i32| -> f64 {
                let terms = side.clone();
                terms
                    .map(|i| shares[i] * standardised[i].powi(power))
                    .sum::<f64>()
                    / share
            };
            let [first, second] = [moment(1), moment(2)];
            j11 += share * (second - first * first);
            j12 += share * (moment(3) - first * second);
            j22 += share * (moment(4) - second * second);
        }
        let determinant = j11 * j22 - j12 * j12;
        let step = [
            (wanted[0] * j22 - wanted[1] * j12) / determinant,
            (wanted[1] * j11 - wanted[0] * j12) / determinant,
        ];
        let shorter = (0..40)
            .map(|halvings| 0.5_f64.powi(halvings))
            .find_map(|length| {
                let next = [0, 1].map(|i| parameters[i] + length * step[i]);
                let shares = at(next);
                (size(residual(&shares)) < size(wanted)).then_some((next, shares))
            });
        let Some((next, better)) = shorter else {
            // Nothing is nearer: as near as rounding allows, or there is no such distribution.
            return (size(wanted) < 1e-9).then_some(shares);
        };
        (parameters, shares) = (next, better);
    }
    None
}

impl Margin {
    /// The probability of each value in one class.
    pub fn of(&self, class: Class) -> &[f64] {
        &self.shares[class as usize]
    }

    /// Mean and standard deviation in one class, where the values are numbers.
    pub fn moments(&self, class: Class) -> Option<(f64, f64)> {
        let numbers = self.numbers.as_ref()?;
        let sum = |of: &dyn Fn(f64) -> f64| -> f64 {
            let terms = numbers.iter().zip(self.of(class));
            terms.map(|(x, share)| share * of(*x)).sum()
        };
        let mean = sum(&|x| x);
        Some((mean, sum(&|x| (x - mean).powi(2)).sqrt()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = include_str!("../../cds-hooks/models/liu-2022-margins.json");

    #[test]
    fn every_number_has_its_published_mean_deviation_and_share() {
        let margins = Margins::read("margins", FILE).unwrap();
        let json: serde_json::Value = serde_json::from_str(FILE).unwrap();
        let mut numbers = 0;
        for (margin, published) in margins
            .variables
            .iter()
            .zip(json["variables"].as_array().unwrap())
        {
            for (class, key) in Class::ALL.into_iter().zip(["refractory", "notRefractory"]) {
                let shares = margin.of(class);
                assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-12);
                let Some((mean, sd)) = margin.moments(class) else {
                    continue;
                };
                numbers += 1;
                let of = |name: &str| published[key][name].as_f64();
                assert!((mean - of("mean").unwrap()).abs() < 1e-9, "{}", margin.name);
                assert!((sd - of("sd").unwrap()).abs() < 1e-9, "{}", margin.name);
                if let Some(count) = of("atOrAbove") {
                    let at = published["at"].as_f64().unwrap();
                    let above: f64 = margin
                        .numbers
                        .as_ref()
                        .unwrap()
                        .iter()
                        .zip(shares)
                        .filter_map(|(x, share)| (*x >= at).then_some(share))
                        .sum();
                    assert!((above - count / of("patients").unwrap()).abs() < 1e-12);
                }
            }
        }
        assert_eq!(numbers, 8);
    }

    #[test]
    fn what_cannot_be_is_told_with_the_variable() {
        for (from, to, problem) in [
            (
                "\"mean\": 48.79",
                "\"mean\": 99.0",
                "ageYears: no distribution",
            ),
            (
                "\"sd\": 1.58",
                "\"sd\": 0.01",
                "tumourDiameterCm: no distribution",
            ),
            ("[70, 153]", "[70]", "sex: expected a count for each"),
            (
                "\"agreesWith\": \"ageAtDiagnosis\"",
                "\"agreesWith\": \"age\"",
                "ageYears: agreesWith",
            ),
            ("\"to\": 77", "\"to\": 7", "ageYears: numbers"),
            ("\"at\": 16, ", "", "monthsToRadioiodine: at and atOrAbove"),
        ] {
            let text = FILE.replacen(from, to, 1);
            assert_ne!(text, FILE, "{from}");
            let error = Margins::read("margins", &text).unwrap_err().to_string();
            assert!(error.contains(problem), "{error}");
        }
    }
}
