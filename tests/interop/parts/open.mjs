// An agent whose handshake, lists and some tools are open: clients get so far without a login, and are asked for one by the
// tool that wants it, for all scopes at once.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { run } from '../stand/children.mjs';
import { check, equal, holds } from '../stand/report.mjs';
import { gate, node, ownServer, provider, suite } from '../stand/site.mjs';
import { CLIENTS, SAYS, TOOL, agents, issued, told } from './logins.mjs';

const SCOPED = 'test_image_content';

const RULES = `    mcp:
      rules:
        unlisted: deny
        methods:
          initialize: public
          server/discover: public
          ping: public
          "notifications/*": public
          tools/list: public
          # Some clients open it as soon as a server can tell of changes.
          subscriptions/listen: public
        tools:
          ${TOOL[0]}: public
          ${SCOPED}: { scopes: { all_of: ["tools:admin"] } }
`;

export async function open(binary) {
  const [upstream, issuer] = [await ownServer(), await provider()];
  const site = await gate(binary, agents(issuer, upstream, RULES));
  const url = `${site.url}/tools/mcp`;
  const call = async ([command, script, ...more], tool, args) => {
    site.taken();
    await issued(issuer);
    const { code, stdout, stderr } = await run(command, [script, url, tool, args, ...more], { within: 30_000 });
    const trace = site.taken();
    holds(code === 0, `it ended with ${code}: ${stderr.slice(-900)}\n${told(trace)}`);
    return { trace, got: JSON.parse(stdout.trim().split('\n').at(-1)) };
  };
  for (const [name, client] of Object.entries(CLIENTS)) {
    await check(`${name} uses what is open without a login`, async () => {
      const { trace, got } = await call(client, ...TOOL);
      equal(got.content[0].text, SAYS, 'what the tool said');
      equal(trace.filter(({ status }) => status === 401), [], 'answers with 401');
      equal(await issued(issuer), [], 'tokens');
    });
    await check(`${name} is asked for a login by the tool that wants it, once, for all its scopes`, async () => {
      const { trace, got } = await call(client, SCOPED, '{}');
      equal(got.content[0].type, 'image', 'what the tool gave');
      const refusals = trace.filter(({ status }) => status === 401 || status === 403);
      equal(refusals.map(({ status }) => status), [401], `refusals\n${told(trace)}`);
      holds(/scope="tools:use tools:admin"/.test(refusals[0].challenge), `the challenge: ${refusals[0].challenge}`);
      equal((await issued(issuer)).map(({ scope }) => scope), ['tools:use tools:admin'], 'tokens');
    });
  }
  for (const era of ['legacy', 'auto']) {
    await check(`the inspector, ${era}, uses what is open without a login`, async () => {
      const folder = mkdtempSync(join(tmpdir(), 'portcullis-interop-home-'));
      try {
        // A header of its own keeps it from looking for a token of an earlier login.
        const args = [suite('clients/inspector.mjs'), folder, url, ...TOOL, era, '--header', 'X-Nothing: 1'];
        site.taken();
        const { code, stdout, stderr } = await run(node, args, { within: 60_000 });
        holds(code === 0, `it ended with ${code}: ${stderr.slice(-1_500)}\n${told(site.taken())}`);
        equal(JSON.parse(stdout.trim().split('\n').at(-1)).content[0].text, SAYS, 'what the tool said');
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    });
  }
  site.close();
}
