# Net benefit by the definitions of dcurves (which Debian does not have): p >= t, TP/n - FP/n * t/(1-t).
source("lib/record.R")

for (cohort in names(cohorts <- read_cohorts())) {
  d <- cohorts[[cohort]]
  n <- nrow(d)
  worth <- function(positive, t) {
    sum(positive & d$outcome == 1) / n - sum(positive & d$outcome == 0) / n * t / (1 - t)
  }
  # percent / 100, not seq: the thresholds must be the same doubles on both sides.
  for (percent in 1:99) {
    t <- percent / 100
    all <- worth(rep(TRUE, n), t)
    model <- worth(d$probability >= t, t)
    record(cohort, c(model, (model - all) / (t / (1 - t)), all, worth(d$fdgUptake >= t, t)),
           paste(c("model", "avoided", "all", "fdg"), percent, sep = "."))
  }
}
finish("decision")
