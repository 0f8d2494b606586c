// A certified OpenID provider on loopback that knows its clients by their certificates (RFC 8705): node certified.mjs PORT MTLS_PORT FOLDER
//
// PORT is that of the issuer, which asks for no certificate; at MTLS_PORT clients show theirs, and the metadata say so for introspection
// (`mtls_endpoint_aliases`). FOLDER holds `idp.pem` and `idp.key`, the authority of clients `clients.pem`, and `alone.pem`, which
// signed itself.
//
// The clients `issued` (`tls_client_auth`) and `alone` (`self_signed_tls_client_auth`) may ask about tokens. `holder` gets tokens that are
// bound to the certificate that it shows. A `resource` that ends in `:opaque` gets an opaque token, any other a JWT.
import { createServer } from 'node:https';
import { readFileSync } from 'node:fs';
import { X509Certificate, createPrivateKey, generateKeyPairSync } from 'node:crypto';

import Provider from 'oidc-provider';

// Nobody reads standard output once it has said READY, and the library's notices would end the process there.
console.info = console.error;

const [port, mtlsPort, folder] = process.argv.slice(2);
const [issuer, mtls] = [port, mtlsPort].map((at) => `https://127.0.0.1:${at}`);
const file = (name) => readFileSync(`${folder}/${name}`);
const shown = (ctx) => ctx.req.socket.getPeerX509Certificate();

// By way of PEM: in Node 20, exporting the very object that a key generation gave as JWK can wait for itself for ever.
const { privateKey } = generateKeyPairSync('ec', {
  namedCurve: 'P-256',
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});
const key = { ...createPrivateKey(privateKey).export({ format: 'jwk' }), kid: 'k1', alg: 'ES256', use: 'sig' };
const alone = new X509Certificate(file('alone.pem'));
const known = { ...alone.publicKey.export({ format: 'jwk' }), x5c: [alone.raw.toString('base64')] };

const client = (client_id, more) => ({
  client_id,
  grant_types: ['client_credentials'],
  response_types: [],
  redirect_uris: [],
  id_token_signed_response_alg: 'ES256',
  ...more,
});
const provider = new Provider(issuer, {
  jwks: { keys: [key] },
  clients: [
    client('issued', { token_endpoint_auth_method: 'tls_client_auth', tls_client_auth_san_dns: 'client.test' }),
    client('alone', { token_endpoint_auth_method: 'self_signed_tls_client_auth', jwks: { keys: [known] } }),
    client('holder', {
      client_secret: 'not-a-secret',
      token_endpoint_auth_method: 'client_secret_post',
      tls_client_certificate_bound_access_tokens: true,
    }),
  ],
  clientAuthMethods: ['client_secret_post', 'tls_client_auth', 'self_signed_tls_client_auth'],
  scopes: ['refunds:write'],
  discovery: { mtls_endpoint_aliases: { introspection_endpoint: `${mtls}/token/introspection` } },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true, allowedPolicy: () => true },
    revocation: { enabled: true },
    mTLS: {
      enabled: true,
      certificateBoundAccessTokens: true,
      tlsClientAuth: true,
      selfSignedTlsClientAuth: true,
      getCertificate: shown,
      certificateAuthorized: (ctx) => ctx.req.socket.authorized,
      certificateSubjectMatches: (ctx, property, expected) =>
        property === 'tls_client_auth_san_dns' && shown(ctx).checkHost(expected) !== undefined,
    },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (_ctx, resource) => ({
        audience: resource,
        scope: 'refunds:write',
        accessTokenFormat: resource.endsWith(':opaque') ? 'opaque' : 'jwt',
        accessTokenTTL: 600,
        jwt: { sign: { alg: 'ES256' } },
      }),
    },
  },
});
provider.on('server_error', (_ctx, error) => console.error(error));

const own = { cert: file('idp.pem'), key: file('idp.key') };
const asking = { ...own, requestCert: true, rejectUnauthorized: false, ca: file('clients.pem') };
createServer(asking, provider.callback()).listen(Number(mtlsPort), '127.0.0.1', () => {
  createServer(own, provider.callback()).listen(Number(port), '127.0.0.1', () => console.log(`READY ${issuer}`));
});
