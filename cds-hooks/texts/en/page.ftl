### The page of an assessment. No markup. Some of its texts are those of the card and of the codes.

page-title = Radioiodine-refractory thyroid cancer: score and nomogram
page-skip = Skip to the assessment
page-assessed = Assessed { $when }. Research score for the planning of the first radioiodine treatment; not a diagnosis.
page-print = Print for the tumour board

## Patient
page-patient = Patient
page-name = Name
page-name-missing = no name recorded
page-born = Born
page-sex = Sex
page-identifier = Number
sex-male = male
sex-female = female
sex-other = other
sex-unknown = unknown

## Notices
page-synthetic = Synthetic data - not for care
page-changed = The record has changed since the card was shown: this page shows the record as it is now, and may differ from the card.

## Does the model apply?
page-applies-title = Does the model apply to this patient?
page-applies = Yes: metastatic differentiated thyroid cancer before the first radioiodine treatment.
page-applies-with-caveats = Yes, with these limits:
page-applies-not = No. There is no score and no probability, because:
page-applies-not-means = That says nothing about the risk of this patient.
page-no-caveats = Nothing that limits the answer was found.
page-for-predictor = { $name }:
page-applicability-records = Records behind this

## Why the model does not apply: whole sentences
not-applicable-no-dtc-diagnosis = No differentiated thyroid cancer is recorded.
not-applicable-excluded-histology = A thyroid cancer is recorded that the model excludes: medullary, anaplastic, poorly differentiated, or lymphoma.
not-applicable-no-metastasis-recorded = No metastasis is recorded. The model is for metastatic disease.
not-applicable-radioiodine-already-given = Radioiodine treatment was given already. The model is for patients before the first.
not-applicable-deceased = The patient has died.

## Score
page-score-title = Score
page-score-of = { $score } of { $maximum }
page-class-at-or-above-cutoff = at or above the cut-off of { $cutoff }
page-class-below-cutoff = below the cut-off of { $cutoff }
page-class-indeterminate = not decided: what is missing could put it on either side of the cut-off of { $cutoff }
page-score-bar = Score { $score } on a scale from 0 to { $maximum }; the cut-off is { $cutoff }.
page-cutoff = cut-off { $cutoff }

## Probability
page-probability-title = Probability by the nomogram
page-probability-band = 95 % band { $low } to { $high }
page-probability-range = between { $low } and { $high }
page-probability-of = that the disease turns out radioiodine refractory.
page-probability-open = No estimate, because something is unknown: least and greatest limit over all that is possible.
page-probability-basis = Basis: { $basis }.
page-probability-bar = Probability { $probability } on a scale from 0 to 100 %.

## The four predictors
page-predictors-title = The four predictors
page-predictors-caption = State and points of each predictor, and what they rest on
page-total = Sum
page-record = Record
page-what = What it shows
page-date = Date
page-not-dated = no date
page-years = Age at diagnosis: { $years } years
page-years-between = { $low } to { $high }
page-years-from = { $low } or more
page-sites = Sites: { $sites }
page-suvmax = Greatest SUVmax: { $value }
page-evidence-caption = Records that { $name } rests on
page-no-evidence = No record says anything usable.
page-set-aside-title = Set aside
page-set-aside-caption = Records that were not used for { $name }
page-why = Why
page-records = Records
page-count-more = and { $count } more
page-hints-title = Worth a look
page-hints-caption = Hints about { $name }; they decide nothing
page-would-decide = would decide the class
page-would-not-decide = would not change the class
page-would-not-alone = would not settle the class alone

## Hints
hint-value-in-free-text = Free text speaks of the finding; only coded values and readings are used.
hint-disease-worsened = Worsening or progression is recorded; it is not read as recurrence.
hint-second-neck-operation = A second operation on the neck is recorded.
hint-completion-thyroidectomy = A completion thyroidectomy is recorded.

## Why a record was set aside
set-aside-unreadable = could not be read
set-aside-unmapped-code = its code is not known here
set-aside-modifier-extension = carries an extension that may change its meaning
set-aside-not-confirmed = not confirmed
set-aside-not-final = not final
set-aside-no-date = has no date
set-aside-unit-not-understood = its unit is not understood
set-aside-statistic-not-stated = does not say whether the SUV is the maximum
set-aside-implausible-value = its value is not plausible
set-aside-data-absent = says that its value is missing
set-aside-thyroid-bed = uptake in the thyroid bed
set-aside-suvmax-not-recorded = visible uptake without a SUVmax
set-aside-foreign-subject = belongs to another patient
set-aside-no-subject = does not say whom it is about
set-aside-entered-in-error = entered in error
set-aside-refuted = refuted
set-aside-not-done = not done
set-aside-not-current = no longer current
set-aside-before-operation = before the operation
set-aside-after-assessment = dated after this assessment
set-aside-stale = too old
set-aside-older-study = a newer PET decides
set-aside-not-fdg = another tracer than FDG
set-aside-not-suvmax = another measure than SUVmax
set-aside-physiologic-or-reference = physiologic uptake or reference region
set-aside-other-cancer = belongs to another cancer
set-aside-not-dtc = not the thyroid cancer that is meant
set-aside-partial-thyroidectomy = only part of the thyroid was removed
set-aside-diagnostic-radioiodine = diagnostic radioiodine, no treatment
set-aside-benign-radioiodine = radioiodine for benign disease
set-aside-not-given = ordered or planned, not given

## What is missing
page-missing-title = What is missing
page-missing-none = All four predictors are known.
page-missing-caption = Predictors that the record leaves open
page-effect = Effect on the class

## What if
page-whatif-title = What if? Hypothetical
page-whatif-about = Choose a value for what is unknown and see what the score would be. Nothing is saved, and the answer of the record above stays as it is. With scripts on, the page is shown anew as soon as you choose.
page-whatif-as-recorded = as recorded
page-whatif-yes = yes
page-whatif-no = no
page-whatif-show = Show
page-whatif-clear = Back to the record
page-whatif-caption = The answer of the record beside the hypothetical one
page-whatif-record = The record
page-whatif-hypothetical = Hypothetical
page-whatif-if = Hypothetical: { $assumptions }
page-whatif-assumption = { $name }: { $value }
page-whatif-class = Class
page-whatif-other-model = The model has changed since this assessment, so nothing can be tried out here. Start the page anew.

## Nomogram
page-nomogram-title = Nomogram
page-nomogram-scroll = Nomogram; scrolls sideways on a narrow screen

## Model, sources, result
page-model-title = Model
page-model-name = Model
page-model-sha256 = SHA-256 of the model file
page-model-validation = Validation
page-model-not-validated = No external validation. Not validated with patients of this hospital.
page-sources-title = Where the records came from
page-sources-caption = Sources of this assessment, and whether they were complete
page-source = Source
page-from = From
page-pages = Pages
page-complete = Complete
page-yes = yes
page-no = no
from-prefetch = sent with the call
from-fetched = read from the FHIR server
from-input = files
from-absent = not there
from-failed = failed
page-result-title = This result
page-result-id = Result
page-software = Software
page-assessed-at = Assessed at
page-end = End this session
page-end-about = Ends this page and removes what it shows from the server.
page-model-basis = What the probability rests on
## Stands for the name of a predictor in captions
page-about-applicability = whether the model applies
