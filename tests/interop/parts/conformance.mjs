// The official conformance suite, at a server directly and through the gateway: what a check says must be the same.
//
// Nothing is expected of a check by itself: what the server fails directly it may fail through the gateway.
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { run } from '../stand/children.mjs';
import { check, holds } from '../stand/report.mjs';
import { bin, everything, gate, node, ownServer } from '../stand/site.mjs';

const REVISIONS = ['2025-11-25', '2026-07-28'];

/** The agents of this part, by the name of their route. */
export const agents = (upstreams) => `agents:\n${Object.entries(upstreams).map(([name, url]) => `  ${name}:
    route: { path: /${name}, strip_path: true }
    upstream: ${url}
    auth: public
`).join('')}`;

/** The whole of both revisions; what was found is written to `folder`. */
export async function conformance(binary, { folder, short }) {
  const upstreams = { both: await ownServer(), everything: await everything() };
  const site = await gate(binary, () => agents(upstreams));
  mkdirSync(folder, { recursive: true });
  const runs = { both: REVISIONS, everything: short ? [] : ['2025-11-25'] };
  for (const [name, revisions] of Object.entries(runs)) {
    for (const revision of revisions) {
      await check(`conformance ${revision}, server ${name}: the same through the gateway`, async () => {
        const suite = ['--requirements', revision];
        const [direct, through] = await Promise.all([
          outcomes(`${upstreams[name]}/mcp`, suite), outcomes(`${site.url}/${name}/mcp`, suite),
        ]);
        const found = differences(direct, through);
        const count = (status) => [...direct.values()].filter((statuses) => statuses.includes(status)).length;
        const report = { revision, server: name, direct: Object.fromEntries(direct), differences: found };
        writeFileSync(join(folder, `conformance-${name}-${revision}.json`), JSON.stringify(report, null, 2));
        holds(direct.size > 0, 'the suite made no check');
        holds(found.length === 0, `${found.length} checks differ:\n${found.join('\n')}`);
        return `${direct.size} checks equal, ${count('FAILURE')} of them failures of the server itself`;
      });
    }
  }
  site.close();
  await site.gateway.stop();
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

/** A line for each check whose outcomes differ. */
export function differences(direct, through) {
  const lines = [];
  for (const key of [...new Set([...direct.keys(), ...through.keys()])].sort()) {
    const [left, right] = [direct, through].map((side) => (side.get(key) ?? ['(absent)']).join(','));
    if (left !== right) lines.push(`${key}: directly ${left}, through the gateway ${right}`);
  }
  return lines;
}
