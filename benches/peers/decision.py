"""The four-predictor decision over the models of fhir.resources: what both Python peers decide.

Knows the codes of codes.json. Knows no HTTP and no JSON: it is given a Patient and lists of Conditions and Observations.
"""

import json
from pathlib import Path

CODES = json.loads(Path(__file__).with_name("codes.json").read_text())


def codes_of(concept):
    codings = concept.coding if concept is not None else None
    return [coding.code for coding in codings or [] if coding.system == CODES["system"]]


def status_of(concept):
    codings = concept.coding if concept is not None else None
    return [coding.code for coding in codings or []]


def day(value):
    """A FHIR date or dateTime as a date."""
    return value.date() if hasattr(value, "date") else value


def age_at_diagnosis(patient, diagnoses):
    onsets = [day(condition.onsetDateTime) for condition in diagnoses if condition.onsetDateTime]
    if patient.birthDate is None or not onsets:
        return "unknown"
    born, onset = patient.birthDate, min(onsets)
    years = onset.year - born.year - ((onset.month, onset.day) < (born.month, born.day))
    return "present" if years >= CODES["ageAtLeast"] else "absent"


def recurrence(conditions, diagnoses):
    recorded = any(code in CODES["recurrence"] for condition in conditions for code in codes_of(condition.code))
    status = any(
        code in CODES["recurrenceStatus"] for condition in diagnoses for code in status_of(condition.clinicalStatus)
    )
    # No record of a recurrence is not a record of none.
    return "present" if recorded or status else "unknown"


def multi_site_metastasis(conditions):
    sites = {
        CODES["site"][code]
        for condition in conditions
        for code in codes_of(condition.code)
        if code in CODES["site"]
    }
    if not sites:
        return "unknown"
    return "present" if len(sites) >= 2 else "absent"


def fdg_uptake(observations):
    lesions = [
        (day(observation.effectiveDateTime), observation.valueQuantity.value)
        for observation in observations
        if observation.status in ("final", "amended", "corrected")
        and observation.code.text
        and CODES["suvMaxText"] in observation.code.text
        and observation.effectiveDateTime is not None
        and observation.valueQuantity is not None
        and observation.valueQuantity.value is not None
    ]
    if not lesions:
        return "unknown"
    latest = max(date for date, _ in lesions)
    greatest = max(value for date, value in lesions if date == latest)
    return "present" if greatest >= CODES["suvMaxAtLeast"] else "absent"


def decide(patient, conditions, observations):
    """The four states, and the least and greatest score."""
    confirmed = [c for c in conditions if not status_of(c.verificationStatus) or "confirmed" in status_of(c.verificationStatus)]
    diagnoses = [c for c in confirmed if any(code in CODES["diagnosis"] for code in codes_of(c.code))]
    states = {
        "ageAtDiagnosis": age_at_diagnosis(patient, diagnoses),
        "recurrence": recurrence(confirmed, diagnoses),
        "multiSiteMetastasis": multi_site_metastasis(confirmed),
        "fdgUptake": fdg_uptake(observations),
    }
    low = sum(CODES["points"][name] for name, state in states.items() if state == "present")
    high = sum(CODES["points"][name] for name, state in states.items() if state != "absent")
    return states, low, high


def detail(states, low, high):
    """One line that the harness reads."""
    return " ".join(f"{name}={state}" for name, state in states.items()) + f" score={low}-{high}"
