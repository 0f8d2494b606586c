// A certified OpenID provider on loopback, for clients that bring nothing with them: node provider.mjs PORT
//
// They register themselves (RFC 7591), are sent to the authorization endpoint with PKCE, and get JWT access tokens for the
// `resource` they ask for (RFC 8707). Whoever comes to log in is "alice", without a question, and grants what is asked.
import { createServer } from 'node:http';
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';

import Provider from 'oidc-provider';

const port = Number(process.argv[2]);
const issuer = `http://127.0.0.1:${port}`;
const SCOPES = 'tools:use tools:admin';

// By way of PEM, as tests/e2e/provider.mjs says.
const { privateKey } = generateKeyPairSync('ec', {
  namedCurve: 'P-256',
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});
const key = { ...createPrivateKey(privateKey).export({ format: 'jwk' }), kid: 'interop', alg: 'ES256', use: 'sig' };

const provider = new Provider(issuer, {
  jwks: { keys: [key] },
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
  interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
  cookies: { keys: ['interop'] },
  // No consent page: every client gets what it asks for, of what there is.
  loadExistingGrant: async (ctx) => {
    const { client, session, params } = ctx.oidc;
    const grant = new ctx.oidc.provider.Grant({ clientId: client.clientId, accountId: session.accountId });
    grant.addOIDCScope('openid offline_access');
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
provider.on('server_error', (_ctx, error) => console.error(error));
const answer = provider.callback();

createServer(async (request, response) => {
  if (!request.url.startsWith('/interaction/')) return answer(request, response);
  await provider.interactionFinished(request, response, { login: { accountId: 'alice' } });
}).listen(port, '127.0.0.1', () => console.log(`READY ${issuer}`));
