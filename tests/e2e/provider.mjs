// A certified OpenID provider on loopback, for the end-to-end suite: node provider.mjs PORT KEYS_FILE
//
// Client credentials with resource indicators give JWT access tokens (RFC 9068). The client's id names the algorithm
// (rs256, es256, eddsa, or `brief`, whose tokens live four seconds), `resource` the audience.
//
// The client `web` gets tokens for alice, who logs in as soon as she is asked: with the first of `acr_values`, else with
// `urn:weak`, and two hours ago where `login_hint` is `earlier`. They say so in `acr`, `amr` and `auth_time`.
//
// A `resource` that ends in `:opaque` gets an opaque token. The clients `basic`, `post` and `key` may ask about it; `key` signs who
// it is with the private key beside KEYS_FILE (`.client.pem`), and gets signed answers.
// The clients `bound` and `nonced` get tokens that are bound to their key (DPoP); `nonced` needs a nonce of the provider for that.
//
// Keys are kept in KEYS_FILE, so that a provider that comes back is the same one.
//   POST /control/rotate   makes new keys and signs with them at once; the ones before stay published
//   POST /control/logout   sends alice's logout token to the URI in the body, as her client `web` has asked for it
//   POST /control/hang     takes connections from now on and never answers, as a provider behind a dead balancer does
import { createServer } from 'node:http';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';

import Provider from 'oidc-provider';

// Nobody reads standard output once it has said READY, and the library's notices would end the process there.
console.info = console.error;

const [port, keysFile] = [Number(process.argv[2]), process.argv[3]];
const issuer = `http://127.0.0.1:${port}`;
const ALGORITHMS = {
  RS256: ['rsa', { modulusLength: 2048 }],
  ES256: ['ec', { namedCurve: 'P-256' }],
  EdDSA: ['ed25519', {}],
};
const CLIENTS = { rs256: 'RS256', es256: 'ES256', eddsa: 'EdDSA', brief: 'ES256', bound: 'ES256', nonced: 'EdDSA' };
const BOUND = ['bound', 'nonced'];
const WEB = {
  client_id: 'web',
  client_secret: 'not-a-secret',
  grant_types: ['authorization_code'],
  response_types: ['code'],
  redirect_uris: ['https://web.test/back'],
  token_endpoint_auth_method: 'client_secret_post',
};

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

// The private key of the client `key`, which this process makes and its test reads.
function clientKey() {
  const { privateKey, publicKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  writeFileSync(`${keysFile}.client.pem`, privateKey, { mode: 0o600 });
  return createPublicKey(publicKey).export({ format: 'jwk' });
}

// Who may ask about opaque tokens.
function asking() {
  const client = (client_id, more) => ({
    client_id, grant_types: ['client_credentials'], response_types: [], redirect_uris: [], ...more,
  });
  return [
    client('basic', { client_secret: 'a secret+', token_endpoint_auth_method: 'client_secret_basic' }),
    client('post', { client_secret: 'a secret+', token_endpoint_auth_method: 'client_secret_post' }),
    client('key', {
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: 'ES256',
      introspection_signed_response_alg: 'ES256',
      jwks: { keys: [{ ...clientKey(), use: 'sig', alg: 'ES256' }] },
    }),
  ];
}

function freshKeys() {
  return Object.entries(ALGORITHMS).map(([alg, [type, options]]) => ({
    ...freshKey(type, options),
    kid: `${alg}-${randomUUID()}`,
    alg,
    use: 'sig',
  }));
}

function makeProvider(keys, web = WEB) {
  const provider = new Provider(issuer, {
    jwks: { keys },
    acrValues: ['urn:strong', 'urn:weak'],
    pkce: { required: () => false },
    findAccount: (_ctx, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
    interactions: { url: (_ctx, interaction) => `/control/login/${interaction.uid}` },
    extraTokenClaims: ({ oidc }) => {
      const code = oidc.entities.AuthorizationCode;
      return code && { acr: code.acr, amr: code.amr, auth_time: code.authTime };
    },
    clients: [web, ...asking(), ...Object.keys(CLIENTS).map((client_id) => ({
      client_id,
      client_secret: 'not-a-secret',
      grant_types: ['client_credentials'],
      response_types: [],
      redirect_uris: [],
      token_endpoint_auth_method: 'client_secret_post',
      dpop_bound_access_tokens: BOUND.includes(client_id),
    }))],
    scopes: ['openid', 'refunds:write'],
    // Its dispatcher lets no request go to a loopback address, which is where the gateway is.
    fetch: (url, { dispatcher: _, ...options }) => globalThis.fetch(url, options),
    enabledJWA: { dPoPSigningAlgValues: ['ES256', 'Ed25519', 'PS256', 'RS256'] },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      backchannelLogout: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      jwtIntrospection: { enabled: true },
      revocation: { enabled: true },
      dPoP: {
        enabled: true,
        nonceSecret: randomBytes(32),
        requireNonce: (ctx) => ctx.oidc.client?.clientId === 'nonced',
      },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_ctx, resource, client) => ({
          audience: resource,
          scope: 'refunds:write',
          accessTokenFormat: resource.endsWith(':opaque') ? 'opaque' : 'jwt',
          accessTokenTTL: client.clientId === 'brief' ? 4 : 600,
          jwt: { sign: { alg: CLIENTS[client.clientId] ?? 'ES256' } },
        }),
      },
    },
  });
  provider.on('server_error', (_ctx, error) => console.error(error));
  return provider;
}

