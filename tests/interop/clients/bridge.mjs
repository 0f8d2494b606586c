// mcp-remote, the bridge for hosts that only speak over pipes, with an SDK client on its near side:
//   node bridge.mjs FOLDER URL TOOL ARGUMENTS [OPTION...]
// FOLDER is where it keeps its tokens; the options are its own (--header). When it asks for a login, that is done as a
// browser would. Prints what it got, as one line of JSON.
import { fileURLToPath } from 'node:url';

import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';

import { authorize } from '../stand/browser.mjs';

const [folder, url, name, args, ...options] = process.argv.slice(2);
const bridge = fileURLToPath(new URL('../node_modules/.bin/mcp-remote', import.meta.url));
const transport = new StdioClientTransport({
  command: process.execPath,
  args: [bridge, url, '--allow-http', '--transport', 'http-only', ...options],
  // No window is opened, whatever machine this is.
  env: { PATH: process.env.PATH, HOME: folder, MCP_REMOTE_CONFIG_DIR: folder, BROWSER: 'true' },
  stderr: 'pipe',
});
let said = '';
let visited = false;
transport.stderr.setEncoding('utf8').on('data', async (chunk) => {
  said += chunk;
  const found = /(http:\/\/127\.0\.0\.1:\d+\/auth\?\S+)\s/.exec(said)?.[1];
  if (!found || visited) return;
  visited = true;
  await fetch(await authorize(found, new URL(found).searchParams.get('redirect_uri')));
});
const client = new Client({ name: 'interop', version: '1.0.0' });
try {
  await client.connect(transport, { timeout: 20_000 });
  const { tools } = await client.listTools();
  const { content } = await client.callTool({ name, arguments: JSON.parse(args) });
  console.log(JSON.stringify({ tools: tools.map((tool) => tool.name), content }));
} catch (error) {
  console.error(said.slice(-3_000));
  throw error;
} finally {
  await client.close();
}
