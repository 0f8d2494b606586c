// What the gateway tells an agent of its callers, verified by jose as an agent on Node would: with the key set by its URL, the one
// algorithm, the issuer, and the agent's own audience. What was altered, or is for another, must not verify.
import { createServer } from 'node:http';

import { createRemoteJWKSet, jwtVerify } from 'jose';

import { freePort } from '../stand/children.mjs';
import { check, equal, holds } from '../stand/report.mjs';
import { gate } from '../stand/site.mjs';

const KEYS = '/.well-known/portcullis/jwks.json';
const HEADER = 'x-portcullis-assertion';
const ALGORITHMS = ['ES256', 'EdDSA'];

const agents = (upstream) => () => `agents:
${ALGORITHMS.map((alg) => `  ${alg.toLowerCase()}:
    route: { path: /${alg} }
    upstream: ${upstream}
    auth: public
    assertion: { audience: "urn:${alg}", alg: ${alg}, on_public: true }
`).join('')}`;

/** An agent that says what it was told. */
async function agent() {
  const port = await freePort();
  const server = createServer((request, response) => response.end(request.headers[HEADER] ?? ''));
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${port}`, stop: () => server.close() };
}

/** The name of the error with which it does not verify; nothing when it does. */
const refused = (assertion, keys, wanted) => jwtVerify(assertion, keys, wanted).then(() => null, (error) => error.code);

export async function assertions(binary) {
  const upstream = await agent();
  const site = await gate(binary, agents(upstream.url));
  const keys = createRemoteJWKSet(new URL(`${site.url}${KEYS}`));
  for (const [index, alg] of ALGORITHMS.entries()) {
    await check(`jose verifies an assertion by ${alg}`, async () => {
      const answer = await fetch(`${site.url}/${alg}`);
      equal(answer.status, 200, 'the status');
      const assertion = await answer.text();
      const wanted = { issuer: site.url, audience: `urn:${alg}`, algorithms: [alg], typ: 'JWT', requiredClaims: ['iat', 'exp', 'jti'] };
      const { payload, protectedHeader } = await jwtVerify(assertion, keys, wanted);
      equal(payload.exp - payload.iat, 60, 'how long it is good');
      const other = ALGORITHMS[1 - index];
      const [head, claims, signature] = assertion.split('.');
      const altered = Buffer.from(JSON.stringify({ ...payload, sub: 'mallory' })).toString('base64url');
      holds(claims !== altered, 'nothing was altered');
      equal(await refused(assertion, keys, { ...wanted, algorithms: [other] }), 'ERR_JOSE_ALG_NOT_ALLOWED', `as ${other}`);
      equal(await refused(assertion, keys, { ...wanted, audience: `urn:${other}` }), 'ERR_JWT_CLAIM_VALIDATION_FAILED', 'for another agent');
      equal(await refused(`${head}.${altered}.${signature}`, keys, wanted), 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED', 'altered');
      return `kid ${protectedHeader.kid}`;
    });
  }
  upstream.stop();
  site.close();
}
