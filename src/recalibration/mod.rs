//! A model made to fit a cohort (none, intercept, intercept and slope, revision), and two models compared on one cohort.
