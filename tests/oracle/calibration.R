# rms::val.prob; calibration in the large and slope with Wald intervals; O/E; lowess; loess with its band, ICI and ECI.
source("lib/record.R")
suppressMessages(library(rms))

for (cohort in names(cohorts <- read_cohorts())) {
  d <- cohorts[[cohort]]
  p <- d$probability
  y <- d$outcome

  # lrm.fit does not converge under separation: no figure to compare with.
  figures <- tryCatch(suppressWarnings(val.prob(p, y, pl = FALSE)), error = function(e) NULL)
  separated <- max(p[y == 0]) <= min(p[y == 1])
  constant <- length(unique(p)) == 1
  if (constant) {
    # val.prob gives 19 values under 18 names: those from the fourteenth on are not what their names say.
    record(cohort, figures[1:13], paste0("val.prob.", names(figures)[1:13]))
    record(cohort, figures[18:19], c("val.prob.S:z", "val.prob.S:p"))
  } else if (!is.null(figures) && !separated) {
    record(cohort, figures, paste0("val.prob.", names(figures)))
  } else {
    kept <- c("R2", "D", "D:Chi-sq", "Brier", "Emax", "E90", "Eavg", "S:z", "S:p")
    if (!is.null(figures)) record(cohort, figures[kept], paste0("val.prob.", kept))
  }

  finite <- p > 0 & p < 1
  logit <- qlogis(p[finite])
  exact <- glm.control(epsilon = 1e-15, maxit = 100)
  large <- suppressWarnings(glm(y[finite] ~ offset(logit), family = binomial, control = exact))
  record(cohort, c(coef(large), coef(large) + c(-1, 1) * qnorm(0.975) * sqrt(vcov(large)[1, 1])),
         paste0("in-the-large", c("", ".low", ".high")))
  if (!separated) {
    line <- glm(y[finite] ~ logit, family = binomial, control = exact)
    for (term in 1:2) {
      se <- sqrt(vcov(line)[term, term])
      record(cohort, c(coef(line)[term], se, coef(line)[term] + c(-1, 1) * qnorm(0.975) * se),
             paste0(c("intercept", "slope")[term], c("", ".se", ".low", ".high")))
    }
    # CalibrationCurves: Emax from the logistic curve.
    grid <- seq(0, 1, by = 5e-04)
    curve <- plogis(coef(line)[1] + coef(line)[2] * qlogis(grid))
    record(cohort, max(abs(grid - curve)), "CalibrationCurves.Emax")
  }
  ratio <- sum(y) / sum(p)
  record(cohort, ratio * exp(c(0, -1, 1) * qnorm(0.975) * sqrt((1 - mean(y)) / sum(y))),
         paste0("observed-expected", c("", ".low", ".high")))
  record(cohort, 1 - mean((p - y)^2) / (mean(y) * (1 - mean(y))), "brier.scaled")

  smooth <- lowess(p, y, iter = 0)
  at <- seq_along(smooth$x)
  at <- at[!duplicated(smooth$x)]
  at <- at[unique(round(seq(1, length(at), length.out = 20)))]
  record(cohort, smooth$y[at], paste0("lowess.", sprintf("%.17g", smooth$x[at])))

  # Too few different values for a quadratic: R warns of near singularities, and there is nothing to compare with.
  fit <- tryCatch(
    loess(y ~ p, degree = 2, control = loess.control(statistics = "exact")),
    warning = function(w) NULL, error = function(e) NULL
  )
  if (!is.null(fit)) {
    off <- abs(p - fit$fitted)
    record(cohort, c(mean(off), quantile(off, c(0.5, 0.9)), max(off), 100 * mean(off^2)),
           paste0("loess.", c("ICI", "E50", "E90", "Emax", "ECI")))
    record(cohort, c(fit$trace.hat, fit$one.delta, fit$s), paste0("loess.", c("parameters", "degrees", "scale")))
    grid <- seq(min(p), max(p), length.out = 21)
    told <- predict(fit, data.frame(p = grid), se = TRUE)
    record(cohort, told$fit, paste0("loess.fit.", 1:21))
    record(cohort, told$se.fit, paste0("loess.se.", 1:21))
  }
}
finish("calibration", "rms")
