//! The method of the paper on any cohort: univariate tests, cut-offs, selection, points, nomogram.
