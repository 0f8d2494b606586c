// A client on @modelcontextprotocol/sdk 1.x: node typescript1.mjs URL TOOL [ARGUMENTS]
// Prints what it got, as one line of JSON.
import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

import { Memory, loggedIn } from './memory.mjs';

const [url, name, args = '{}'] = process.argv.slice(2);
const memory = new Memory();
let client, transport;
const connect = async () => {
  client = new Client({ name: 'interop', version: '1.0.0' });
  transport = new StreamableHTTPClientTransport(new URL(url), { authProvider: memory });
  await client.connect(transport);
};
const finish = (landed) => transport.finishAuth(landed.get('code'));
await loggedIn(connect, finish, memory, UnauthorizedError);
const { tools } = await client.listTools();
const { content } = await loggedIn(
  () => client.callTool({ name, arguments: JSON.parse(args) }), finish, memory, UnauthorizedError);
console.log(JSON.stringify({ tools: tools.map((tool) => tool.name), content, session: Boolean(transport.sessionId) }));
await transport.terminateSession();
await client.close();
