// What stands around the gateway in this run: servers, a provider, the gateway, and the hop in front of it.
import { fileURLToPath } from 'node:url';

import { freePort, start } from './children.mjs';
import { gateway } from './gateway.mjs';
import { wire } from './wire.mjs';

const suite = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
export const node = process.execPath;
/** The command of a package: `bin('conformance')`. */
export const bin = (name) => suite(`node_modules/.bin/${name}`);
/** The Python with the packages of this suite. */
export const python = suite('../../.tools/venv-interop/bin/python');
export { suite };

/** The MCP server of this suite: both generations, on the SDK 2.x. */
export async function ownServer() {
  const port = await freePort();
  await start(node, [suite('servers/mcp.mjs'), `${port}`], { ready: /READY/ });
  return `http://127.0.0.1:${port}`;
}

/** `@modelcontextprotocol/server-everything`: sessions and streams, on the SDK 1.x. */
export async function everything() {
  const port = await freePort();
  await start(node, [bin('mcp-server-everything'), 'streamableHttp'], { ready: /listening/, env: { PORT: `${port}` } });
  return `http://127.0.0.1:${port}`;
}

/** The OpenID provider; gives its issuer. */
export async function provider() {
  const port = await freePort();
  const { match } = await start(node, [suite('stand/provider.mjs'), `${port}`], { ready: /READY (\S+)/ });
  return match[1];
}

/** The gateway with the hop in front of it; `body(url)` is its configuration, with the URL that clients use. */
export async function gate(binary, body) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const running = await gateway(binary, body(url), url);
  return Object.assign(await wire(port, running.authority), { gateway: running });
}
