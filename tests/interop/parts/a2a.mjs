// Both A2A SDKs on both sides of the gateway: a client that has only the agent's base URL finds it by its card.
import { run } from '../stand/children.mjs';
import { check, equal, holds } from '../stand/report.mjs';
import { freePort, start } from '../stand/children.mjs';
import { gate, node, provider, python, suite } from '../stand/site.mjs';
import { tokenFor } from './bridges.mjs';

const LANGUAGES = { javascript: [node, suite('servers/a2a.mjs')], python: [python, suite('servers/a2a_python.py')] };
const VERSIONS = ['1.0', '0.3'];
/** Each agent by its name, `javascript-1-0`. */
const SERVERS = Object.fromEntries(Object.entries(LANGUAGES).flatMap(([language, [command, script]]) =>
  VERSIONS.map((version) => [`${language}-${version.replace('.', '-')}`, { command, script, version }])));
/** Each client: its command. */
export const CLIENTS = { JavaScript: [node, suite('clients/a2a.mjs')], Python: [python, suite('clients/a2a_python.py')] };
const BINDINGS = ['JSONRPC', 'HTTP+JSON'];

const agents = (issuer, upstreams) => (url) => `identity_providers:
  op: { issuer: "${issuer}" }
agents:
${Object.entries(upstreams).map(([name, upstream]) => `  ${name}:
    protocol: a2a
    route: { path: /${name}, strip_path: true }
    upstream: ${upstream}
    auth:
      oauth:
        identity_providers: [op]
        audiences: ["${url}/${name}"]
        scopes: { all_of: ["tools:use"] }
`).join('')}`;

export async function a2a(binary, { short }) {
  const issuer = await provider();
  const upstreams = {};
  for (const [name, { command, script, version }] of Object.entries(SERVERS)) {
    const port = await freePort();
    await start(command, [script, `${port}`, version], { ready: /READY|Uvicorn running/ });
    upstreams[name] = `http://127.0.0.1:${port}`;
  }
  const site = await gate(binary, agents(issuer, upstreams));
  for (const [name, upstream] of Object.entries(upstreams)) {
    const token = await tokenFor(issuer, `${site.url}/${name}`);
    // With the slash: the JavaScript SDK resolves the place of the card as a relative reference.
    const base = `${site.url}/${name}/`;
    for (const [language, [command, script]] of Object.entries(CLIENTS)) {
      for (const binding of short ? BINDINGS.slice(0, 1) : BINDINGS) {
        await check(`the ${language} client calls the ${name} agent by its card, ${binding}`, async () => {
          site.taken();
          const { code, stdout, stderr } = await run(command, [script, base, binding, token, 'Ada'], { within: 30_000 });
          const trace = site.taken();
          holds(code === 0, `it ended with ${code}: ${stderr.slice(-1_500)}`);
          const got = JSON.parse(stdout.trim().split('\n').at(-1));
          holds(got.wanted, 'the card does not say that a token is wanted');
          equal(got.urls.filter((url) => !url.startsWith(base)), [], `the card leads past the gateway to ${upstream}`);
          holds(got.whole.includes('Hello, Ada!'), `the answer: ${got.whole}`);
          holds(got.stream.length >= 3, `a stream of ${got.stream.length}: ${got.stream}`);
          holds(got.stream.join('').includes('Hello, Ada!'), `the stream: ${got.stream}`);
          equal(trace.filter(({ status }) => status >= 300), [], 'answers that refuse');
          holds(trace.filter(({ method }) => method === 'POST').length >= 2, 'the calls did not pass the gateway');
          return `${got.stream.length} events`;
        });
      }
    }
    await check(`a call of the ${name} agent without a token is refused, and its card is not`, async () => {
      const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'SendMessage', params: {} });
      const headers = { 'content-type': 'application/json', 'a2a-version': '1.0' };
      equal((await fetch(`${base}rpc`, { method: 'POST', headers, body })).status, 401, 'the call');
      equal((await fetch(`${base}.well-known/agent-card.json`)).status, 200, 'the card');
    });
  }
  site.close();
}
