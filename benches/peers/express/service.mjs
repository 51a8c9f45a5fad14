// The decision as an Express service: the body as JSON.parse gives it, no FHIR library.
import express from 'express';
import { readFileSync } from 'node:fs';

const codes = JSON.parse(readFileSync(process.env.CODES, 'utf8'));
const sites = new Map(Object.entries(codes.site));

const codesOf = (concept) =>
  (concept?.coding ?? []).filter((coding) => coding.system === codes.system).map((coding) => coding.code);
const statusOf = (concept) => (concept?.coding ?? []).map((coding) => coding.code);
const resources = (bundle) => (bundle?.entry ?? []).map((entry) => entry.resource);

function ageAtDiagnosis(patient, diagnoses) {
  const onsets = diagnoses.map((condition) => condition.onsetDateTime).filter(Boolean).sort();
  if (!patient.birthDate || onsets.length === 0) return 'unknown';
  const [born, onset] = [patient.birthDate, onsets[0]];
  const years = Number(onset.slice(0, 4)) - Number(born.slice(0, 4)) - (onset.slice(5, 10) < born.slice(5, 10) ? 1 : 0);
  return years >= codes.ageAtLeast ? 'present' : 'absent';
}

function recurrence(conditions, diagnoses) {
  const recorded = conditions.some((condition) => codesOf(condition.code).some((code) => codes.recurrence.includes(code)));
  const status = diagnoses.some((condition) =>
    statusOf(condition.clinicalStatus).some((code) => codes.recurrenceStatus.includes(code)),
  );
  // No record of a recurrence is not a record of none.
  return recorded || status ? 'present' : 'unknown';
}

function multiSiteMetastasis(conditions) {
  const found = new Set();
  for (const condition of conditions) {
    for (const code of codesOf(condition.code)) {
      if (sites.has(code)) found.add(sites.get(code));
    }
  }
  if (found.size === 0) return 'unknown';
  return found.size >= 2 ? 'present' : 'absent';
}

function fdgUptake(observations) {
  const lesions = observations.filter(
    (observation) =>
      ['final', 'amended', 'corrected'].includes(observation.status) &&
      observation.code?.text?.includes(codes.suvMaxText) &&
      observation.effectiveDateTime &&
      observation.valueQuantity?.value !== undefined,
  );
  if (lesions.length === 0) return 'unknown';
  const day = (observation) => observation.effectiveDateTime.slice(0, 10);
  const latest = lesions.map(day).sort().at(-1);
  const greatest = Math.max(...lesions.filter((lesion) => day(lesion) === latest).map((lesion) => lesion.valueQuantity.value));
  return greatest >= codes.suvMaxAtLeast ? 'present' : 'absent';
}

const app = express();
app.use(express.json({ limit: '16mb' }));

app.post('/cds-services/rr-dtc-patient-view', (request, response) => {
  const { patient, conditions, observations } = request.body.prefetch;
  const confirmed = resources(conditions).filter((condition) => {
    const status = statusOf(condition.verificationStatus);
    return status.length === 0 || status.includes('confirmed');
  });
  const diagnoses = confirmed.filter((condition) => codesOf(condition.code).some((code) => codes.diagnosis.includes(code)));
  const states = {
    ageAtDiagnosis: ageAtDiagnosis(patient, diagnoses),
    recurrence: recurrence(confirmed, diagnoses),
    multiSiteMetastasis: multiSiteMetastasis(confirmed),
    fdgUptake: fdgUptake(resources(observations)),
  };
  let low = 0;
  let high = 0;
  for (const [name, state] of Object.entries(states)) {
    if (state === 'present') low += codes.points[name];
    if (state !== 'absent') high += codes.points[name];
  }
  const detail = `${Object.entries(states).map(([name, state]) => `${name}=${state}`).join(' ')} score=${low}-${high}`;
  response.json({
    cards: [{ summary: `RR-DTC score ${low} to ${high} of 52`, indicator: 'info', detail, source: { label: 'RR-DTC score' } }],
  });
});

app.listen(Number(process.env.PORT), '127.0.0.1');
