# Updates of a logistic model on a cohort: likelihood ratios, coefficients and their standard errors.
# The model is cds-hooks/models/liu-2022.json; its covariance stands for what is uncertain in it.
source("lib/record.R")

model <- c(-1.88056, 0.677082, 1.29701, 1.84607, 3.46662)
uncertain <- matrix(c(
  0.0662402, -0.0559568, -0.0268275, -0.0327784, -0.0338954,
  -0.0559568, 0.114819, 0.000936251, -0.0024521, 0.00606987,
  -0.0268275, 0.000936251, 0.137203, -0.0141945, 0.0000604367,
  -0.0327784, -0.0024521, -0.0141945, 0.213852, 0.0162554,
  -0.0338954, 0.00606987, 0.0000604367, 0.0162554, 0.134427
), 5)
predictors <- c("ageAtDiagnosis", "recurrence", "multiSiteMetastasis", "fdgUptake")
steps <- c("none", "intercept", "intercept-and-slope", "revision")
control <- glm.control(epsilon = 1e-14, maxit = 100)

log_likelihood <- function(y, eta) sum(y * eta - log1p(exp(eta)))

intercept <- function(x, y, b) {
  fit <- glm(y ~ 1, family = binomial, offset = as.vector(x %*% b), control = control)
  list(b = b + c(coef(fit), 0, 0, 0, 0), v = vcov(fit), along = cbind(c(1, 0, 0, 0, 0)))
}

slope <- function(x, y, b) {
  fit <- glm(y ~ lp, family = binomial, data = data.frame(lp = as.vector(x %*% b)), control = control)
  list(b = c(coef(fit)[1], 0, 0, 0, 0) + coef(fit)[2] * b, v = vcov(fit),
       along = cbind(c(1, 0, 0, 0, 0), b), slope = coef(fit)[2])
}

# The change of the coefficients with a ridge on standardised columns, by Newton's method.
ridge <- function(x, y, b, lambda) {
  penalty <- lambda * c(0, apply(x[, -1], 2, var))
  offset <- as.vector(x %*% b)
  change <- numeric(5)
  for (i in 1:200) {
    p <- plogis(offset + as.vector(x %*% change))
    information <- crossprod(x, x * p * (1 - p))
    step <- solve(information + diag(penalty), crossprod(x, y - p) - penalty * change)
    # Not too far at once: from a bad start Newton's method runs away.
    change <- change + as.vector(step) * min(1, 1 / max(abs(step)))
    if (max(abs(step)) < 1e-13) break
  }
  v <- solve(information + diag(penalty))
  # Without the intercept, in the same sense as rms: trace of the information by the inverse of the penalised one.
  centred <- diag(5)
  centred[1, -1] <- colMeans(x[, -1])
  i <- solve(t(centred)) %*% information %*% solve(centred)
  w <- centred %*% v %*% t(centred)
  list(b = b + change, v = v, along = diag(5), df = sum(diag(i %*% w)[-1]))
}

revision <- function(x, y, b, lambda = NULL) {
  if (!is.null(lambda)) return(ridge(x, y, b, lambda))
  alone <- log_likelihood(y, x %*% intercept(x, y, b)$b)
  worth <- sapply(10^(seq(-8, 16) / 4), function(lambda) {
    fit <- ridge(x, y, b, lambda)
    lr <- 2 * (log_likelihood(y, x %*% fit$b) - alone)
    lr - 2 * fit$df * (1 + (fit$df + 1) / (length(y) - fit$df - 1))
  })
  lambda <- 10^(seq(-8, 16) / 4)[which.max(worth)]
  c(ridge(x, y, b, lambda), lambda = lambda)
}

# How the new coefficients move with the old ones, by fitting anew.
moved <- function(x, y, update, ...) {
  sapply(1:5, function(k) {
    by <- replace(numeric(5), k, 1e-4)
    (update(x, y, model + by, ...)$b - update(x, y, model - by, ...)$b) / 2e-4
  })
}

errors <- function(x, y, fit, update, ...) {
  j <- moved(x, y, update, ...)
  sqrt(diag(fit$along %*% fit$v %*% t(fit$along) + j %*% uncertain %*% t(j)))
}

cohorts <- read_cohorts()
# Patients for whom the model is wrong in more than level and slope: of each third one age alone decides.
cohorts$turned <- cohorts$source
third <- seq_len(nrow(cohorts$turned)) %% 3 == 0
cohorts$turned$outcome[third] <- cohorts$turned$ageAtDiagnosis[third]

for (cohort in names(cohorts)) {
  d <- cohorts[[cohort]]
  if (!all(c(predictors, "outcome") %in% names(d))) next
  d <- d[complete.cases(d[c(predictors, "outcome")]), c(predictors, "outcome")]
  if (!all(as.matrix(d) %in% 0:1)) next
  y <- d$outcome
  x <- cbind(1, as.matrix(d[predictors]))
  full <- suppressWarnings(glm(y ~ x - 1, family = binomial, control = control))
  # Without a maximum there is nothing to compare.
  if (anyNA(coef(full)) || any(abs(coef(full)) > 12)) next
  parts <- list(list(b = model), intercept(x, y, model), slope(x, y, model), list(b = coef(full)))
  parameters <- c(0, 1, 2, 5)
  for (i in 1:3) for (j in (i + 1):4) {
    lr <- 2 * (log_likelihood(y, x %*% parts[[j]]$b) - log_likelihood(y, x %*% parts[[i]]$b))
    df <- parameters[j] - parameters[i]
    name <- paste(steps[j], steps[i], sep = ".")
    record(cohort, c(lr, df, pchisq(lr, df, lower.tail = FALSE)), paste("lr", name, c("statistic", "df", "p"), sep = "."))
  }
  record(cohort, parts[[2]]$b, paste0("intercept.b", 0:4))
  record(cohort, errors(x, y, parts[[2]], intercept), paste0("intercept.se", 0:4))
  record(cohort, parts[[3]]$b, paste0("slope.b", 0:4))
  record(cohort, errors(x, y, parts[[3]], slope), paste0("slope.se", 0:4))
  record(cohort, parts[[3]]$slope, "slope")
  revised <- revision(x, y, model)
  record(cohort, revised$b, paste0("revision.b", 0:4))
  record(cohort, errors(x, y, revised, revision, lambda = revised$lambda), paste0("revision.se", 0:4))
  record(cohort, c(revised$lambda, revised$df + 1), c("revision.penalty", "revision.df"))
}
finish("recalibration")
