// The official conformance suite, at a server directly and through the gateway: what a check says must be the same.
//
// Nothing is expected of a check by itself: what the server fails directly it may fail through the gateway. An agent with
// rules answers some messages itself; differences.json says which checks see that, and why it is meant to be so.
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { run } from '../stand/children.mjs';
import { check, holds } from '../stand/report.mjs';
import { bin, everything, gate, node, ownServer, suite } from '../stand/site.mjs';

const REVISIONS = ['2025-11-25', '2026-07-28'];
const MEANT = JSON.parse(readFileSync(suite('differences.json'), 'utf8'));

const agent = (name, url, more = '') => `  ${name}:
    route: { path: /${name}, strip_path: true }
    upstream: ${url}
    auth: public
${more}`;

/** One agent without rules, by the name of its route. */
export const agents = (name, url) => `agents:\n${agent(name, url, '    protocol: mcp\n')}`;

// The rules permit all that the suite asks for, so that each message is read and judged.
const RULES = `    protocol: mcp
    mcp:
      rules:
        unlisted: deny
        methods: { "*": allow }
        tools: { "*": allow }
        resources: { "*": allow }
        prompts: { "*": allow }
`;

/** The whole of both revisions; what was found is written to `folder`. */
export async function conformance(binary, { folder, short }) {
  const [both, all] = [await ownServer(), await everything()];
  const site = await gate(binary, () =>
    agents('both', both) + agent('ruled', both, RULES) + agent('everything', all));
  mkdirSync(folder, { recursive: true });
  for (const revision of REVISIONS) await compare(site, both, ['both', 'ruled'], revision, folder);
  if (!short) await compare(site, all, ['everything'], '2025-11-25', folder);
  site.close();
  await site.gateway.stop();
}

/** The suite at one server, directly and by way of each of these agents. */
async function compare(site, upstream, names, revision, folder) {
  const at = (url) => outcomes(`${url}/mcp`, ['--requirements', revision]);
  const runs = [at(upstream), ...names.map((name) => at(`${site.url}/${name}`))];
  // They are awaited one after the other; what fails meanwhile is heard of when its turn comes.
  for (const one of runs) one.catch(() => {});
  for (const [index, name] of names.entries()) {
    await check(`conformance ${revision}, agent ${name}: the same through the gateway`, async () => {
      const meant = name === 'ruled' ? MEANT[revision] : {};
      return same(await runs[0], await runs[index + 1], meant, { folder, name, revision });
    });
  }
}

function same(direct, through, meant, { folder, name, revision }) {
  const found = differences(direct, through);
  const count = (status) => [...direct.values()].filter((statuses) => statuses.includes(status)).length;
  const report = { revision, agent: name, direct: Object.fromEntries(direct), differences: Object.fromEntries(found) };
  writeFileSync(join(folder, `conformance-${name}-${revision}.json`), JSON.stringify(report, null, 2));
  holds(direct.size > 0, 'the suite made no check');
  const wrong = [...found].filter(([key, how]) => how !== meant[key]?.how).map((pair) => pair.join(': '));
  holds(wrong.length === 0, `${wrong.length} checks differ:\n${wrong.join('\n')}`);
  const gone = Object.keys(meant).filter((key) => !found.has(key));
  holds(gone.length === 0, `equal by now, so differences.json must not name them:\n${gone.join('\n')}`);
  const meantly = found.size > 0 ? `${found.size} differ as they are meant to, ` : '';
  return `${direct.size - found.size} checks equal, ${meantly}${count('FAILURE')} failures of the server itself`;
}

/** What each check of a run said: `scenario/check id` with its outcomes. */
export async function outcomes(url, suite) {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-conformance-'));
  try {
    const args = [bin('conformance'), 'server', '--url', url, '--timeout', '10000', '-o', folder, ...suite];
    const { stdout, stderr } = await run(node, args, { within: 240_000 });
    const found = new Map();
    for (const scenario of readdirSync(folder)) {
      const name = scenario.replace(/^server-/, '').replace(/-\d{4}-\d\d-\d\dT.*$/, '');
      for (const one of JSON.parse(readFileSync(join(folder, scenario, 'checks.json'), 'utf8'))) {
        const key = `${name}/${one.id}`;
        found.set(key, [...(found.get(key) ?? []), one.status].sort());
      }
    }
    holds(found.size > 0, `the suite left no result: ${stdout.slice(-1_000)}${stderr.slice(-1_000)}`);
    return found;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The checks whose outcomes differ, and how. */
export function differences(direct, through) {
  const found = new Map();
  for (const key of [...new Set([...direct.keys(), ...through.keys()])].sort()) {
    const [left, right] = [direct, through].map((side) => (side.get(key) ?? ['(absent)']).join(','));
    if (left !== right) found.set(key, `directly ${left}, through the gateway ${right}`);
  }
  return found;
}
