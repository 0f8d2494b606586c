// The programs that people run: mcp-remote and the inspector's command line, with a header and with a login of their own.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { run } from '../stand/children.mjs';
import { check, equal, holds } from '../stand/report.mjs';
import { gate, node, ownServer, provider, suite } from '../stand/site.mjs';
import { SAYS, TOOL, agents, issued } from './logins.mjs';

const PROGRAMS = {
  'mcp-remote': ['clients/bridge.mjs'],
  'the inspector, the handshake': ['clients/inspector.mjs', 'legacy'],
  'the inspector, by itself': ['clients/inspector.mjs', 'auto'],
};

export async function bridges(binary) {
  const [upstream, issuer] = [await ownServer(), await provider()];
  const site = await gate(binary, agents(issuer, upstream));
  const url = `${site.url}/tools/mcp`;
  const token = await tokenFor(issuer, url);
  for (const [name, [script, ...more]] of Object.entries(PROGRAMS)) {
    const call = async (...options) => {
      const folder = mkdtempSync(join(tmpdir(), 'portcullis-interop-home-'));
      try {
        site.taken();
        const args = [suite(script), folder, url, ...TOOL, ...more, ...options];
        const { code, stdout, stderr } = await run(node, args, { within: 60_000 });
        holds(code === 0, `it ended with ${code}: ${stderr.slice(-1_500)}`);
        const got = JSON.parse(stdout.trim().split('\n').at(-1));
        equal(got.content[0].text, SAYS, 'what the tool said');
        holds(got.tools.includes('test_regional'), `the list of tools: ${got.tools}`);
        return site.taken();
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    };
    await check(`${name} calls a tool with a token in --header`, async () => {
      const trace = await call('--header', `Authorization: Bearer ${token}`);
      equal(trace.filter(({ status }) => status === 401).length, 0, 'answers with 401');
    });
    await check(`${name} logs in from the first 401 and calls a tool`, async () => {
      await issued(issuer);
      const trace = await call();
      holds(trace.some(({ status }) => status === 401), 'there was no 401');
      equal((await issued(issuer)).map(({ grant_type }) => grant_type), ['authorization_code'], 'tokens');
    });
  }
  site.close();
}

/** A token by client credentials, for clients that are given one. */
export async function tokenFor(issuer, resource, scope = 'tools:use') {
  const body = new URLSearchParams({
    grant_type: 'client_credentials', client_id: 'known', client_secret: 'not-a-secret', scope, resource,
  });
  const answer = await (await fetch(`${issuer}/token`, { method: 'POST', body })).json();
  holds(answer.access_token, `no token: ${JSON.stringify(answer)}`);
  return answer.access_token;
}
