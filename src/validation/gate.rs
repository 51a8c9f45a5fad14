//! What the size of a cohort carries: the gates of 50, 100 and 200 patients in the smaller outcome class.
//!
//! Below 50 only counts and their intervals; from 50 on the area under the curve, observed by expected and the intercept; from
//! 100 on also slope, decision curve and refit; from 200 on also flexible curves.

use super::result::{Gate, Withheld};

/// A gate: so many patients must the smaller class have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Needs {
    /// Area under the curve, observed by expected, calibration-in-the-large, Brier score.
    Fifty = 50,
    /// Slope, Spiegelhalter's test, figures of packages, decision curve, refit.
    Hundred = 100,
    /// Flexible calibration curve, and the distances that are read from it.
    TwoHundred = 200,
}

impl Needs {
    const ALL: [Self; 3] = [Self::Fifty, Self::Hundred, Self::TwoHundred];
}

/// How many patients the smaller class has, and whether figures are shown all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Patients in the smaller class.
    pub smaller_class: u64,
    /// Show everything, marked.
    pub all_figures: bool,
}

impl Size {
    /// Of a group of patients.
    pub fn of(refractory: u64, not_refractory: u64, all_figures: bool) -> Self {
        Self {
            smaller_class: refractory.min(not_refractory),
            all_figures,
        }
    }

    /// Whether the gate is reached.
    pub fn reaches(&self, needs: Needs) -> bool {
        self.smaller_class >= needs as u64
    }

    /// Whether the figures of this gate are shown.
    pub fn shows(&self, needs: Needs) -> bool {
        self.all_figures || self.reaches(needs)
    }

    /// The gate as the report says it.
    pub fn gate(&self) -> Gate {
        let reached = Needs::ALL.into_iter().rfind(|needs| self.reaches(*needs));
        Gate {
            smaller_class: self.smaller_class,
            reached: reached.map_or(0, |needs| needs as u64),
            meaning: match reached {
                None => {
                    "Fewer than 50 patients in the smaller outcome class: these patients carry counts with their intervals and nothing else."
                }
                Some(Needs::Fifty) => {
                    "50 to 99 patients in the smaller outcome class: these patients carry the area under the curve, observed by expected and the intercept; they do not carry a slope, a decision curve or a flexible calibration curve."
                }
                Some(Needs::Hundred) => {
                    "100 to 199 patients in the smaller outcome class: these patients carry everything but a flexible calibration curve."
                }
                Some(Needs::TwoHundred) => {
                    "200 or more patients in the smaller outcome class: these patients carry every figure of this report."
                }
            },
            all_figures: self.all_figures,
        }
    }

    /// What is withheld of figures of these gates: each with what is withheld in words.
    pub fn withheld<'a>(
        &'a self,
        figures: &'a [(Needs, &'static str)],
    ) -> impl Iterator<Item = Withheld> + 'a {
        figures
            .iter()
            .filter(|(needs, _)| !self.reaches(*needs))
            .map(|(needs, what)| self.of_one(*needs, (*what).to_owned()))
    }

    fn of_one(&self, needs: Needs, what: String) -> Withheld {
        let needed = needs as u64;
        let missing = needed.saturating_sub(self.smaller_class);
        Withheld {
            what,
            why: format!(
                "The smaller outcome class has {} of the {needed} patients that this takes; with fewer it says more about chance than about the model. {missing} more are needed.",
                self.smaller_class
            ),
            needed,
            missing,
            shown: self.all_figures,
        }
    }
}

/// What the gates withhold of the score, the class and PET.
pub const OF_SCORE: [(Needs, &str); 2] = [
    (
        Needs::Fifty,
        "area under the ROC curve of the score, of the class and of PET alone, their comparison, and its bounds over unknown predictors",
    ),
    (Needs::Hundred, "decision curve"),
];

/// What the gates withhold of a refit.
pub const OF_REFIT: [(Needs, &str); 1] = [(
    Needs::Hundred,
    "four-factor model fitted to these patients, and its optimism",
)];

/// What the gates withhold of the probability of the model.
pub const OF_MODEL: [(Needs, &str); 4] = [
    (
        Needs::Fifty,
        "area under the ROC curve of the model's probability",
    ),
    (
        Needs::Fifty,
        "observed by expected, calibration-in-the-large and Brier score of the model's probability, and their bounds over unknown predictors",
    ),
    (
        Needs::Hundred,
        "calibration slope, Spiegelhalter's test and the figures of rms::val.prob for the model's probability",
    ),
    (
        Needs::TwoHundred,
        "flexible calibration curve of the model's probability, with Emax, E90, Eavg, ICI and ECI",
    ),
];

/// What the gates withhold of the probability that the input gives.
pub const OF_GIVEN: [(Needs, &str); 4] = [
    (
        Needs::Fifty,
        "area under the ROC curve of the given probability",
    ),
    (
        Needs::Fifty,
        "observed by expected, calibration-in-the-large and Brier score of the given probability",
    ),
    (
        Needs::Hundred,
        "calibration slope, Spiegelhalter's test and the figures of rms::val.prob for the given probability",
    ),
    (
        Needs::TwoHundred,
        "flexible calibration curve of the given probability, with Emax, E90, Eavg, ICI and ECI",
    ),
];

/// What the gates withhold of the given probability beside score, PET and model: of the patients who have both.
pub const OF_BOTH: [(Needs, &str); 2] = [
    (
        Needs::Fifty,
        "comparison of the given probability with PET alone, score and model",
    ),
    (Needs::Hundred, "decision curve of the given probability"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_gate_opens_at_its_number_and_not_before() {
        for (smaller, reached) in [
            (0, 0),
            (49, 0),
            (50, 50),
            (99, 50),
            (100, 100),
            (199, 100),
            (200, 200),
            (1000, 200),
        ] {
            let size = Size::of(smaller, smaller + 7, false);
            assert_eq!(size.gate().reached, reached, "{smaller}");
            let held = size.withheld(&OF_MODEL).count();
            assert_eq!(
                held,
                OF_MODEL.iter().filter(|(n, _)| *n as u64 > reached).count()
            );
            for item in size.withheld(&OF_MODEL) {
                assert_eq!(item.missing, item.needed - smaller);
            }
        }
    }

    #[test]
    fn all_figures_shows_what_stays_marked() {
        let size = Size::of(3, 900, true);
        assert!(size.shows(Needs::TwoHundred) && !size.reaches(Needs::Fifty));
        assert!(size.withheld(&OF_MODEL).all(|item| item.shown));
    }
}
