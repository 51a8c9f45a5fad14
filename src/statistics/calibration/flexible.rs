//! The flexible calibration curve: loess of degree 2, and how far the predictions are from it.

use super::{Distances, NoCalibration, distances, predictions};
use crate::statistics::loess::Loess;
use crate::statistics::ranking::{Ranked, totals};

/// A loess curve of the outcome on the prediction.
#[derive(Debug, Clone, PartialEq)]
pub struct Flexible {
    /// The curve, with its band.
    pub curve: Loess,
    /// Distances of the predictions from it: `e_average` is the integrated calibration index (ICI) of Austin and Steyerberg (2019)
    /// and the Eavg of CalibrationCurves; `e_50`, `e_90` and `e_max` are Austin's.
    pub distances: Distances,
    /// The estimated calibration index (Van Hoorde 2015) in the scale of CalibrationCurves: the mean squared distance by 100.
    pub eci: f64,
}

/// The curve of predictions.
///
/// # Errors
/// [`NoCalibration`] when one kind of patients is missing, a number is no probability, or there are too few different numbers.
pub fn flexible(groups: &[Ranked]) -> Result<Flexible, NoCalibration> {
    let groups = predictions(groups)?;
    let curve = Loess::fit(&groups)?;
    let (events, others) = totals(&groups);
    let squares = groups
        .iter()
        .zip(&curve.fitted)
        .map(|(group, fitted)| (group.events + group.others) * (group.by - fitted).powi(2));
    Ok(Flexible {
        distances: distances(&groups, &curve.fitted),
        eci: 100.0 * squares.sum::<f64>() / (events + others),
        curve,
    })
}
