# rms::validate of the four-predictor model, with the resamples that R drew: the same resamples must give the same optimism.
source("lib/record.R")
suppressMessages(library(rms))

d <- read_cohorts()$source
fit <- lrm(outcome ~ ageAtDiagnosis + recurrence + multiSiteMetastasis + fdgUptake, data = d, x = TRUE, y = TRUE)
resamples <- 20
set.seed(1)
v <- unclass(validate(fit, B = resamples))
for (row in c("Dxy", "R2", "Intercept", "Slope", "D", "U", "Q", "B")) {
  record("source", v[row, ], paste(row, colnames(v), sep = "."))
}
# validate() draws nothing but its resamples, in this way.
set.seed(1)
pattern <- with(d, 8 * ageAtDiagnosis + 4 * recurrence + 2 * multiSiteMetastasis + fdgUptake)
cell <- factor(2 * pattern + d$outcome, levels = 0:31)
for (k in seq_len(resamples)) {
  drawn <- table(cell[sample(nrow(d), replace = TRUE)])
  record("source", drawn, paste("drawn", k - 1, names(drawn), sep = "."))
}
finish("optimism", "rms")
