// A FHIR server that answers each read and search after a time: node fhir.mjs PORT BODY MILLISECONDS
// What it answers is what BODY, a hook request, has in its prefetch. It parses nothing while it serves.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

const [port, body, wait] = process.argv.slice(2);
const { prefetch } = JSON.parse(readFileSync(body, 'utf8'));
const answers = new Map([
  ['metadata', { resourceType: 'CapabilityStatement', status: 'active', date: '2026-01-01', kind: 'instance', fhirVersion: '4.0.1', format: ['json'] }],
  ['Patient', prefetch.patient],
  ['Condition', prefetch.conditions],
  ['Observation', prefetch.observations],
  ['Procedure', prefetch.procedures],
  ['MedicationAdministration', prefetch.medicationAdministrations],
  ['DiagnosticReport', prefetch.diagnosticReports],
].map(([name, answer]) => [name, Buffer.from(JSON.stringify(answer))]));

const server = createServer((request, response) => {
  const answer = answers.get(request.url.split(/[/?]/)[2]);
  setTimeout(() => {
    response.writeHead(answer ? 200 : 404, { 'content-type': 'application/fhir+json', 'content-length': answer?.length ?? 0 });
    response.end(answer);
  }, Number(wait));
});
server.keepAliveTimeout = 60_000;
server.listen(Number(port), '127.0.0.1');
