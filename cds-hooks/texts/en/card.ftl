### The card. A summary has fewer than 140 characters, is true on its own and holds no markup. Other texts may hold Markdown;
### what stands in for a variable is escaped. detail.md, beside the folders of the languages, sets the order.

## Summaries. $score: 47, or 8-48 where something is unknown
summary-at-or-above-cutoff = RR-DTC score { $score }/{ $maximum } (cut-off { $cutoff }): at or above. Unvalidated research score, not a diagnosis; for team discussion.
summary-below-cutoff = RR-DTC score { $score }/{ $maximum } (cut-off { $cutoff }): below, not low risk: { $refractory } of { $patients } such patients became refractory.
summary-indeterminate = RR-DTC score { $score }/{ $maximum } (cut-off { $cutoff }): cannot be classified, { $missing } of 4 predictors unknown. Unvalidated research score.

## Table of the predictors
column-predictor = Predictor
column-state = State
column-points = Points
column-rests-on = Rests on
column-date = Date

## Score and what the source study saw. Those that begin with study- or below- stand on the page too: no markup.
score-at-or-above-cutoff = **Score { $score } of { $maximum }**, cut-off { $cutoff }: at or above.
score-below-cutoff = **Score { $score } of { $maximum }**, cut-off { $cutoff }: below.
score-indeterminate = **Score { $score } of { $maximum }**, cut-off { $cutoff }: not decided.
study-with-pet = In the source study { $refractory } of { $patients } patients at or above the cut-off with a positive PET were later called refractory.
study-without-pet = In the source study { $refractory } of { $patients } patients at or above the cut-off without a positive PET were later called refractory.
study-pet-unknown = In the source study { $withRefractory } of { $withPatients } patients at or above the cut-off with a positive PET, and { $withoutRefractory } of { $withoutPatients } without, were later called refractory.
below-is-not-low = Below the cut-off is not "low risk":
study-below = in the source study { $refractory } of { $patients } such patients ({ $share }) were later called refractory.
study-indeterminate = What is missing decides the class. In the source study { $belowRefractory } of { $belowPatients } patients below the cut-off ({ $belowShare }) were later called refractory, and { $aboveRefractory } of { $abovePatients } at or above it.

## Nomogram
nomogram-estimate = **Nomogram: { $estimate }** (95 % band { $low } to { $high }) that the disease turns out refractory. Basis: { $basis }.
nomogram-range = **Nomogram: between { $low } and { $high }** that the disease turns out refractory. Basis: { $basis }.
# On the page too: no markup.
nomogram-disagrees = Score and nomogram are two models and order patients differently: with score { $score } the nomogram gives { $estimate }.

## What is missing
missing-title = **Missing**
missing-decisive = { $name }: { $reason } - **would decide**
missing-not-decisive = { $name }: { $reason } - would not change the class
missing-undecided = { $name }: { $reason }

## What limits the answer
caveats-title = **Caveats**
# On the page too: no markup.
not-complete = Not all records could be read: { $sources }.
set-aside-count = { $count } record(s) were set aside; the assessment lists each with its reason.

## The line of limits, on the page too: no markup
limits-study = Research score from one centre ({ $patients } patients with metastatic DTC), no external validation.
limits-local = Looked at locally: { $site }, { $patients } patients, { $refractory } refractory, { $date }.
limits-use = It does not diagnose refractory disease and does not by itself change the indication for radioiodine.
limits-model = Model { $id } { $version }, { $sha256 }.

## Links and source
source-label = rrdtc: 52-point score of Liu, Wang and Zhang (EJNMMI Research 2022)
paper-label = Source study (EJNMMI Research 2022;12)
model-facts-label = Model facts: what the score and the nomogram rest on
smart-label = Open the assessment: evidence, score and nomogram

## Reasons to override the card. The end of a key is the code in card.json.
override-already-discussed = Already discussed
override-patient-ineligible = Patient does not meet eligibility for recommended action
override-need-more-info = Could not address recommended action due to need for more information/pending results/pending consult
override-inappropriate-recipient = PC CDS delivered to inappropriate recipient/role
override-does-not-align-latest-evidence = Recommended action does not align with the latest evidence
override-recipient-does-not-trust = Recipient does not agree with or trust the recommended action

## Suggestions. They are texts of FHIR resources too.
draft-pet-label = Draft an FDG PET/CT request for review
draft-pet-description = Creates a draft ServiceRequest for 18F-FDG PET/CT, to be reviewed before it is signed. This does not say that PET is indicated; it says that its result would decide the class of the score.
draft-pet-code = 18F-FDG PET/CT
record-assessment-label = Record this assessment
record-assessment-description = Creates a RiskAssessment with the score, its class and the records it rests on.
risk-outcome = Radioiodine-refractory differentiated thyroid cancer
risk-at-or-above-cutoff = at-or-above-cutoff
risk-below-cutoff = below-cutoff
risk-indeterminate = indeterminate
risk-rationale = Score { $low } to { $high } of { $maximum }, cut-off { $cutoff }; result { $result }
