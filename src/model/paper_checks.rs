//! The arithmetic behind the known errors of the source study: what it prints, against what follows from its other figures.
//!
//! Every number comes from the published file. The words around the numbers are data (`paper-errors.json`); read [`checks`]
//! first. The numbering is that of the methodological review (clinical.md section 2).

use super::published::{Class, Published, Quantity, Statement};
use super::write::number;
use crate::domain::model::Model;
use crate::domain::nomogram::{Banded, Nomogram};
use crate::domain::score::{Pattern, Predictor};
use crate::statistics::proportion::normal_quantile;
use serde_json::{Value, json};
use statrs::distribution::{Continuous, ContinuousCDF, Normal};

/// The numbers of one check, for the words of the same id.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// Name, as in the file of words.
    pub id: &'static str,
    /// What is printed and what is computed, rounded to six digits.
    pub figures: Value,
}

/// The published file lacks a figure that a check needs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the published figures lack {0}, which the checks of the paper need")]
pub struct MissingFigure(pub String);

type Checked = Result<Value, MissingFigure>;

/// Digits of a computed number.
const DIGITS: usize = 6;

/// All checks. What the paper says of single patients is held against the nomogram of `model`, where it has one.
///
/// # Errors
/// [`MissingFigure`] where the published file does not hold what a check needs.
pub fn checks(published: &Published, model: &Model) -> Result<Vec<Check>, MissingFigure> {
    let paper = Paper(published);
    let nomogram = model.nomogram.as_ref();
    let checks = [
        ("recurrence-count", paper.recurrence_count()?),
        ("mean-score-refractory", paper.mean_score_refractory()?),
        (
            "mean-score-not-refractory",
            paper.mean_score_not_refractory()?,
        ),
        ("age-odds-ratio", paper.age_odds_ratio()?),
        ("crude-age-odds-ratio", paper.crude_age_odds_ratio()?),
        ("points-are-no-weights", paper.points_are_no_weights()?),
        ("over-90-percent", paper.over_90_percent(nomogram)?),
        ("over-99-percent", paper.over_99_percent(nomogram)?),
        ("auc-at-the-cutoff", paper.auc_at_the_cutoff()?),
        ("auc-of-age", paper.auc_of_age()?),
        ("age-threshold", paper.age_threshold()?),
        ("number-of-sites", paper.number_of_sites()?),
        ("recurrence-not-defined", paper.recurrence_not_defined()?),
        ("time-of-pet", paper.time_of_pet()?),
    ];
    Ok(checks.map(|(id, figures)| Check { id, figures }).into())
}

struct Paper<'a>(&'a Published);

/// Means of a quantity in both classes.
struct Means {
    refractory: (f64, f64),
    not_refractory: (f64, f64),
}

