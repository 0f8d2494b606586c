// The demo, with the lines that it prints: the clients that they name, and those that log in by themselves.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { freePort, run, start } from '../stand/children.mjs';
import { check, equal, holds } from '../stand/report.mjs';
import { bin, node, suite } from '../stand/site.mjs';
import { CLIENTS as A2A } from './a2a.mjs';
import { CLIENTS } from './logins.mjs';

const TOOLS = ['tell_time', 'who_am_i', 'send_refund'];

export async function demo(binary) {
  const port = await freePort();
  // It is ready when the provider's keys are known, which it says last.
  const { said } = await start(binary, ['demo', '--port', `${port}`], { ready: /the provider's keys are new/ });
  const url = `http://127.0.0.1:${port}/tools/mcp`;
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-interop-home-'));
  await check('the line for the inspector lists the tools of the demo', async () => {
    const line = /npx -y @modelcontextprotocol\/inspector (--cli .*)/.exec(said())[1];
    const env = { HOME: folder, MCP_INSPECTOR_SECRET_STORE: 'file' };
    const { code, stdout, stderr } = await run(node, [bin('mcp-inspector'), ...line.split(' ')], { env, within: 30_000 });
    holds(code === 0, `it ended with ${code}: ${stderr.slice(-900)}`);
    equal(JSON.parse(stdout).tools.map(({ name }) => name), TOOLS, 'the tools');
  });
  for (const [name, [command, script, ...more]] of Object.entries(CLIENTS)) {
    await check(`${name} logs in at the demo when a tool asks for it`, async () => {
      const args = [script, url, 'send_refund', '{"amount":42}', ...more];
      const { code, stdout, stderr } = await run(command, args, { within: 30_000 });
      holds(code === 0, `it ended with ${code}: ${stderr.slice(-900)}`);
      const got = JSON.parse(stdout.trim().split('\n').at(-1));
      equal(got.tools, TOOLS, 'the tools');
      holds(got.content[0].text.includes('42 EUR are on their way, by order of alice'), got.content[0].text);
    });
  }
  const issuer = /(http:\/\/127\.0\.0\.1:\d+)\/fresh-token/.exec(said())[1];
  for (const [language, [command, script]] of Object.entries(A2A)) {
    await check(`the ${language} client of A2A calls the planner of the demo`, async () => {
      const token = await (await fetch(`${issuer}/fresh-token`)).text();
      const base = `http://127.0.0.1:${port}/planner/`;
      const { code, stdout, stderr } = await run(command, [script, base, 'JSONRPC', token, 'Lisbon'], { within: 30_000 });
      holds(code === 0, `it ended with ${code}: ${stderr.slice(-900)}`);
      const got = JSON.parse(stdout.trim().split('\n').at(-1));
      holds(got.wanted && got.whole.includes('To Lisbon: by tram'), `what it got: ${stdout}`);
      equal(got.stream.length, 5, 'events of the stream');
    });
  }
  rmSync(folder, { recursive: true, force: true });
}
