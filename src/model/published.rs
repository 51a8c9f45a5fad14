//! What the source study publishes about the four predictors, as data: each figure with its place in the paper, how far
//! rounding may have moved it, and whether a reconstruction must meet it or is only compared with it.

use super::file::{ScoreShape, UnusableModel, sha256, shape, shape_of_anything};
use crate::domain::model::Points;
use crate::domain::score::Predictor;
use serde::Deserialize;
use serde_json::Value;

/// The published file.
#[derive(Debug, Clone)]
pub struct Published {
    /// The whole file.
    pub json: Value,
    /// SHA-256 of its text.
    pub sha256: String,
    /// Points of the score.
    pub points: Points,
    /// Cut-off of the score.
    pub cutoff: u32,
    /// The figures.
    pub figures: Vec<Figure>,
    /// What the paper says of some patterns.
    pub statements: Vec<Statement>,
}

/// One published number.
#[derive(Debug, Clone)]
pub struct Figure {
    /// Name in the file.
    pub id: String,
    /// What it counts or measures.
    pub quantity: Quantity,
    /// As published.
    pub published: f64,
    /// The true value lies no further away than this.
    pub tolerance: f64,
    /// Where in the paper.
    pub place: String,
    /// Whether a table must meet it.
    pub role: Role,
    /// Other values that the paper prints.
    pub alternatives: Vec<f64>,
}

/// Whether a table must meet a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// It must.
    Constraint,
    /// It is only compared.
    Check,
}

/// The outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Class {
    /// Turned out radioiodine refractory.
    Refractory,
    /// Did not.
    NotRefractory,
}

impl Class {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Refractory, Self::NotRefractory];
}

/// What a figure counts or measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// Patients of a class.
    Patients(Class),
    /// Patients of a class with a predictor.
    Present(Class, Predictor),
    /// Patients of a class at or above the cut-off.
    AtOrAbove(Class),
    /// Of these, those without FDG uptake.
    AtOrAboveWithoutPet(Class),
    /// Mean of the score in a class.
    MeanScore(Class),
    /// Standard deviation of the score in a class, with n - 1.
    SdScore(Class),
    /// Area under the ROC curve of the score.
    AucScore,
    /// Share of all patients that the cut-off classes rightly.
    AccuracyScore,
    /// Sensitivity of the cut-off.
    SensitivityScore,
    /// Specificity of the cut-off.
    SpecificityScore,
    /// Sensitivity of one predictor.
    Sensitivity(Predictor),
    /// Specificity of one predictor.
    Specificity(Predictor),
    /// Area under the ROC curve of one predictor.
    AucPredictor(Predictor),
    /// c-index of the logistic model.
    CIndexNomogram,
}

/// What the paper says of the risk of one pattern.
#[derive(Debug, Clone)]
pub struct Statement {
    /// Name in the file.
    pub id: String,
    /// What it says.
    pub says: String,
    /// The risk is over this.
    pub threshold: f64,
    /// The predictors that it names; FDG uptake is left open.
    pub present: Vec<Predictor>,
    /// Where in the paper.
    pub place: String,
}

#[derive(Deserialize)]
struct Shape {
    score: ScoreShape,
    figures: Vec<FigureShape>,
    statements: Vec<StatementShape>,
}

#[derive(Deserialize)]
struct FigureShape {
    id: String,
    quantity: String,
    class: Option<Class>,
    predictor: Option<String>,
    published: f64,
    tolerance: f64,
    place: String,
    role: Role,
    #[serde(default)]
    alternatives: Vec<AlternativeShape>,
}

#[derive(Deserialize)]
struct AlternativeShape {
    published: f64,
}

#[derive(Deserialize)]
struct StatementShape {
    id: String,
    says: String,
    threshold: f64,
    present: Vec<String>,
    place: String,
}

impl Published {
    /// Reads a published file; `file` is its name in messages.
    ///
    /// # Errors
    /// [`UnusableModel`] with the place of what is wrong.
    pub fn read(file: &str, text: &str) -> Result<Self, UnusableModel> {
        let shape: Shape = shape(file, text)?;
        let wrong = |id: &str, problem: &str| UnusableModel::Unreadable {
            file: file.into(),
            problem: format!("{id}: {problem}"),
        };
        let figures = shape
            .figures
            .into_iter()
            .map(|figure| {
                let quantity = figure.quantity().ok_or_else(|| {
                    wrong(
                        &figure.id,
                        "its quantity is not known, or its class or predictor is missing",
                    )
                })?;
                if !(figure.published.is_finite() && figure.tolerance >= 0.0) {
                    return Err(wrong(&figure.id, "published or tolerance is no number"));
                }
                Ok(Figure {
                    quantity,
                    id: figure.id,
                    published: figure.published,
                    tolerance: figure.tolerance,
                    place: figure.place,
                    role: figure.role,
                    alternatives: figure.alternatives.iter().map(|a| a.published).collect(),
                })
            })
            .collect::<Result<_, _>>()?;
        let statements = shape
            .statements
            .into_iter()
            .map(|statement| {
                let present = statement
                    .present
                    .iter()
                    .map(|name| predictor(name))
                    .collect();
                let present: Option<Vec<Predictor>> = present;
                Ok(Statement {
                    present: present
                        .ok_or_else(|| wrong(&statement.id, "a predictor is not known"))?,
                    id: statement.id,
                    says: statement.says,
                    threshold: statement.threshold,
                    place: statement.place,
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            json: shape_of_anything(file, text)?,
            sha256: sha256(text),
            points: shape.score.points(),
            cutoff: shape.score.cutoff(),
            figures,
            statements,
        })
    }

    /// The figure of a quantity.
    pub fn figure(&self, quantity: Quantity) -> Option<&Figure> {
        self.figures
            .iter()
            .find(|figure| figure.quantity == quantity)
    }
}

fn predictor(name: &str) -> Option<Predictor> {
    let mut all = Predictor::ALL.into_iter();
    all.find(|predictor| predictor.name() == name)
}

impl FigureShape {
    fn quantity(&self) -> Option<Quantity> {
        let class = self.class;
        let predictor = || self.predictor.as_deref().and_then(predictor);
        Some(match self.quantity.as_str() {
            "patients" => Quantity::Patients(class?),
            "present" => Quantity::Present(class?, predictor()?),
            "atOrAbove" => Quantity::AtOrAbove(class?),
            "atOrAboveWithoutPet" => Quantity::AtOrAboveWithoutPet(class?),
            "meanScore" => Quantity::MeanScore(class?),
            "sdScore" => Quantity::SdScore(class?),
            "aucScore" => Quantity::AucScore,
            "accuracyScore" => Quantity::AccuracyScore,
            "sensitivityScore" => Quantity::SensitivityScore,
            "specificityScore" => Quantity::SpecificityScore,
            "sensitivity" => Quantity::Sensitivity(predictor()?),
            "specificity" => Quantity::Specificity(predictor()?),
            "aucPredictor" => Quantity::AucPredictor(predictor()?),
            "cIndexNomogram" => Quantity::CIndexNomogram,
            _ => return None,
        })
    }
}
