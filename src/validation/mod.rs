//! How well a model does on a cohort: discrimination, calibration, clinical usefulness, with their uncertainty.
