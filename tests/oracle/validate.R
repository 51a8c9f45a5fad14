# rms::validate of the four-factor model: what R and the tests of `rrdtc validate` can both know is index.orig; the other columns
# depend on the draws and are compared within their sampling error.
source("lib/record.R")
suppressMessages(library(rms))

cohorts <- read_cohorts()
for (cohort in c("source", "continuous")) {
  d <- cohorts[[cohort]]
  fit <- lrm(outcome ~ ageAtDiagnosis + recurrence + multiSiteMetastasis + fdgUptake,
             data = d, x = TRUE, y = TRUE, eps = 1e-12, maxit = 100)
  se <- sqrt(diag(vcov(fit)))
  record(cohort, coef(fit), paste0("coefficient.", c("intercept", names(d)[2:5])))
  record(cohort, se, paste0("error.", c("intercept", names(d)[2:5])))
  set.seed(1)
  rows <- unclass(validate(fit, B = 500))
  for (index in rownames(rows)) {
    record(cohort, rows[index, c("index.orig", "training", "test", "index.corrected")],
           paste(index, c("index.orig", "training", "test", "index.corrected"), sep = "."))
  }
}
finish("validate", "rms")
