// Clients that know nothing but a URL: from the first 401 by way of the metadata, registration and a login to a call.
import { run } from '../stand/children.mjs';
import { check, equal, holds } from '../stand/report.mjs';
import { gate, node, ownServer, provider, python, suite } from '../stand/site.mjs';

export const TOOL = ['test_simple_text', '{}'];
export const SAYS = 'This is a simple text response for testing.';

/** Each client: its command, and what it is called with besides the URL. */
export const CLIENTS = {
  'TypeScript SDK 1.x': [node, suite('clients/typescript1.mjs')],
  'TypeScript SDK 2.x, the handshake': [node, suite('clients/typescript2.mjs'), 'legacy'],
  'TypeScript SDK 2.x, by itself': [node, suite('clients/typescript2.mjs'), 'auto'],
  'Python SDK, the handshake': [python, suite('clients/mcp_python.py'), 'legacy'],
  'Python SDK, by itself': [python, suite('clients/mcp_python.py'), 'auto'],
};

/** An MCP agent for tokens of `issuer`; their audience is the URL that clients use. `mcp` is what else it says of MCP. */
export const agents = (issuer, upstream, mcp = '') => () => `identity_providers:
  op: { issuer: "${issuer}" }
agents:
  tools:
    protocol: mcp
    route: { path: /tools, strip_path: true }
    upstream: ${upstream}
    auth:
      oauth:
        identity_providers: [op]
        scopes: { all_of: ["tools:use"] }
${mcp}`;

export async function logins(binary) {
  const [upstream, issuer] = [await ownServer(), await provider()];
  const site = await gate(binary, agents(issuer, upstream));
  for (const [name, [command, script, ...more]] of Object.entries(CLIENTS)) {
    await check(`${name} logs in from the first 401 and calls a tool`, async () => {
      site.taken();
      await issued(issuer);
      const args = [script, `${site.url}/tools/mcp`, ...TOOL, ...more];
      const { code, stdout, stderr } = await run(command, args, { within: 30_000 });
      const trace = site.taken();
      holds(code === 0, `it ended with ${code}: ${stderr.slice(-900)}\n${told(trace)}`);
      const got = JSON.parse(stdout.trim().split('\n').at(-1));
      equal(got.content[0].text, SAYS, 'what the tool said');
      holds(got.tools.includes('test_regional'), `the list of tools: ${got.tools}`);
      return walked(trace, await issued(issuer), `${site.url}/tools/mcp`);
    });
  }
  site.close();
}

/** The tokens that the provider has issued since the last time. */
export async function issued(issuer) {
  return (await fetch(`${issuer}/issued`)).json();
}

/** One 401, one document of metadata, one token, and nothing but success after it. */
function walked(trace, tokens, resource) {
  const told_ = told(trace);
  const count = (keeps) => trace.filter(keeps).length;
  equal(count(({ status }) => status === 401), 1, `answers with 401\n${told_}`);
  equal(count(({ url, status }) => url.includes('oauth-protected-resource') && status === 200), 1, `documents\n${told_}`);
  equal(count(({ url }) => url.includes('oauth-protected-resource')), 1, `requests for metadata\n${told_}`);
  equal(tokens.map(({ grant_type }) => grant_type), ['authorization_code'], 'tokens');
  equal(tokens[0].resource, resource, 'the resource of the token');
  const login = trace.findLastIndex(({ url }) => url.includes('/.well-known/'));
  // A stream for GET is offered to sessions alone, so 405 is an answer too.
  const bad = trace.slice(login + 1).filter(({ method, status }) => status >= 400 && !(method === 'GET' && status === 405));
  equal(bad.map(({ url, status }) => [url, status]), [], 'refusals after the login');
  return `${trace.length} requests, one 401, one document, one token`;
}

/** The exchanges, a line each. */
export const told = (trace) => trace.map(({ at, method, url, status }) => `${at} ms ${status} ${method} ${url}`).join('\n');
