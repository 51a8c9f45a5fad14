# For the scripts of this folder: the cohorts, and how a result is written down.

read_cohorts <- function() {
  files <- sort(list.files("cohorts", pattern = "\\.csv$", full.names = TRUE))
  cohorts <- lapply(files, read.csv)
  names(cohorts) <- sub("\\.csv$", "", basename(files))
  cohorts
}

recorded <- character()

# Values of a named vector, or one value under a name, of a cohort ("-" for none).
record <- function(cohort, value, name = names(value)) {
  stopifnot(length(name) == length(value), !anyNA(name))
  text <- sprintf("%.17g", as.numeric(value))
  recorded <<- c(recorded, paste(cohort, name, text, sep = ","))
}

# expected/NAME.csv, with versions and command in its head.
finish <- function(name, packages = character()) {
  versions <- vapply(packages, function(p) paste(p, packageVersion(p)), "")
  head <- c(
    paste0("# Written by: tests/oracle/make ", name, ".R. Do not edit."),
    paste0("# ", paste(c(R.version.string, versions), collapse = "; ")),
    "cohort,statistic,value"
  )
  writeLines(c(head, recorded), file.path("expected", paste0(name, ".csv")))
}