// Tells the client's URI that alice has logged out, in the way of a provider whose session ends.
async function logOut(request, response) {
  let uri = '';
  for await (const piece of request) uri += piece;
  const teller = makeProvider(keys, { ...WEB, backchannel_logout_uri: uri });
  const client = await teller.Client.find('web');
  const answer = await client.backchannelLogout('alice', randomUUID()).then(
    (told) => ({ status: told?.status ?? told?.statusCode ?? 200 }),
    (error) => ({ error: error.message }),
  );
  response.end(JSON.stringify(answer));
}

// Alice logs in, and grants the client what it asks for.
async function logIn(provider, request, response) {
  const { params } = await provider.interactionDetails(request, response);
  const grant = new provider.Grant({ accountId: 'alice', clientId: params.client_id });
  grant.addOIDCScope('openid refunds:write');
  grant.addResourceScope(params.resource, 'refunds:write');
  const ago = params.login_hint === 'earlier' ? 7200 : 0;
  const login = {
    accountId: 'alice',
    acr: params.acr_values?.split(' ')[0] ?? 'urn:weak',
    amr: ['pwd'],
    ts: Math.floor(Date.now() / 1000) - ago,
  };
  const consent = { grantId: await grant.save() };
  await provider.interactionFinished(request, response, { login, consent });
}

let keys = existsSync(keysFile) ? JSON.parse(readFileSync(keysFile, 'utf8')) : freshKeys();
writeFileSync(keysFile, JSON.stringify(keys), { mode: 0o600 });
let provider = makeProvider(keys);
let answer = provider.callback();
let hanging = false;

createServer((request, response) => {
  if (request.method === 'POST' && request.url === '/control/rotate') {
    keys = [...freshKeys(), ...keys];
    writeFileSync(keysFile, JSON.stringify(keys));
    provider = makeProvider(keys);
    answer = provider.callback();
    response.end(JSON.stringify(keys.map((key) => key.kid)));
  } else if (request.method === 'POST' && request.url === '/control/hang') {
    hanging = true;
    response.end('{}');
  } else if (request.method === 'POST' && request.url === '/control/logout') {
    logOut(request, response);
  } else if (request.url.startsWith('/control/login/')) {
    logIn(provider, request, response);
  } else if (!hanging) {
    answer(request, response);
  }
}).listen(port, '127.0.0.1', () => console.log(`READY ${issuer}`));
