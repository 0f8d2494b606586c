// A certified OpenID provider on loopback, for the end-to-end suite: node provider.mjs PORT KEYS_FILE
//
// Client credentials with resource indicators give JWT access tokens (RFC 9068). The client's id names the algorithm
// (rs256, es256, eddsa, or `brief`, whose tokens live four seconds), `resource` the audience.
//
// Keys are kept in KEYS_FILE, so that a provider that comes back is the same one.
//   POST /control/rotate   makes new keys and signs with them at once; the ones before stay published
//   POST /control/hang     takes connections from now on and never answers, as a provider behind a dead balancer does
import { createServer } from 'node:http';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createPrivateKey, generateKeyPairSync, randomUUID } from 'node:crypto';

import Provider from 'oidc-provider';

const [port, keysFile] = [Number(process.argv[2]), process.argv[3]];
const issuer = `http://127.0.0.1:${port}`;
const ALGORITHMS = {
  RS256: ['rsa', { modulusLength: 2048 }],
  ES256: ['ec', { namedCurve: 'P-256' }],
  EdDSA: ['ed25519', {}],
};
const CLIENTS = { rs256: 'RS256', es256: 'ES256', eddsa: 'EdDSA', brief: 'ES256' };

// By way of PEM: in Node 20, exporting the very object that a key generation gave as JWK can wait for itself for ever,
// when a garbage collection falls into it (the generation's destructor takes the lock that the export holds).
function freshKey(type, options) {
  const { privateKey } = generateKeyPairSync(type, {
    ...options,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  return createPrivateKey(privateKey).export({ format: 'jwk' });
}

function freshKeys() {
  return Object.entries(ALGORITHMS).map(([alg, [type, options]]) => ({
    ...freshKey(type, options),
    kid: `${alg}-${randomUUID()}`,
    alg,
    use: 'sig',
  }));
}

function makeProvider(keys) {
  const provider = new Provider(issuer, {
    jwks: { keys },
    clients: Object.keys(CLIENTS).map((client_id) => ({
      client_id,
      client_secret: 'not-a-secret',
      grant_types: ['client_credentials'],
      response_types: [],
      redirect_uris: [],
      token_endpoint_auth_method: 'client_secret_post',
    })),
    scopes: ['refunds:write'],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_ctx, resource, client) => ({
          audience: resource,
          scope: 'refunds:write',
          accessTokenFormat: 'jwt',
          accessTokenTTL: client.clientId === 'brief' ? 4 : 600,
          jwt: { sign: { alg: CLIENTS[client.clientId] } },
        }),
      },
    },
  });
  provider.on('server_error', (_ctx, error) => console.error(error));
  return provider.callback();
}

let keys = existsSync(keysFile) ? JSON.parse(readFileSync(keysFile, 'utf8')) : freshKeys();
writeFileSync(keysFile, JSON.stringify(keys), { mode: 0o600 });
let answer = makeProvider(keys);
let hanging = false;

createServer((request, response) => {
  if (request.method === 'POST' && request.url === '/control/rotate') {
    keys = [...freshKeys(), ...keys];
    writeFileSync(keysFile, JSON.stringify(keys));
    answer = makeProvider(keys);
    response.end(JSON.stringify(keys.map((key) => key.kid)));
  } else if (request.method === 'POST' && request.url === '/control/hang') {
    hanging = true;
    response.end('{}');
  } else if (!hanging) {
    answer(request, response);
  }
}).listen(port, '127.0.0.1', () => console.log(`READY ${issuer}`));
