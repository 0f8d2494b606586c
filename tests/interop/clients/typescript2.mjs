// A client on @modelcontextprotocol/client 2.x: node typescript2.mjs URL TOOL ARGUMENTS ERA
// ERA is how it speaks: legacy, or auto, which finds out. Prints what it got, as one line of JSON.
import { Client, StreamableHTTPClientTransport, UnauthorizedError } from '@modelcontextprotocol/client';

import { Memory, loggedIn } from './memory.mjs';

const [url, name, args, mode] = process.argv.slice(2);
const memory = new Memory();
let client, transport;
const connect = async () => {
  client = new Client({ name: 'interop', version: '1.0.0' }, { versionNegotiation: { mode } });
  transport = new StreamableHTTPClientTransport(new URL(url), { authProvider: memory });
  await client.connect(transport);
};
const finish = (landed) => transport.finishAuth(landed);
await loggedIn(connect, finish, memory, UnauthorizedError);
const { tools } = await client.listTools();
const { content } = await loggedIn(
  () => client.callTool({ name, arguments: JSON.parse(args) }), finish, memory, UnauthorizedError);
console.log(JSON.stringify({ tools: tools.map((tool) => tool.name), content, session: Boolean(transport.sessionId) }));
await client.close();
