// Clients that others wrote, with tokens that are bound to their key (DPoP): node bound.mjs ISSUER GATEWAY
//
// The client `bound` of the provider gets such tokens, `nonced` only with a nonce of the provider as well. Each line of standard output is
// one outcome: the library, the path at the gateway, and the status, or the error that the library reads from the challenge.
import * as dpop from 'dpop';
import * as oauth from 'oauth4webapi';

const [issuer, gateway] = [new URL(process.argv[2]), process.argv[3]];
const insecure = { [oauth.allowInsecureRequests]: true };
const secret = oauth.ClientSecretPost('not-a-secret');

const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, insecure));

// With a nonce if it is asked for, and then once more.
async function withNonce(ask) {
  try {
    return await ask();
  } catch (error) {
    if (!oauth.isDPoPNonceError(error)) throw error;
    return ask();
  }
}

async function tokenOf(client_id, options) {
  const client = { client_id };
  const parameters = new URLSearchParams({ resource: 'urn:portcullis:alpha', scope: 'refunds:write' });
  const answer = await withNonce(async () => {
    const request = oauth.clientCredentialsGrantRequest(server, client, secret, parameters, { ...insecure, ...options });
    return oauth.processClientCredentialsResponse(server, client, await request);
  });
  return answer.access_token;
}

for (const [client_id, algorithm] of [['bound', 'ES256'], ['nonced', 'Ed25519'], ['bound', 'PS256'], ['bound', 'RS256']]) {
  const DPoP = oauth.DPoP({ client_id }, await oauth.generateKeyPair(algorithm));
  const token = await tokenOf(client_id, { DPoP });
  for (const path of ['/bound', '/fresh', '/fresh?again']) {
    const ask = () =>
      oauth.protectedResourceRequest(token, 'GET', new URL(gateway + path), undefined, undefined, { ...insecure, DPoP });
    const answer = await withNonce(ask).then((response) => response.status, (error) => error.cause[0].parameters.error);
    console.log(`oauth4webapi ${algorithm} ${path} ${answer}`);
  }
}

// The other library only makes proofs: nonces and challenges are read by hand.
const pair = await dpop.generateKeyPair('ES256');
const token = await tokenOf('bound', { DPoP: oauth.DPoP({ client_id: 'bound' }, pair) });
async function call(path, nonce, key = pair, scheme = 'DPoP') {
  const url = new URL(gateway + path);
  const proof = await dpop.generateProof(key, url.origin + url.pathname, 'GET', nonce, token);
  const response = await fetch(url, { headers: { authorization: `${scheme} ${token}`, dpop: proof } });
  const challenge = response.headers.get('www-authenticate') ?? '';
  const [, error = ''] = /DPoP [^]*error="([a-z_]+)"/.exec(challenge) ?? [];
  return { status: response.status, error, nonce: response.headers.get('dpop-nonce') };
}
const show = (path, { status, error }) => console.log(`dpop ES256 ${path} ${status} ${error}`.trim());
show('/bound', await call('/bound'));
const first = await call('/fresh');
show('/fresh', first);
show('/fresh', await call('/fresh', first.nonce));
show('/bound', await call('/bound', undefined, await dpop.generateKeyPair('ES256')));
show('/bound', await call('/bound', undefined, pair, 'Bearer'));
