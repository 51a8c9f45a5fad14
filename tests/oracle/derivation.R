# Tests of one variable, logistic regression (maximum likelihood, offset, ridge, Firth), forward selection, cut-offs and calibration
# on mixed/mixed.csv: numbers, categories, ties and missing values.
source("lib/record.R")
suppressMessages({
  library(pROC)
  library(rms)
})

d <- read.csv("mixed/mixed.csv", na.strings = "", stringsAsFactors = TRUE)
d <- d[!is.na(d$outcome), ]
exact <- glm.control(epsilon = 1e-15, maxit = 100)

# One variable at a time.
for (name in c("ageYears", "marker", "nodes", "few")) {
  event <- d[[name]][d$outcome == 1]
  other <- d[[name]][d$outcome == 0]
  event <- event[!is.na(event)]
  other <- other[!is.na(other)]
  skewness <- function(x) mean((x - mean(x))^3) / mean((x - mean(x))^2)^1.5
  record(name, c(mean(event), sd(event), skewness(event), median(other), skewness(other)),
         c("event.mean", "event.sd", "event.skewness", "other.median", "other.skewness"))
  for (equal in c(TRUE, FALSE)) {
    t <- t.test(event, other, var.equal = equal)
    record(name, c(t$statistic, t$parameter, t$p.value, t$conf.int),
           paste0(if (equal) "student" else "welch", c(".t", ".df", ".p", ".low", ".high")))
  }
  ranks <- wilcox.test(event, other, exact = FALSE)
  record(name, c(ranks$statistic, ranks$p.value), c("wilcoxon.w", "wilcoxon.p"))
  if (!anyDuplicated(c(event, other)) && max(length(event), length(other)) < 50) {
    record(name, wilcox.test(event, other)$p.value, "wilcoxon.exact")
  }
  curve <- roc(c(rep(1, length(event)), rep(0, length(other))), c(event, other), levels = c(0, 1),
               direction = "<", quiet = TRUE)
  best <- coords(curve, "best", best.method = "youden", transpose = FALSE,
                 ret = c("threshold", "sensitivity", "specificity"))
  record(name, c(auc(curve), ci.auc(curve)[c(1, 3)]), c("auc", "auc.low", "auc.high"))
  # The lowest of those that are equally good.
  record(name, unlist(best[1, ]), paste0("cut.", names(best)))
}
for (name in c("sex", "grade", "site", "uptake", "biopsy", "separating")) {
  counts <- table(d[[name]], d$outcome)
  plain <- suppressWarnings(chisq.test(counts, correct = FALSE))
  record(name, c(plain$statistic, plain$parameter, plain$p.value), paste0("chi-squared", c("", ".df", ".p")))
  if (nrow(counts) == 2) {
    yates <- suppressWarnings(chisq.test(counts))
    record(name, c(yates$statistic, yates$p.value), paste0("yates", c("", ".p")))
  }
  record(name, fisher.test(counts, workspace = 2e7)$p.value, "fisher.p")
}

# Regression on the complete patients.
d$sexMale <- as.numeric(d$sex == "male")
d$gradeHigh <- as.numeric(d$grade == "high")
d$gradeMiddle <- as.numeric(d$grade == "middle")
whole <- c("outcome", "ageYears", "marker", "nodes", "sexMale", "gradeHigh", "gradeMiddle", "uptake")
k <- d[complete.cases(d[whole]), c(whole, "separating")]
model <- outcome ~ ageYears + marker + nodes + sexMale + gradeHigh + gradeMiddle + uptake
fit <- glm(model, binomial, k, control = exact)
terms <- c("intercept", "ageYears", "marker", "nodes", "sexMale", "gradeHigh", "gradeMiddle", "uptake")
record("glm", coef(fit), paste0("coefficient.", terms))
record("glm", sqrt(diag(vcov(fit))), paste0("se.", terms))
record("glm", summary(fit)$coefficients[, 4], paste0("p.", terms))
record("glm", exp(confint.default(fit)[-1, ]), c(paste0("low.", terms[-1]), paste0("high.", terms[-1])))
ratio <- fit$null.deviance - fit$deviance
record("glm", c(ratio, pchisq(ratio, 7, lower.tail = FALSE), logLik(fit), nrow(k)),
       c("lr", "lr.p", "log-likelihood", "patients"))
profiles <- suppressMessages(confint(fit, level = 0.95))
record("glm", profiles[-1, ], c(paste0("profile.low.", terms[-1]), paste0("profile.high.", terms[-1])))
smaller <- update(fit, . ~ . - gradeHigh - gradeMiddle)
record("glm", anova(smaller, fit, test = "LRT")$Deviance[2], "lr.grade")
offset <- glm(outcome ~ ageYears + offset(0.5 * uptake - 1), binomial, k, control = exact)
record("offset", c(coef(offset), sqrt(diag(vcov(offset))), offset$null.deviance - offset$deviance),
       c("coefficient.intercept", "coefficient.ageYears", "se.intercept", "se.ageYears", "lr"))

# Ridge, chosen by information criteria.
lrm_of <- function(penalty) {
  lrm(model, k, penalty = penalty, x = TRUE, y = TRUE, eps = 1e-13, maxit = 100, tol = 1e-13)
}
penalties <- c(0.5, 1, 2, 4, 8, 16)
trace <- pentrace(lrm_of(0), penalties, maxit = 100, tol = 1e-13)
record("ridge", trace$results.all$df, paste0("df.", c(0, penalties)))
record("ridge", trace$results.all$aic, paste0("aic.", c(0, penalties)))
record("ridge", trace$results.all$aic.c, paste0("aic.c.", c(0, penalties)))
record("ridge", trace$penalty, "best")
held <- lrm_of(4)
record("ridge", coef(held), paste0("coefficient.", terms))
record("ridge", sqrt(diag(vcov(held))), paste0("se.", terms))

