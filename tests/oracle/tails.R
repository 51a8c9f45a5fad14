# The distributions that p values and limits rest on, far into their tails.
source("lib/record.R")

for (x in c(-37, -20, -8, -5, -3, -1.96, -1, -0.1, -1e-6, 0, 0.5, 2, 6)) {
  record("-", pnorm(x), paste("pnorm", x, sep = ":"))
}
for (p in c(1e-300, 1e-100, 1e-12, 1e-6, 0.001, 0.025, 0.2, 0.5, 0.9, 0.975, 0.9999)) {
  record("-", qnorm(p), paste("qnorm", p, sep = ":"))
}
for (df in c(1, 2, 3, 7, 30)) {
  for (x in c(1e-8, 0.01, 0.5, 1, 3.841, 10, 40, 150, 600)) {
    record("-", pchisq(x, df, lower.tail = FALSE), paste("chi-squared", x, df, sep = ":"))
  }
}
for (df in c(1, 2, 3.7, 10, 60, 402, 2900, 3100, 1e5, 1e7)) {
  for (x in c(0.001, 0.5, 1.96, 4, 12, 40)) {
    record("-", 2 * pt(-x, df), paste("t", x, df, sep = ":"))
  }
}
finish("tails")
