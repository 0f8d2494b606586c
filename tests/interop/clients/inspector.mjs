// The command line of the inspector: node inspector.mjs FOLDER URL TOOL ARGUMENTS ERA [OPTION...]
// FOLDER is its home, where it keeps tokens; the options are its own (--header). When it asks for a login, that is done as a
// browser would. Prints what it got, as one line of JSON.
import { fileURLToPath } from 'node:url';

import { authorize } from '../stand/browser.mjs';
import { freePort, run } from '../stand/children.mjs';

const [folder, url, name, args, era, ...options] = process.argv.slice(2);
const command = fileURLToPath(new URL('../node_modules/.bin/mcp-inspector', import.meta.url));
const callback = `http://127.0.0.1:${await freePort()}/oauth/callback`;

async function ask(...method) {
  let visited = false;
  const heard = async (_name, said) => {
    const found = /(http:\/\/127\.0\.0\.1:\d+\/auth\?\S+)\s/.exec(said)?.[1];
    if (!found || visited) return;
    visited = true;
    await fetch(await authorize(found, new URL(found).searchParams.get('redirect_uri')));
  };
  const { code, stdout, stderr } = await run(process.execPath, [
    command, '--cli', '--server-url', url, '--transport', 'http', '--format', 'json', '--protocol-era', era, '--callback-url', callback,
    ...method, ...options,
  ], { env: { HOME: folder, BROWSER: 'true', MCP_AUTO_OPEN_ENABLED: 'true', MCP_INSPECTOR_SECRET_STORE: 'file' }, heard, within: 25_000 });
  if (code !== 0) throw new Error(`the inspector ended with ${code}: ${stdout.slice(-1_000)}${stderr.slice(-1_000)}`);
  const answer = JSON.parse(stdout.slice(stdout.indexOf('{')));
  return answer.result ?? answer;
}

const { tools } = await ask('--method', 'tools/list');
// The second command finds the token of the first one in the folder.
if (options.length === 0) options.push('--use-stored-auth');
const { content } = await ask('--method', 'tools/call', '--tool-name', name, '--tool-args-json', args);
console.log(JSON.stringify({ tools: tools.map((tool) => tool.name), content }));
