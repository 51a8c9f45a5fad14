// A client's ES384 token: node token.mjs FOLDER AUDIENCE
// Makes FOLDER/key.pem and FOLDER/jwks.json on first use; prints a token that lives five minutes.
import { createPrivateKey, createPublicKey, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const [folder, audience] = process.argv.slice(2);
const file = `${folder}/key.pem`;
if (!existsSync(file)) {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
  writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  const jwk = createPublicKey(privateKey).export({ format: 'jwk' });
  writeFileSync(`${folder}/jwks.json`, JSON.stringify({ keys: [{ ...jwk, kid: 'load', alg: 'ES384', use: 'sig' }] }));
}
const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const now = Math.floor(Date.now() / 1000);
const claims = { iss: 'https://ehr.example.org', aud: audience, iat: now, exp: now + 300, jti: randomUUID() };
const text = `${part({ alg: 'ES384', typ: 'JWT', kid: 'load' })}.${part(claims)}`;
const signature = sign('sha384', Buffer.from(text), { key: createPrivateKey(readFileSync(file)), dsaEncoding: 'ieee-p1363' });
process.stdout.write(`${text}.${signature.toString('base64url')}`);
