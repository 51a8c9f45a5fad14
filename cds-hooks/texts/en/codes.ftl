### Words for the codes of an answer. The end of a key is the code, so the keys stay as they are.
### Cards and pages put these words into tables and lists.

## The four predictors

predictor-ageAtDiagnosis = Age at diagnosis 48 or more
predictor-recurrence = Recurrence before first radioiodine
predictor-multiSiteMetastasis = Metastases at more than one site
predictor-fdgUptake = FDG PET positive, SUVmax 2.5 or more

## States

state-present = present
state-absent = absent
state-unknown = unknown
state-conflicting = conflicting

## Why a predictor is unknown or conflicting

reason-onset-before-birth = the diagnosis is dated before birth
reason-age-implausible = the age at diagnosis would be over 120
reason-no-birth-date = no birth date recorded
reason-no-diagnosis-date = no date of diagnosis recorded
reason-age-on-the-boundary = the recorded dates allow ages below and above 48
reason-reading-contradicts-value = reading and measured value contradict each other
reason-order-not-known = the order of events cannot be told from the recorded dates
reason-threshold-not-decided = the recorded SUVmax does not say whether it reaches 2.5
reason-metastasis-after-negative = a metastasis appeared after the last statement of no disease
reason-negative-too-old = the last statement of no disease is too old
reason-operation-not-recorded = no thyroidectomy recorded
reason-suvmax-not-recorded = visible uptake reported without a SUVmax
reason-site-not-recorded = the site of a metastasis is not recorded
reason-mediastinum-or-node = mediastinum beside lymph nodes may be one site
reason-not-final = the PET is not final
reason-source-incomplete = not all records could be read
reason-stale = the last PET is too old
reason-not-recorded = not recorded
reason-unreadable = a record could not be read
reason-unmapped-code = a record has a code that is not known here
reason-modifier-extension = a record carries an extension that may change its meaning
reason-not-confirmed = a record is not confirmed
reason-no-date = a record has no date
reason-unit-not-understood = a value has a unit that is not understood
reason-statistic-not-stated = a SUV does not say whether it is the maximum
reason-implausible-value = a value is not plausible
reason-data-absent = a record says that its value is missing
reason-thyroid-bed = the uptake is in the thyroid bed

## What limits an answer: whole sentences

caveat-histology-presumed = The histology is not recorded; differentiated cancer is presumed.
caveat-histology-outside-cohort = Oncocytic cancer was not in the cohort's histology table.
caveat-other-primary-cancer = Another primary cancer is recorded; metastases and uptake may belong to it.
caveat-thyroidectomy-not-recorded = No thyroidectomy is recorded; the model is for patients after (near-)total thyroidectomy.
caveat-thyroidectomy-extent-not-recorded = The extent of the thyroidectomy is not recorded.
caveat-age-outside-derivation-range = The age at diagnosis lies outside the cohort (11 to 77 years).
caveat-radioiodine-for-benign-disease = Radioiodine for benign disease is recorded; confirm.
caveat-radioiodine-uncertain = A record may be a course of radioiodine; the model is for patients before the first.
caveat-radioiodine-not-checked = Earlier radioiodine could not be checked: procedures or medication were not available.
caveat-irradiation-history = A history of irradiation is recorded; its kind is not said.
caveat-diagnosis-date-from-record = The date of diagnosis is that of the record and may be late.
caveat-operation-undated = The date of the operation is not recorded.
caveat-recurrence-undated = The recurrence is not dated.
caveat-may-be-persistent-disease = The recurrence may lie within 90 days after the operation and may be persistent disease.
caveat-metastasis-undated = The onset of a metastasis is not recorded.
caveat-recurrence-assumed-absent = No recurrence is documented; by local setting this counts as absent.
caveat-bone-and-marrow-only = Bone and bone marrow are the only two sites.
caveat-metastasis-from-staging = A metastasis is known from staging only.
caveat-visual-reading-not-recorded = No visual reading is recorded for a lesion at or above 2.5.
caveat-tracer-presumed = The PET tracer is not named; FDG is presumed.
caveat-pet-older-than-90-days = The PET may be older than 90 days; in the cohort it was within one week of radioiodine.
caveat-pet-may-precede-operation = The PET may precede the operation.
caveat-visible-uptake-below-threshold = Visible uptake with a SUVmax below 2.5.
caveat-newer-pet-not-final = A newer PET is not final yet.

## Sources of records

source-patient = patient
source-conditions = conditions
source-observations = observations
source-procedures = procedures
source-medicationAdministrations = medication administrations
source-diagnosticReports = diagnostic reports

## What a record shows. On cards and pages only; answers keep the English of the service.

what-birth-date = birth date
what-diagnosis-of-differentiated-thyroid-cancer = diagnosis of differentiated thyroid cancer
what-age-at-onset-of-differentiated-thyroid-cancer = age at onset of differentiated thyroid cancer
what-differentiated-thyroid-cancer = differentiated thyroid cancer
what-oncocytic-thyroid-cancer = oncocytic thyroid cancer
what-thyroid-cancer-histology-not-stated = thyroid cancer, histology not stated
what-history-of-thyroid-cancer = history of thyroid cancer
what-spread-or-recurrence-of-thyroid-cancer = spread or recurrence of thyroid cancer
what-thyroid-cancer-of-a-kind-that-the-model-excludes = thyroid cancer of a kind that the model excludes
what-another-primary-cancer = another primary cancer
what-total-thyroidectomy = total thyroidectomy
what-completion-thyroidectomy = completion thyroidectomy
what-left-thyroid-lobectomy = left thyroid lobectomy
what-right-thyroid-lobectomy = right thyroid lobectomy
what-thyroidectomy-extent-not-stated = thyroidectomy, extent not stated
what-iodine-131-treatment = iodine-131 treatment
what-possible-iodine-131-treatment = possible iodine-131 treatment
what-history-of-irradiation = history of irradiation
what-recurrence-of-thyroid-cancer = recurrence of thyroid cancer
what-clinical-status-recurrence = clinical status: recurrence
what-disease-status-recurrence = disease status: recurrence
what-record-that-could-not-be-read = record that could not be read
what-no-evidence-of-disease = no evidence of disease
what-stage-n1-lymph-node = stage N1: lymph-node
what-stage-m1-site-not-said = stage M1: site not said
what-metastasis-site-not-said = metastasis, site not said
what-fdg-pet-without-a-usable-result = FDG PET without a usable result
what-metastasis = metastasis: { $sites }
what-fdg-pet = FDG PET: { $findings }
what-suvmax = SUVmax { $value }
what-suvmax-read-positive = SUVmax { $value }, read positive
what-suvmax-read-negative = SUVmax { $value }, read negative
what-study-read-positive = study read positive
what-study-read-negative = study read negative

## Site groups. A group of a local terminology that is not here is shown by its name.

site-lymph-node = lymph-node
site-lung = lung
site-bone = bone
site-larynx-trachea = larynx-trachea
site-pleura = pleura
site-liver = liver
site-kidney = kidney
site-adrenal = adrenal
site-bone-marrow = bone-marrow
site-brain-cns = brain-cns
site-skin = skin
site-mediastinum = mediastinum
site-other-breast = other:breast
site-other-colorectum = other:colorectum
site-other-genital-organs = other:genital-organs
site-other-muscle = other:muscle
site-other-ovary = other:ovary
site-other-peritoneum = other:peritoneum
site-other-small-bowel = other:small-bowel
site-other-soft-tissue = other:soft-tissue
site-other-urinary-tract = other:urinary-tract
