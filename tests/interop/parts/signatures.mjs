// Cards that the gateway signs, verified by what others wrote: the agent's card is of 1.0, of 0.3 or of both, and says more and less
// than the specification wants. Each card that verifies has one beside it that was altered and must not.
import { createServer } from 'node:http';

import { freePort, run } from '../stand/children.mjs';
import { check, equal, holds } from '../stand/report.mjs';
import { gate, node, python, suite } from '../stand/site.mjs';

const VERIFIERS = { JavaScript: [node, suite('clients/verify.mjs')], Python: [python, suite('clients/verify_python.py')] };
const KEYS = '/.well-known/portcullis/jwks.json';
const BINDING = { url: 'http://agent.internal:9/rpc', protocolBinding: 'JSONRPC', protocolVersion: '1.0', tenant: '' };
const SKILL = { id: 'greet', name: 'greet', description: 'Greets.', tags: ['greeting'] };
const COMMON = {
  name: 'greeter', description: 'Says \u20ac, \u{1f600} and "hello"\n.', version: '1.0.0',
  defaultInputModes: ['text/plain'], defaultOutputModes: ['text/plain'], skills: [SKILL],
};
const NEW = {
  ...COMMON, supportedInterfaces: [BINDING], securitySchemes: {}, securityRequirements: [], documentationUrl: '',
  provider: { organization: 'Example', url: 'https://example.com' },
  capabilities: {
    streaming: true, pushNotifications: false,
    extensions: [{ uri: 'urn:x', required: false, params: { n: 1, f: 0.5, big: 1e21, empty: {}, no: false } }],
  },
  skills: [{ ...SKILL, examples: [], securityRequirements: [{ schemes: { x: { list: ['y'] } } }] }],
};
const OLD = {
  ...COMMON, protocolVersion: '0.3.0', url: 'http://agent.internal:9/rpc', preferredTransport: 'JSONRPC',
  capabilities: { streaming: true }, security: [{ x: [] }], securitySchemes: { x: { type: 'http', scheme: 'bearer' } },
};
const CARDS = {
  'of 1.0': NEW,
  'of 1.0 that others signed': { ...NEW, signatures: [{ protected: 'e30', signature: 'AAAA' }] },
  'of 1.0 with members that nobody knows': { ...NEW, 'x-rank': 7, skills: [{ ...SKILL, 'x-note': ['z'] }] },
  'of 0.3': OLD,
  'of both': { ...OLD, ...NEW, security: [{ x: [] }] },
};
const SHORT = ['of 1.0', 'of 0.3'];
const AUTH = {
  oauth: '{ oauth: { identity_providers: [op], audiences: [x], scopes: { all_of: [tools] } } }',
  key: '{ api_key: { header: X-API-Key } }',
  public: 'public',
};

const agents = (upstream) => () => `  signing: { publish_before: 10m }
identity_providers:
  op: { issuer: "https://login.example" }
agents:
${Object.entries(AUTH).flatMap(([access, auth]) => Object.keys(CARDS).map((_, index) => `  ${access}-${index}:
    route: { path: /${access}/${index}, strip_path: true }
    upstream: ${upstream}/${index}
    protocol: a2a
    a2a: { signatures: resign }
    auth: ${auth}
`)).join('')}`;

/** An agent that serves each card below a path of its own. */
async function cards() {
  const port = await freePort();
  const server = createServer((request, response) => {
    const card = Object.values(CARDS)[Number(request.url.split('/')[1])];
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(card));
  });
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${port}`, stop: () => server.close() };
}

async function served(url) {
  for (let left = 100; left > 0; left -= 1) {
    const answer = await fetch(url);
    if (answer.status === 200) return answer.json();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`no card at ${url}`);
}

export async function signatures(binary, { short }) {
  const upstream = await cards();
  const site = await gate(binary, agents(upstream.url));
  for (const access of short ? ['oauth'] : Object.keys(AUTH)) {
    for (const [index, name] of Object.keys(CARDS).entries()) {
      if (short && !SHORT.includes(name)) continue;
      const base = `${site.url}/${access}/${index}`;
      const card = await served(`${base}/.well-known/agent-card.json`);
      for (const [language, [command, script]] of Object.entries(VERIFIERS)) {
        const verify = (card) => run(command, [script, `${site.url}${KEYS}`], { input: JSON.stringify(card), within: 30_000 });
        await check(`the ${language} SDK verifies a card ${name}, ${access}`, async () => {
          const { code, stdout, stderr } = await verify(card);
          holds(code === 0, `it ended with ${code}: ${stderr.slice(-1_500)}${JSON.stringify(card)}`);
          const read = JSON.parse(stdout.trim().split('\n').at(-1));
          equal(read.name, 'greeter', 'the name');
          equal(read.urls.filter((url) => !url.startsWith(`${base}/`)), [], 'URLs past the gateway');
          const altered = await verify({ ...card, name: 'greeter.' });
          holds(altered.code !== 0, 'it verifies a card that was altered');
          return `${card.signatures.length} signatures`;
        });
      }
    }
  }
  upstream.stop();
  site.close();
}