# Firth: R has no package for it here, so by its definition, maximised without derivatives of ours.
firth <- function(x, y) {
  x <- cbind(1, as.matrix(x))
  # Standardised, so that optim has an easy road.
  centre <- c(0, colMeans(x[, -1]))
  scale <- c(1, apply(x[, -1], 2, sd))
  z <- sweep(sweep(x, 2, centre), 2, scale, "/")
  objective <- function(b) {
    eta <- drop(z %*% b)
    w <- plogis(eta) * plogis(-eta)
    sum(y * eta - ifelse(eta > 30, eta, log1p(exp(eta)))) + 0.5 * determinant(crossprod(z, z * w))$modulus[1]
  }
  best <- function(start, held = integer(), value = numeric()) {
    free <- setdiff(seq_along(start), held)
    put <- function(b) replace(replace(start, held, value), free, b)
    score <- function(b) {
      b <- put(b)
      p <- plogis(drop(z %*% b))
      w <- p * (1 - p)
      h <- rowSums((z %*% solve(crossprod(z, z * w))) * z) * w
      drop(crossprod(z, y - p + h * (0.5 - p)))[free]
    }
    at <- start[free]
    for (round in 1:5) {
      at <- optim(at, function(b) objective(put(b)), score, method = "BFGS",
                  control = list(fnscale = -1, reltol = 1e-16, maxit = 5000))$par
    }
    put(at)
  }
  top <- best(rep(0, ncol(z)))
  p <- plogis(drop(z %*% top))
  se <- sqrt(diag(solve(crossprod(x, x * (p * (1 - p))))))
  limits <- function(j) {
    drop_at <- function(value) 2 * (objective(top) - objective(best(top, j, value))) - qchisq(0.95, 1)
    wide <- 3 * se[j] * scale[j]
    search <- function(way) uniroot(drop_at, sort(c(top[j], top[j] + way * 3 * wide)), tol = 1e-11)$root / scale[j]
    c(search(-1), search(1), 2 * (objective(top) - objective(best(top, j, 0))))
  }
  slopes <- top / scale
  slopes[1] <- top[1] - sum(slopes[-1] * centre[-1])
  list(coefficients = slopes, se = se, objective = objective(top) - sum(log(1 / scale)) , limits = sapply(2:ncol(z), limits))
}
columns <- c("ageYears", "uptake", "separating")
penalised <- firth(k[columns], k$outcome)
record("firth", penalised$coefficients, paste0("coefficient.", c("intercept", columns)))
record("firth", penalised$se, paste0("se.", c("intercept", columns)))
record("firth", penalised$limits[1, ], paste0("low.", columns))
record("firth", penalised$limits[2, ], paste0("high.", columns))
record("firth", penalised$limits[3, ], paste0("lr.", columns))

# Forward selection by likelihood ratio, 0.05 in and 0.1 out.
all_terms <- c("ageYears", "marker", "nodes", "sex", "grade", "uptake")
f <- d[complete.cases(d[c("outcome", all_terms)]), ]
fit_of <- function(terms) {
  glm(reformulate(if (length(terms)) terms else "1", "outcome"), binomial, f, control = exact)
}
ratio_of <- function(smaller, larger) {
  x <- smaller$deviance - larger$deviance
  c(x, pchisq(x, smaller$df.residual - larger$df.residual, lower.tail = FALSE))
}
chosen <- character()
step <- 0
repeat {
  now <- fit_of(chosen)
  tests <- sapply(setdiff(all_terms, chosen), function(term) ratio_of(now, fit_of(c(chosen, term))))
  if (!length(tests) || min(tests[2, ]) >= 0.05) break
  term <- colnames(tests)[which.min(tests[2, ])]
  chosen <- c(chosen, term)
  step <- step + 1
  record("forward", c(match(term, all_terms), tests[, term]), paste0(step, c(".term", ".lr", ".p")))
  now <- fit_of(chosen)
  tests <- sapply(chosen, function(term) ratio_of(fit_of(setdiff(chosen, term)), now))
  stopifnot(max(tests[2, ]) <= 0.1)
}
record("forward", length(chosen), "steps")

# Calibration by the bootstrap. The resamples are not ours: the corrected curve agrees within the error of 2000 of them.
k$old <- as.numeric(k$ageYears >= 50)
small <- lrm(outcome ~ old + sexMale + gradeHigh + uptake, k, x = TRUE, y = TRUE)
set.seed(1)
invisible(capture.output(curve <- calibrate(small, B = 2000)))
some <- seq(1, 50, by = 7)
record("calibrate", curve[some, "predy"], paste0("predicted.", some))
record("calibrate", curve[some, "calibrated.orig"], paste0("apparent.", some))
record("calibrate", curve[some, "calibrated.corrected"], paste0("corrected.", some))
off <- attr(curve, "predicted")
off <- abs(off - approx(curve[, "predy"], curve[, "calibrated.corrected"], xout = off)$y)
record("calibrate", mean(off, na.rm = TRUE), "mean-absolute-error")
finish("derivation", c("pROC", "rms"))
