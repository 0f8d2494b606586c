// The check of the checks: with a hop that is as bad as some proxies are, they must fail.
import { check, holds } from '../stand/report.mjs';
import { gate, ownServer } from '../stand/site.mjs';
import { agents, differences, outcomes } from './conformance.mjs';

// The scenario that sees each fault.
const SEES = {
  sessions: ['tools-list', '2025-11-25'],
  events: ['tools-call-elicitation', '2025-11-25'],
  parameters: ['http-custom-header-server-validation', '2026-07-28'],
};

export async function worse(binary, { short }) {
  const upstream = await ownServer();
  const site = await gate(binary, () => agents('both', upstream));
  for (const [fault, [scenario, revision]] of Object.entries(SEES)) {
    // Held events are seen by a time-out of the suite.
    if (short && fault === 'events') continue;
    await check(`a gateway with the fault "${fault}" fails ${scenario}`, async () => {
      const suite = ['--scenario', scenario, '--spec-version', revision];
      const direct = await outcomes(`${upstream}/mcp`, suite);
      site.fault = null;
      const sound = differences(direct, await outcomes(`${site.url}/both/mcp`, suite));
      holds(sound.size === 0, `the sound gateway differs too: ${[...sound.keys()]}`);
      site.fault = fault;
      const broken = differences(direct, await outcomes(`${site.url}/both/mcp`, suite));
      holds([...broken.values()].some((how) => how.includes('FAILURE')), 'no check turned red');
      return `${broken.size} checks turn red`;
    });
  }
  site.close();
  await site.gateway.stop();
}
