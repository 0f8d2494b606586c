// A certified OpenID provider on loopback, for clients that bring nothing with them: node provider.mjs PORT
//
// They register themselves (RFC 7591), are sent to the authorization endpoint with PKCE, and get JWT access tokens for the
// `resource` they ask for (RFC 8707). Whoever comes to log in is "alice", without a question, and grants what is asked.
//   GET /issued   the tokens that were issued since the last time
import { createServer } from 'node:http';
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';

import Provider from 'oidc-provider';

const port = Number(process.argv[2]);
const issuer = `http://127.0.0.1:${port}`;
const SCOPES = 'tools:use tools:admin';

// Access tokens are signed with ES256; OpenID Connect wants RS256 for the ID tokens of clients that name no algorithm.
function freshKey(alg, type, options) {
  // By way of PEM, as tests/e2e/provider.mjs says.
  const privateKeyEncoding = { type: 'pkcs8', format: 'pem' };
  const publicKeyEncoding = { type: 'spki', format: 'pem' };
  const { privateKey } = generateKeyPairSync(type, { ...options, privateKeyEncoding, publicKeyEncoding });
  return { ...createPrivateKey(privateKey).export({ format: 'jwk' }), kid: alg, alg, use: 'sig' };
}

const keys = [freshKey('RS256', 'rsa', { modulusLength: 2048 }), freshKey('ES256', 'ec', { namedCurve: 'P-256' })];
const provider = new Provider(issuer, {
  jwks: { keys },
  clients: [{
    client_id: 'known',
    client_secret: 'not-a-secret',
    grant_types: ['client_credentials'],
    response_types: [],
    redirect_uris: [],
    token_endpoint_auth_method: 'client_secret_post',
  }],
  scopes: ['openid', 'offline_access', ...SCOPES.split(' ')],
  clientBasedCORS: () => true,
  findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
  interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
  cookies: { keys: ['interop'] },
  // SDKs register with the scopes of their first challenge; a provider that held them to those would refuse each step-up.
  extraClientMetadata: {
    properties: ['scope_bound'],
    validator: (_ctx, _key, _value, metadata) => {
      delete metadata.scope;
    },
  },
  // No consent page: every client gets what it asks for, of what there is.
  loadExistingGrant: async (ctx) => {
    const { client, session, params } = ctx.oidc;
    const grant = new ctx.oidc.provider.Grant({ clientId: client.clientId, accountId: session.accountId });
    grant.addOIDCScope(`openid offline_access ${SCOPES}`);
    for (const resource of [params.resource].flat().filter(Boolean)) grant.addResourceScope(resource, SCOPES);
    await grant.save();
    return grant;
  },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    registration: { enabled: true },
    resourceIndicators: {
      enabled: true,
      useGrantedResource: () => true,
      getResourceServerInfo: (_ctx, resource) => ({
        audience: resource,
        scope: SCOPES,
        accessTokenFormat: 'jwt',
        accessTokenTTL: 600,
        jwt: { sign: { alg: 'ES256' } },
      }),
    },
  },
});
const issued = [];
provider.on('server_error', (_ctx, error) => console.error(error));
provider.on('grant.success', ({ oidc }) => {
  const { grant_type, resource } = oidc.params;
  issued.push({ grant_type, resource, scope: (oidc.entities.AccessToken ?? oidc.entities.ClientCredentials)?.scope });
});
const answer = provider.callback();

createServer(async (request, response) => {
  if (request.url === '/issued') return response.end(JSON.stringify(issued.splice(0)));
  if (!request.url.startsWith('/interaction/')) return answer(request, response);
  const { prompt } = await provider.interactionDetails(request, response);
  const result = prompt.name === 'login' ? { login: { accountId: 'alice' } } : { consent: {} };
  await provider.interactionFinished(request, response, result);
}).listen(port, '127.0.0.1', () => console.log(`READY ${issuer}`));