impl Paper<'_> {
    fn figure(&self, quantity: Quantity) -> Result<f64, MissingFigure> {
        let figure = self.0.figure(quantity);
        figure
            .map(|figure| figure.published)
            .ok_or_else(|| MissingFigure(format!("{quantity:?}")))
    }

    fn patients(&self, class: Class) -> Result<f64, MissingFigure> {
        self.figure(Quantity::Patients(class))
    }

    fn present(&self, class: Class, predictor: Predictor) -> Result<f64, MissingFigure> {
        self.figure(Quantity::Present(class, predictor))
    }

    fn at(&self, pointer: &str) -> Result<f64, MissingFigure> {
        let value = self.0.json.pointer(pointer).and_then(Value::as_f64);
        value.ok_or_else(|| MissingFigure(pointer.to_owned()))
    }

    fn odds_ratio(&self, name: &str) -> Result<f64, MissingFigure> {
        self.at(&format!("/printedRegression/oddsRatios/{name}/value"))
    }

    /// Another count of recurrence among the refractory that the paper prints.
    fn printed_recurrence(&self) -> Result<f64, MissingFigure> {
        let quantity = Quantity::Present(Class::Refractory, Predictor::Recurrence);
        self.0
            .figure(quantity)
            .and_then(|figure| figure.alternatives.first().copied())
            .ok_or_else(|| MissingFigure("the other count of recurrence".into()))
    }

    fn recurrence_count(&self) -> Checked {
        let refractory = self.patients(Class::Refractory)?;
        let used = self.present(Class::Refractory, Predictor::Recurrence)?;
        let printed = self.printed_recurrence()?;
        let others = self.patients(Class::NotRefractory)?;
        let false_positive = self.present(Class::NotRefractory, Predictor::Recurrence)?;
        // One cut: the area is the mean of sensitivity and specificity.
        let auc = |count: f64| mean_of(count / refractory, 1.0 - false_positive / others);
        Ok(json!({
            "printed": round(printed),
            "used": round(used),
            "refractory": round(refractory),
            "notRefractory": round(others),
            "notRefractoryWithRecurrence": round(false_positive),
            "printedShare": round(printed / refractory),
            "usedShare": round(used / refractory),
            "printedAuc": round(auc(printed)),
            "usedAuc": round(auc(used)),
            "oneLess": round(used - 1.0),
            "oneLessAuc": round(auc(used - 1.0)),
            "oneMore": round(used + 1.0),
            "oneMoreAuc": round(auc(used + 1.0)),
            "publishedSensitivity": round(self.figure(Quantity::Sensitivity(Predictor::Recurrence))?),
            "publishedAuc": round(self.figure(Quantity::AucPredictor(Predictor::Recurrence))?),
        }))
    }

    /// Sum of the points over a class, with another count of recurrence where one is given.
    fn points(&self, class: Class, recurrence: Option<f64>) -> Result<f64, MissingFigure> {
        let mut sum = 0.0;
        for predictor in Predictor::ALL {
            let patients = match (predictor, recurrence) {
                (Predictor::Recurrence, Some(patients)) => patients,
                _ => self.present(class, predictor)?,
            };
            sum += f64::from(self.0.points.of(predictor)) * patients;
        }
        Ok(sum)
    }

    fn mean_score_refractory(&self) -> Checked {
        let class = Class::Refractory;
        let refractory = self.patients(class)?;
        let used = self.present(class, Predictor::Recurrence)?;
        let printed = self.printed_recurrence()?;
        let mean = |recurrence| {
            let points = self.points(class, Some(recurrence))?;
            Ok(round(points / refractory))
        };
        Ok(json!({
            "published": round(self.figure(Quantity::MeanScore(class))?),
            "points": round(self.points(class, None)?),
            "patients": round(refractory),
            "used": round(used),
            "mean": mean(used)?,
            "printed": round(printed),
            "meanWithPrinted": mean(printed)?,
            "oneLess": round(used - 1.0),
            "meanWithOneLess": mean(used - 1.0)?,
            "oneMore": round(used + 1.0),
            "meanWithOneMore": mean(used + 1.0)?,
        }))
    }

    fn mean_score_not_refractory(&self) -> Checked {
        let class = Class::NotRefractory;
        let points = self.points(class, None)?;
        let patients = self.patients(class)?;
        Ok(json!({
            "published": round(self.figure(Quantity::MeanScore(class))?),
            "points": round(points),
            "patients": round(patients),
            "mean": round(points / patients),
        }))
    }

    fn age_odds_ratio(&self) -> Checked {
        let at = |end: &str| self.at(&format!("/printedRegression/oddsRatios/age/{end}"));
        let (low, high) = (at("low")?, at("high")?);
        let older = self.present(Class::Refractory, Predictor::AgeAtDiagnosis)?
            + self.present(Class::NotRefractory, Predictor::AgeAtDiagnosis)?;
        let patients = self.patients(Class::Refractory)? + self.patients(Class::NotRefractory)?;
        let share = older / patients;
        // A binary outcome has a variance of at most a quarter, so no logistic model can tell more than this.
        let least = 1.0 / (patients * 0.25 * share * (1.0 - share)).sqrt();
        let width = 2.0 * normal_quantile(0.975);
        Ok(json!({
            "oddsRatio": round(at("value")?),
            "low": round(low),
            "high": round(high),
            "older": round(older),
            "younger": round(patients - older),
            "patients": round(patients),
            "standardError": round((high / low).ln() / width),
            "leastStandardError": round(least),
            "ratioOfLimits": round(high / low),
            "leastRatioOfLimits": round((width * least).exp()),
        }))
    }

    fn ages(&self) -> Result<Means, MissingFigure> {
        let of = |class: &str| {
            let at = |name: &str| self.at(&format!("/cohort/ageAtDiagnosis/{class}/{name}"));
            Ok((at("mean")?, at("sd")?))
        };
        Ok(Means {
            refractory: of("refractory")?,
            not_refractory: of("notRefractory")?,
        })
    }

    /// How much older those at or above the threshold are on average than the others, were age normally distributed with the
    /// published means and standard deviations of the classes.
    fn mean_gap(&self) -> Result<f64, MissingFigure> {
        let ages = self.ages()?;
        let (a, b) = (
            self.patients(Class::Refractory)?,
            self.patients(Class::NotRefractory)?,
        );
        let ((mean_a, sd_a), (mean_b, sd_b)) = (ages.refractory, ages.not_refractory);
        let mean = (a * mean_a + b * mean_b) / (a + b);
        let within = ((a - 1.0) * sd_a.powi(2) + (b - 1.0) * sd_b.powi(2)) / (a + b - 2.0);
        let between = a * b * (mean_a - mean_b).powi(2) / (a + b).powi(2);
        let sd = (within + between).sqrt();
        let standard = Normal::standard();
        let z = (self.age_years()? - mean) / sd;
        let below = standard.cdf(z);
        Ok(sd * standard.pdf(z) / (below * (1.0 - below)))
    }

    fn age_years(&self) -> Result<f64, MissingFigure> {
        self.at("/score/predictors/ageAtDiagnosis/thresholdYears")
    }

    fn crude_age_odds_ratio(&self) -> Checked {
        let predictor = Predictor::AgeAtDiagnosis;
        let older = self.present(Class::Refractory, predictor)?;
        let others_older = self.present(Class::NotRefractory, predictor)?;
        let younger = self.patients(Class::Refractory)? - older;
        let others_younger = self.patients(Class::NotRefractory)? - others_older;
        let per_year = self.odds_ratio("age")?;
        let gap = self.mean_gap()?;
        let crude = older * others_younger / (younger * others_older);
        Ok(json!({
            "older": round(older),
            "younger": round(younger),
            "othersOlder": round(others_older),
            "othersYounger": round(others_younger),
            "crude": round(crude),
            "perYear": round(per_year),
            "meanGapYears": round(gap),
            "overTheGap": round(per_year.powf(gap)),
            "points": self.0.points.of(predictor),
            "pointsByTheirRule": round(crude.round()),
        }))
    }

    fn points_are_no_weights(&self) -> Checked {
        let name = |predictor: Predictor| match predictor {
            Predictor::AgeAtDiagnosis => "age",
            other => other.name(),
        };
        let mut rows = Vec::new();
        for predictor in Predictor::ALL {
            let odds_ratio = self.odds_ratio(name(predictor))?;
            rows.push(json!({
                "predictor": predictor.name(),
                "points": self.0.points.of(predictor),
                "oddsRatio": round(odds_ratio),
                "rounded": round(odds_ratio.round()),
                "logOddsRatio": round(odds_ratio.ln()),
            }));
        }
        let points = |predictor| f64::from(self.0.points.of(predictor));
        let (fdg, recurrence) = (Predictor::FdgUptake, Predictor::Recurrence);
        let log_odds = |predictor| Ok(self.odds_ratio(name(predictor))?.ln());
        Ok(json!({
            "rows": rows,
            "fdgByRecurrenceInPoints": round(points(fdg) / points(recurrence)),
            "fdgByRecurrenceInLogOdds": round(log_odds(fdg)? / log_odds(recurrence)?),
        }))
    }

    fn statement(&self, id: &str) -> Result<&Statement, MissingFigure> {
        let mut statements = self.0.statements.iter();
        statements
            .find(|statement| statement.id == id)
            .ok_or_else(|| MissingFigure(format!("the statement {id}")))
    }

    /// A statement of the paper beside the score and the nomogram, without and with FDG uptake.
    fn says(&self, statement: &Statement, nomogram: Option<&Nomogram>) -> Value {
        let odds = |p: f64| p / (1.0 - p);
        let of = |fdg: bool| {
            let mut present =
                Predictor::ALL.map(|predictor| statement.present.contains(&predictor));
            present[Predictor::FdgUptake as usize] = fdg;
            let pattern = Pattern(present);
            let points = Predictor::ALL.into_iter().filter(|p| pattern.has(*p));
            let score: u32 = points.map(|p| self.0.points.of(p)).sum();
            let probability = nomogram.map(|nomogram| {
                let Banded {
                    low,
                    estimate,
                    high,
                } = *nomogram.of(pattern);
                json!({
                    "low": round(low),
                    "estimate": round(estimate),
                    "high": round(high),
                    "holds": estimate > statement.threshold,
                    "neededOddsRatio": round(odds(statement.threshold) / odds(estimate)),
                })
            });
            json!({
                "score": score,
                "isAtOrAbove": score >= self.0.cutoff,
                "probability": probability,
            })
        };
        json!({
            "says": statement.says,
            "place": statement.place,
            "threshold": round(statement.threshold),
            "cutoff": self.0.cutoff,
            "withoutFdgUptake": of(false),
            "withFdgUptake": of(true),
        })
    }

    fn over_90_percent(&self, nomogram: Option<&Nomogram>) -> Checked {
        Ok(self.says(self.statement("over-90-percent")?, nomogram))
    }

    fn over_99_percent(&self, nomogram: Option<&Nomogram>) -> Checked {
        let statement = self.statement("over-99-percent")?;
        let start = self.statement("over-90-percent")?.threshold;
        let odds_ratio = self.odds_ratio("multiSiteMetastasis")?;
        let odds = |p: f64| p / (1.0 - p);
        let probability = |odds: f64| odds / (1.0 + odds);
        let reached = odds(start) * odds_ratio;
        let needed = odds(statement.threshold) / odds_ratio;
        let mut figures = self.says(statement, nomogram);
        figures["start"] = round(start);
        figures["oddsRatio"] = round(odds_ratio);
        figures["oddsReached"] = round(reached);
        figures["reached"] = round(probability(reached));
        figures["oddsNeeded"] = round(needed);
        figures["needed"] = round(probability(needed));
        Ok(figures)
    }

    fn auc_at_the_cutoff(&self) -> Checked {
        let at = |name: &str| self.at(&format!("/performance/atCutoff/{name}"));
        let sensitivity = at("truePositive")? / (at("truePositive")? + at("falseNegative")?);
        let specificity = at("trueNegative")? / (at("trueNegative")? + at("falsePositive")?);
        Ok(json!({
            "cutoff": self.0.cutoff,
            "sensitivity": round(sensitivity),
            "specificity": round(specificity),
            "atTheCutoff": round(mean_of(sensitivity, specificity)),
            "published": round(self.figure(Quantity::AucScore)?),
            "levels": Pattern::COUNT,
        }))
    }

    fn auc_of_age(&self) -> Checked {
        let predictor = Predictor::AgeAtDiagnosis;
        let share = |class| Ok(self.present(class, predictor)? / self.patients(class)?);
        let sensitivity = share(Class::Refractory)?;
        let specificity = 1.0 - share(Class::NotRefractory)?;
        let ages = self.ages()?;
        let gap = ages.refractory.0 - ages.not_refractory.0;
        // The probability that the older of two is the refractory one, were age normally distributed in each class.
        let sd = ages.refractory.1.hypot(ages.not_refractory.1);
        Ok(json!({
            "published": round(self.figure(Quantity::AucPredictor(predictor))?),
            "sensitivity": round(sensitivity),
            "specificity": round(specificity),
            "binary": round(mean_of(sensitivity, specificity)),
            "meanDifferenceYears": round(gap),
            "sdOfDifferenceYears": round(sd),
            "continuous": round(Normal::standard().cdf(gap / sd)),
        }))
    }

    fn age_threshold(&self) -> Checked {
        let statement = self.statement("over-90-percent")?;
        Ok(json!({
            "years": round(self.age_years()?),
            "says": statement.says,
            "place": statement.place,
        }))
    }

    fn number_of_sites(&self) -> Checked {
        let predictor = Predictor::MultiSiteMetastasis;
        let statement = self.statement("over-99-percent")?;
        Ok(json!({
            "refractory": round(self.present(Class::Refractory, predictor)?),
            "notRefractory": round(self.present(Class::NotRefractory, predictor)?),
            "says": statement.says,
            "place": statement.place,
        }))
    }

    fn recurrence_not_defined(&self) -> Checked {
        Ok(json!({
            "points": self.0.points.of(Predictor::Recurrence),
            "oddsRatio": round(self.odds_ratio("recurrence")?),
        }))
    }

    fn time_of_pet(&self) -> Checked {
        Ok(json!({
            "days": round(self.at("/cohort/petWithinDays")?),
            "courses": round(self.at("/cohort/minimumCourses")?),
        }))
    }
}

fn mean_of(a: f64, b: f64) -> f64 {
    f64::midpoint(a, b)
}

fn round(value: f64) -> Value {
    number(value, DIGITS)
}

#[cfg(test)]
mod tests;
