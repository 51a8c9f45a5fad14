# AUC with DeLong's interval, paired test, cut-offs (pROC); 2x2 measures with intervals.
source("lib/record.R")
suppressMessages(library(pROC))

curve_of <- function(outcome, by) {
  roc(outcome, by, levels = c(0, 1), direction = "<", quiet = TRUE)
}

# Newcombe 1998, method 10, for a difference of proportions.
newcombe <- function(k1, n1, k2, n2) {
  wilson <- function(k, n) suppressWarnings(prop.test(k, n, correct = FALSE))$conf.int
  p1 <- k1 / n1
  p2 <- k2 / n2
  w1 <- wilson(k1, n1)
  w2 <- wilson(k2, n2)
  c(value = p1 - p2,
    low = p1 - p2 - sqrt((p1 - w1[1])^2 + (w2[2] - p2)^2),
    high = p1 - p2 + sqrt((w1[2] - p1)^2 + (p2 - w2[1])^2))
}

for (cohort in names(cohorts <- read_cohorts())) {
  d <- cohorts[[cohort]]
  markers <- list(marker = d$marker, probability = d$probability, fdg = d$fdgUptake)
  curves <- lapply(markers, function(by) curve_of(d$outcome, by))
  for (name in names(curves)) {
    ci <- suppressWarnings(ci.auc(curves[[name]], method = "delong"))
    record(cohort, c(ci[2], sqrt(var(curves[[name]], method = "delong")), ci[1], ci[3]),
           paste0("auc.", name, c("", ".se", ".low", ".high")))
  }
  for (pair in list(c("marker", "fdg"), c("probability", "marker"))) {
    test <- suppressWarnings(roc.test(curves[[pair[1]]], curves[[pair[2]]], paired = TRUE, method = "delong"))
    record(cohort, c(test$statistic, test$p.value, test$conf.int[1], test$conf.int[2]),
           paste("paired", pair[1], pair[2], c("z", "p", "low", "high"), sep = "."))
  }
  cuts <- coords(curves$marker, "all", ret = c("threshold", "tp", "fp", "fn", "tn"), transpose = FALSE)
  if (nrow(cuts) <= 40) {
    for (i in seq_len(nrow(cuts))) {
      record(cohort, unlist(cuts[i, ]), paste0("cut.", i, ".", names(cuts)))
    }
  }
  best <- coords(curves$marker, "best", best.method = "youden", ret = "threshold", transpose = FALSE)
  record(cohort, best$threshold, paste0("best.", seq_along(best$threshold)))

  positive <- d$probability >= 0.5
  tp <- sum(positive & d$outcome == 1)
  fp <- sum(positive & d$outcome == 0)
  fn <- sum(!positive & d$outcome == 1)
  tn <- sum(!positive & d$outcome == 0)
  share <- function(name, k, n) {
    if (n == 0) return(invisible())
    ci <- suppressWarnings(prop.test(k, n, correct = FALSE))$conf.int
    record(cohort, c(k / n, ci[1], ci[2]), paste0("table.", name, c("", ".low", ".high")))
  }
  share("sensitivity", tp, tp + fn)
  share("specificity", tn, fp + tn)
  share("ppv", tp, tp + fp)
  share("npv", tn, fn + tn)
  share("accuracy", tp + tn, nrow(d))
  record(cohort, newcombe(tp, tp + fn, fp, fp + tn), paste0("table.youden", c("", ".low", ".high")))
  # Simel 1991: the logarithm is normal.
  ratio <- function(name, with, without) {
    if (with == 0 || without == 0) return(invisible())
    value <- (with / (tp + fn)) / (without / (fp + tn))
    se <- sqrt(1 / with - 1 / (tp + fn) + 1 / without - 1 / (fp + tn))
    record(cohort, value * exp(c(0, -1, 1) * qnorm(0.975) * se), paste0("table.", name, c("", ".low", ".high")))
  }
  ratio("lr+", tp, fp)
  ratio("lr-", fn, tn)
}
finish("discrimination", "pROC")
